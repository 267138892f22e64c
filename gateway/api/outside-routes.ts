import type { Context, Hono, MiddlewareHandler } from "hono";
import { z } from "zod";
import type { Posted } from "../outside/reception.ts";
import type { Identities } from "./identities.ts";
import type { Observed } from "./observed.ts";
import { instant, outsideJson } from "./views.ts";

const time = z.union([z.string().max(64), z.number()]).optional();

/** What is posted of an outside source. */
const postedSchema = z.strictObject({
  value: z.union([z.string().max(64), z.number()]),
  issued: time,
  until: time,
});

/** Outside sources: how they stand, and word of users who may say it. */
export function outsideRoutes(
  app: Hono,
  observed: Pick<Observed, "engine" | "outside">,
  { identities, limit }: { identities: Identities; limit: MiddlewareHandler },
): void {
  app.get("/api/outside", (context) => context.json({ outside: observed.engine.outside().map(outsideJson) }));
  app.post("/api/outside/:id", limit, async (context) => {
    // A page of somebody else's in a browser on this machine cannot send this type without asking first, and nobody answers.
    if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
      return refuse(context, 415, "send it as application/json");
    }
    const body = postedSchema.safeParse(await context.req.json().catch(() => undefined));
    if (!body.success) {
      return refuse(
        context,
        400,
        `send { "value": …, "issued": …, "until": … }: ${z.prettifyError(body.error)}`,
      );
    }
    const id = context.req.param("id");
    const user = identities.userOf(context.req);
    return answer(context, id, await observed.outside.post(id, { user, body: body.data }));
  });
}

function answer(context: Context, id: string, posted: Posted): Response {
  switch (posted.outcome) {
    case "taken":
      return context.json({ id, until: instant(posted.until) });
    case "unknown":
      return refuse(context, 404, `no outside source of this id comes over HTTP: ${JSON.stringify(id)}`);
    case "forbidden":
      return refuse(context, 403, `only users that outside.${id}.http names may say it`);
    case "malformed":
      return refuse(context, 400, `${posted.why}; it was told to the rules as something nobody knows`);
    case "expired":
      return refuse(context, 409, "its validity is over: it says nothing about now");
    case "not-durable":
      return refuse(context, 503, "it is in effect, but it could not be written down");
  }
}

const CODES = {
  400: "COMMAND_USAGE",
  403: "LINK_REFUSED",
  404: "CONFIG_NOT_FOUND",
  409: "COMMAND_USAGE",
  415: "COMMAND_USAGE",
  503: "JOURNAL_UNAVAILABLE",
} as const;

function refuse(context: Context, status: keyof typeof CODES, message: string): Response {
  return context.json({ error: { code: CODES[status], message } }, status);
}
