import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Micros } from "../../model/time.ts";
import { parseRetryAfter } from "../sinks/answer.ts";
import type { TlsMaterial } from "../sinks/resolved.ts";
import { RouteRefused, RouteUnavailable } from "./route.ts";

/** An answer is read up to here; robots answer with a line, a webhook's words are for the log. */
const MOST_ANSWER_BYTES = 64 * 1024;
/** The peer's words are kept up to this length. */
const MOST_WORDS = 300;
/** An idle connection is kept open this long: shorter than the usual 60 s and more of servers and NATs. */
const IDLE_MS = 30_000;

/** What a peer answered. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: Micros | undefined;
}

/** Posts bodies to one HTTP server. Follows no redirect: an alarm goes where the site file says, or nowhere. */
export class Poster {
  readonly #secure: boolean;
  readonly #agent: HttpAgent;

  constructor(options: { secure: boolean; tls?: TlsMaterial | undefined; parallel: number }) {
    this.#secure = options.secure;
    const kept = { keepAlive: true, maxSockets: options.parallel, timeout: IDLE_MS };
    this.#agent = options.secure ? new HttpsAgent({ ...kept, ...options.tls }) : new HttpAgent(kept);
  }

  /**
   * Sends one body and gives the whole answer.
   * @throws RouteUnavailable when there is none.
   */
  async post(
    url: string | URL,
    message: { body: string; headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<Answer> {
    const bytes = Buffer.from(message.body, "utf8");
    try {
      return await this.#once(url, { ...message, bytes }, signal);
    } catch (thrown) {
      // The server had closed a kept connection meanwhile: no failure, and the peer knows a repetition by its key.
      if (!isStale(thrown) || signal.aborted) throw unreachable(thrown);
    }
    try {
      return await this.#once(url, { ...message, bytes }, signal);
    } catch (thrown) {
      throw unreachable(thrown);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #once(
    url: string | URL,
    { bytes, headers }: { bytes: Buffer; headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const make = this.#secure ? httpsRequest : httpRequest;
      const request = make(url, {
        method: "POST",
        agent: this.#agent,
        signal,
        headers: { ...headers, "content-length": String(bytes.length) },
      });
      request.on("error", (error) => reject(new Broken(error, request.reusedSocket)));
      request.on("response", (response) =>
        read(response, resolve, (error) => reject(new Broken(error, false))),
      );
      request.end(bytes);
    });
  }
}

/** A connection that broke, and whether it was one that had been kept open. */
class Broken extends Error {
  readonly kept: boolean;

  constructor(cause: NodeJS.ErrnoException, kept: boolean) {
    // A refused dual-stack connection is an AggregateError without words of its own.
    super(cause.message || cause.code || "connection failed", { cause });
    this.kept = kept;
  }
}

function isStale(thrown: unknown): boolean {
  return thrown instanceof Broken && thrown.kept;
}

function unreachable(thrown: unknown): RouteUnavailable {
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return new RouteUnavailable(words, { cause: thrown, kind: "connection" });
}

function read(
  response: IncomingMessage,
  done: (answer: Answer) => void,
  failed: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const answer = () =>
    done({
      status: response.statusCode ?? 0,
      body: Buffer.concat(chunks).toString("utf8"),
      retryAfter: parseRetryAfter(response.headers["retry-after"]),
    });
  response.on("error", failed);
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size <= MOST_ANSWER_BYTES) return;
    // The status is what counts; who answers with a film is not listened to.
    answer();
    response.destroy();
  });
  response.on("end", answer);
}

/** The beginning of an answer's words, on one line. */
export function wordsOf(body: string): string {
  const words = body.trim().replaceAll(/\s+/g, " ");
  return words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}…` : words;
}

/** Answers that are about the peer, the way to it or our credentials, not about the message: may be mended while it waits. */
const ABOUT_THE_PEER: ReadonlyMap<number, string> = new Map([
  [401, "check the credentials or the key of the signature"],
  [403, "check the credentials or the key of the signature"],
  [404, "check the address"],
  [405, "check the address: nothing is taken by POST there"],
  [407, "a proxy asks for credentials"],
  [408, "the peer is slow"],
  [425, "the peer asks us to come back"],
  [429, "the peer takes fewer messages"],
]);

/** What an answer means: nothing for 2xx; otherwise an error to throw. */
export function judge({ status, body, retryAfter }: Answer): RouteUnavailable | RouteRefused | undefined {
  if (status >= 200 && status < 300) return undefined;
  const words = wordsOf(body);
  const said = `HTTP ${status}${words === "" ? "" : `: ${words}`}`;
  if (status >= 300 && status < 400) {
    return new RouteUnavailable(said, {
      kind: `HTTP ${status}`,
      hint: "redirects are not followed: write the address that it leads to",
    });
  }
  const hint = ABOUT_THE_PEER.get(status);
  if (hint === undefined && status >= 400 && status < 500) return new RouteRefused(said);
  return new RouteUnavailable(said, {
    kind: `HTTP ${status}`,
    retryAfter,
    answered: status >= 500,
    ...(hint === undefined ? {} : { hint }),
  });
}
