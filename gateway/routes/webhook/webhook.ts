import { formatInstant } from "../../../model/time.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import { eventId } from "../../alerts/payload.ts";
import { say } from "../../messages/format.ts";
import type { TlsMaterial } from "../../sinks/resolved.ts";
import { readTls } from "../../sinks/resolved.ts";
import { CapChains } from "../cap/chains.ts";
import { CapMessages } from "../cap/messages.ts";
import { judge, Poster } from "../post.ts";
import { type Dispatch, type Route, type RouteContext, RouteRefused, RouteUnavailable } from "../route.ts";
import type { WebhookOptions } from "./options.ts";
import { SIGNATURE_HEADER, signatureOf } from "./signature.ts";

/** What is larger was made by a mistake; an event takes about 3 KB. */
const MOST_BODY_BYTES = 256 * 1024;

/** Media type of CAP, as most receivers of it know it. */
const CAP_TYPE = "application/cap+xml; charset=utf-8";
const JSON_TYPE = "application/json; charset=utf-8";

/** What is posted: a body, its type, and the id by which a repetition is known. */
interface Posting {
  readonly body: string;
  readonly type: string;
  readonly id: string;
}

/** Events by HTTP POST. A repetition carries the same `idempotency-key`. */
export class Webhook implements Route {
  readonly parallel: number;
  readonly ordered = true;
  readonly #c: RouteContext<WebhookOptions>;
  readonly #poster: Poster;
  readonly #secret: string | undefined;
  readonly #token: string | undefined;
  readonly #cap: { messages: CapMessages; chains: CapChains } | undefined;

  /** @throws ConfigurationError SECRET_MISSING, CONFIG_NOT_FOUND */
  constructor(context: RouteContext<WebhookOptions>) {
    const { options, secret, id } = context;
    this.#c = context;
    this.parallel = options.parallel;
    this.#secret = options.secret === undefined ? undefined : secret(options.secret);
    this.#token = options.token === undefined ? undefined : secret(options.token);
    const tls: TlsMaterial | undefined =
      options.tls === undefined ? undefined : readTls(`route ${id}`, options.tls, secret);
    this.#poster = new Poster({
      secure: options.url.startsWith("https:"),
      tls,
      parallel: options.parallel,
    });
    if (options.format === "cap") {
      const messages = new CapMessages({ ...context, options: options.cap });
      this.#cap = { messages, chains: new CapChains(context, messages) };
    }
  }

  wants(event: AlarmEvent): boolean {
    return this.#cap?.messages.says(event) ?? true;
  }

  ends(event: AlarmEvent): boolean {
    return this.#cap?.messages.ends(event) ?? false;
  }

  async deliver(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
    const posting = await this.#posting(dispatch);
    if (posting === undefined) return;
    if (Buffer.byteLength(posting.body) > MOST_BODY_BYTES) {
      throw new RouteRefused(`the message is larger than ${MOST_BODY_BYTES} bytes`);
    }
    const answer = await this.#poster.post(
      this.#c.options.url,
      { body: posting.body, headers: this.#headers(posting) },
      signal,
    );
    const error = judge(answer);
    if (error !== undefined) throw error;
    if (dispatch.kind === "event") this.#cap?.chains.sent(dispatch.event);
  }

  close(): void {
    this.#poster.close();
  }

  #headers({ body, type, id }: Posting): Record<string, string> {
    const { options, clock, timeTrusted } = this.#c;
    const headers: Record<string, string> = {
      ...options.headers,
      "content-type": type,
      "idempotency-key": id,
      "user-agent": "tocsin",
    };
    if (this.#token !== undefined) headers.authorization = `Bearer ${this.#token}`;
    if (this.#secret !== undefined) {
      if (!timeTrusted()) {
        throw new RouteUnavailable("the clock is not set yet, so nothing can be signed", { kind: "clock" });
      }
      headers[SIGNATURE_HEADER] = signatureOf(this.#secret, { body, wall: clock.wall() });
    }
    return headers;
  }

  async #posting(dispatch: Dispatch): Promise<Posting | undefined> {
    const { payloads, places } = this.#c;
    switch (dispatch.kind) {
      case "event": {
        const id = eventId(places.site.id, dispatch.event.seq);
        if (this.#cap !== undefined) return await this.#capPosting(dispatch.event, id);
        return {
          body: JSON.stringify(payloads.event(dispatch.event, dispatch.sending)),
          type: JSON_TYPE,
          id,
        };
      }
      case "trial":
        return this.#trial(dispatch.time);
      case "digest":
      case "outline":
        // Receivers that are machines get every event by itself.
        throw new RouteRefused("a webhook sends no digests");
    }
  }

  async #capPosting(event: AlarmEvent, id: string): Promise<Posting | undefined> {
    const { messages, chains } = this.#cap!;
    const earlier = await chains.before(event);
    const body = messages.event(event, earlier);
    return body === undefined ? undefined : { body, type: CAP_TYPE, id };
  }

  #trial(time: number): Posting {
    const { places, payloads, id } = this.#c;
    const { site } = places;
    const key = `${site.id}-trial-${time}`;
    if (this.#cap !== undefined) return { body: this.#cap.messages.trial(time), type: CAP_TYPE, id: key };
    const body = JSON.stringify({
      format: "tocsin.trial.1",
      id: key,
      time: formatInstant(time),
      site: payloads.named(site),
      text: payloads.text(say("route.trial", { site: site.name, route: id })),
    });
    return { body, type: JSON_TYPE, id: key };
  }
}

/** @throws ConfigurationError SECRET_MISSING, CONFIG_NOT_FOUND */
export function create(context: RouteContext): Route {
  return new Webhook(context as RouteContext<WebhookOptions>);
}
