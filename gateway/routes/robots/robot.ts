import { rank } from "../../../model/severity.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import type { TlsMaterial } from "../../sinks/resolved.ts";
import { readTls } from "../../sinks/resolved.ts";
import { judge, Poster, wordsOf } from "../post.ts";
import type { RateBound } from "../rate-limit.ts";
import {
  type DigestBounds,
  type Dispatch,
  type Route,
  type RouteContext,
  RouteRefused,
  RouteUnavailable,
} from "../route.ts";
import { isNews } from "../selection.ts";
import { Wording } from "../wording.ts";
import type { RobotOptions } from "./options.ts";
import type { RobotTemplate } from "./template.ts";

/** Steps at which everybody may be called: an alarm begins, worsens, or nobody looks after it. */
const CALLING: ReadonlySet<string> = new Set(["raise", "upgrade", "again", "re-alarm", "overrun"]);

/** A chat robot that posts into a group. */
class Robot implements Route {
  readonly limits: readonly RateBound[];
  readonly digest: DigestBounds;
  readonly #c: RouteContext<RobotOptions>;
  readonly #template: RobotTemplate;
  readonly #poster: Poster;
  readonly #wording: Wording;
  readonly #token: string;
  readonly #secret: string | undefined;

  constructor(template: RobotTemplate, context: RouteContext<RobotOptions>) {
    const { options, secret, id } = context;
    this.#template = template;
    this.#c = context;
    this.limits = template.limits;
    this.digest = options.digest;
    this.#token = secret(options.token);
    this.#secret = options.secret === undefined ? undefined : secret(options.secret);
    this.#wording = new Wording({ ...context, languages: options.languages });
    const tls: TlsMaterial | undefined =
      options.tls === undefined ? undefined : readTls(`route ${id}`, options.tls, secret);
    this.#poster = new Poster({ secure: options.url.startsWith("https:"), tls, parallel: 1 });
  }

  wants(event: AlarmEvent): boolean {
    // Whoever has chosen steps gets those.
    return this.#c.options.select.transitions !== undefined || isNews(event);
  }

  async deliver(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
    const { options, clock, timeTrusted } = this.#c;
    const { keyword } = options;
    // Signed with a wrong time it would be refused, and the group would never know why.
    if (this.#secret !== undefined && !timeTrusted()) {
      throw new RouteUnavailable("the clock is not set yet, so nothing can be signed", { kind: "clock" });
    }
    const head = keyword === undefined ? "" : `${keyword} `;
    const room = this.#template.mostTextBytes - Buffer.byteLength(head);
    const { url, body } = this.#template.request({
      text: head + this.#wording.say(dispatch, room),
      all: this.#callsAll(dispatch),
      url: options.url.replace(/\/$/, ""),
      token: this.#token,
      secret: this.#secret,
      wall: clock.wall(),
    });
    const message = {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json; charset=utf-8" },
    };
    this.#judge(await this.#poster.post(url, message, signal));
  }

  close(): void {
    this.#poster.close();
  }

  #callsAll(dispatch: Dispatch): boolean {
    const { mentionAll } = this.#c.options;
    if (mentionAll === undefined) return false;
    if (dispatch.kind === "outline") return true;
    if (dispatch.kind !== "event") return false;
    const { severity, transition } = dispatch.event;
    return CALLING.has(transition) && rank(severity) >= rank(mentionAll);
  }

  /** Robots answer 200 to everything; what became of it stands in the body. */
  #judge(answer: Parameters<typeof judge>[0]): void {
    const error = judge(answer);
    if (error !== undefined) throw error;
    const { name, codeFields, codes } = this.#template;
    const code = codeOf(answer.body, codeFields);
    if (code === 0) return;
    const said = `${name}: ${wordsOf(answer.body)}`;
    if (code === undefined) throw new RouteUnavailable(said, { kind: "no code", answered: true });
    const known = codes[code];
    switch (known?.meaning) {
      case "refused":
        throw new RouteRefused(said);
      case "limit":
        throw new RouteUnavailable(said, { kind: `code ${code}`, retryAfter: known.wait });
      case "setup":
        throw new RouteUnavailable(said, {
          kind: `code ${code}`,
          ...(known.hint === undefined ? {} : { hint: known.hint }),
        });
      case undefined:
        throw new RouteUnavailable(said, { kind: `code ${code}`, answered: true });
    }
  }
}

function codeOf(body: string, fields: readonly string[]): number | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof answer !== "object" || answer === null) return undefined;
  for (const field of fields) {
    const code = (answer as Record<string, unknown>)[field];
    if (typeof code === "number") return code;
  }
  return undefined;
}

/** The way to make robots of one maker. Made without touching anything; @throws (from `create`) ConfigurationError. */
export function robotOf(template: RobotTemplate): { create(context: RouteContext): Route } {
  return { create: (context) => new Robot(template, context as RouteContext<RobotOptions>) };
}
