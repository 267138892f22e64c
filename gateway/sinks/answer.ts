import { describe } from "../../model/error.ts";
import { type Clock, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { SinkRefused, SinkUnavailable } from "./sink.ts";

/** Longest wait that a server may ask of us (Retry-After): beyond it we look again. */
const LONGEST_RETRY_AFTER: Micros = 600 * SECOND;

/** The server's words are kept up to this length. */
const MOST_WORDS = 500;

/** A connection that broke; as codes of Node's network errors. */
const BROKEN: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED"]);

/** What an HTTP server answered to a write. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** The header Retry-After, as it came. */
  readonly retryAfter?: string | undefined;
}

/**
 * What a failed answer means. Only 400, 413 and 422 are about the lines. Everything else is about the server, the way to it
 * or the credentials, and may be mended while the lines wait: 401, 403, 404 (database or bucket missing) included.
 */
export function answerError(answer: HttpAnswer): SinkUnavailable | SinkRefused {
  const words = serverWords(answer.body);
  const said = `HTTP ${answer.status}${words === "" ? "" : `: ${words}`}`;
  switch (answer.status) {
    case 400:
    case 422:
      // A proxy's own error page (plain HTTP sent to an HTTPS port, …) says nothing about the lines.
      if (answer.body.trimStart().startsWith("<")) break;
      return new SinkRefused(said, { dropped: droppedLines(words) });
    case 413:
      return new SinkRefused(said, { tooLarge: true });
    case 401:
    case 403:
      return new SinkUnavailable(said, {
        hint: "check the user, password or token and its permission to write",
      });
    case 404:
      return new SinkUnavailable(said, {
        hint: "check the address, and that the database or bucket exists",
      });
  }
  return new SinkUnavailable(said, { retryAfter: parseRetryAfter(answer.retryAfter) });
}

/** What a thrown network error means: the sink cannot be reached. */
export function connectionError(thrown: unknown): SinkUnavailable {
  const code =
    typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : undefined;
  // A refused dual-stack connection is an AggregateError without words of its own.
  const words = describe(thrown) || code || "connection failed";
  return new SinkUnavailable(words, {
    cause: thrown,
    kind: "connection",
    broken: code !== undefined && BROKEN.has(code),
  });
}

/** Runs a request under a deadline. The signal tells it to give up; it need not obey. */
export async function underDeadline(
  clock: Clock,
  deadline: Micros,
  request: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  await new Promise<void>((resolve, reject) => {
    const timer = clock.after(deadline, () => {
      reject(new SinkUnavailable(`no answer within ${deadline / SECOND} s`));
      abort.abort();
    });
    request(abort.signal)
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}

/** `partial write: … dropped=3`: the others were stored. A 0 stands for lines that did not parse, and says nothing. */
function droppedLines(words: string): number | undefined {
  const match = /partial write:.*\bdropped=(\d+)/s.exec(words);
  const dropped = Number(match?.[1]);
  return dropped > 0 ? dropped : undefined;
}

/** InfluxDB wraps its words in JSON: 1.x in `error`, 2.x in `message`. */
function serverWords(body: string): string {
  let words = body;
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) {
      const said = "message" in parsed ? parsed.message : "error" in parsed ? parsed.error : undefined;
      if (typeof said === "string") words = said;
    }
  } catch {
    // Plain text it is.
  }
  return words.trim().slice(0, MOST_WORDS);
}

/** Seconds, or an HTTP date (RFC 9110 10.2.3). */
export function parseRetryAfter(header: string | undefined): Micros | undefined {
  if (header === undefined) return undefined;
  const wait = /^\d+$/.test(header.trim())
    ? Number(header) * SECOND
    : (Date.parse(header) - Date.now()) * MILLISECOND;
  return Number.isFinite(wait) && wait > 0 ? Math.min(wait, LONGEST_RETRY_AFTER) : undefined;
}
