import { z } from "zod";
import { isLoopback, listenSchema, parseListen } from "../../model/listen.ts";
import { idSchema } from "../../model/schema.ts";

export const DEFAULT_HTTP_LISTEN = "127.0.0.1:8080";

const secretReference = z.string().regex(/^(env|file):.+/, "name a secret: env:NAME or file:PATH");

/** The section `http:` of a site file: health, metrics, the API, and commands of its users. */
export const httpOptionsSchema = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: "Whether there is an HTTP interface at all." }),
    listen: listenSchema.default(DEFAULT_HTTP_LISTEN).meta({
      description: "Address and port. Beyond the loopback `token` or `users` are required.",
      examples: ["0.0.0.0:8080"],
    }),
    token: secretReference.optional().meta({
      description: "Secret that callers send as `Authorization: Bearer …`; `/health` and `/ready` need none.",
      examples: ["env:TOCSIN_HTTP_TOKEN"],
    }),
    users: z
      .record(
        idSchema,
        z.strictObject({
          token: secretReference.meta({
            description: "Secret of this user alone, sent as `Authorization: Bearer …`.",
            examples: ["env:WANG_TOKEN"],
          }),
        }),
      )
      .default({})
      .meta({
        description:
          "Who may give commands, by name; they may read as well. The shared `token` names nobody and gives none.",
        examples: [{ wang: { token: "env:WANG_TOKEN" } }],
      }),
  })
  .superRefine((options, context) => {
    const address = parseListen(options.listen);
    if (address === undefined || isLoopback(address.host)) return;
    if (options.token !== undefined || Object.keys(options.users).length > 0) return;
    context.addIssue({
      code: "custom",
      path: ["listen"],
      message: "listening beyond this machine requires `token` or `users`",
    });
  });
export type HttpOptions = z.output<typeof httpOptionsSchema>;
