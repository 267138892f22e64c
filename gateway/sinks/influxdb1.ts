import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Pool, RequestError, ServiceNotAvailableError } from "influx/lib/src/pool.js";
import type { Clock } from "../../model/time.ts";
import { answerError, connectionError, underDeadline } from "./answer.ts";
import type { ResolvedInfluxdb1 } from "./resolved.ts";
import { type Sink, SinkUnavailable, type TimePrecision } from "./sink.ts";

/** Writes that may run side by side: the live lane's and the backlog lane's. */
const CONNECTIONS = 2;

const PRECISIONS: Readonly<Record<TimePrecision, string>> = { us: "u", ns: "n" };

/**
 * InfluxDB 1.x through the connection pool of the `influx` library. Not through its `writePoints`: that takes an object a
 * reading, costs four times the CPU, and does not escape line breaks. Traps of the pool that are closed here:
 *  - it retries twice and, after a failure, answers "No host available" until its own back-off ends: no retries, and a
 *    back-off of 0, which never takes the host out;
 *  - it never settles when the connection breaks within an answer: the answer is read here, and there is a deadline.
 */
export class Influxdb1Sink implements Sink {
  readonly #pool: Pool;
  readonly #agent: HttpAgent;
  readonly #clock: Clock;
  readonly #sink: ResolvedInfluxdb1;

  constructor(sink: ResolvedInfluxdb1, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
    const { options, tls } = sink;
    const kept = { keepAlive: true, maxSockets: CONNECTIONS };
    this.#agent = options.url.startsWith("https:")
      ? new HttpsAgent({ ...kept, ...tls })
      : new HttpAgent(kept);
    this.#pool = new Pool({
      maxRetries: 0,
      // The pool's own time-out is one of silence, not of the whole; ours comes first.
      requestTimeout: (options.deadline / 1_000) * 2,
      backoff: NO_BACKOFF,
    });
    this.#pool.addHost(options.url.replace(/\/+$/, ""), { agent: this.#agent });
  }

  write(body: string, precision: TimePrecision): Promise<void> {
    const { options, password } = this.#sink;
    const { database, retentionPolicy, username } = options;
    return underDeadline(
      this.#clock,
      options.deadline,
      (signal) =>
        new Promise((resolve, reject) => {
          this.#pool.stream(
            {
              method: "POST",
              path: "/write",
              query: {
                db: database,
                precision: PRECISIONS[precision],
                ...(retentionPolicy === undefined ? {} : { rp: retentionPolicy }),
              },
              body,
              signal,
              ...(username === undefined ? {} : { auth: `${username}:${password ?? ""}` }),
            },
            // The library's types promise both; it gives one of them, and undefined or null for the other.
            (error: Error | null | undefined, response: IncomingMessage | null) => {
              if (error) return reject(translate(error));
              if (response === null) return reject(new SinkUnavailable("the library gave no answer"));
              response.resume();
              response.once("error", (broken) => reject(connectionError(broken)));
              response.once("close", () =>
                response.complete
                  ? resolve()
                  : reject(
                      new SinkUnavailable("the connection broke within the answer", {
                        kind: "connection",
                        broken: true,
                      }),
                    ),
              );
            },
          );
        }),
    );
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Delay 0: the pool then never disables a host. */
const NO_BACKOFF = { getDelay: () => 0, next: () => NO_BACKOFF, reset: () => NO_BACKOFF };

function translate(error: Error): Error {
  if (error instanceof RequestError) {
    const status = error.res.statusCode ?? 0;
    return answerError({
      status,
      // The library puts its own words in front of the body.
      body: error.message.replace(/^A \d+ .*? error occurred: /s, ""),
      retryAfter: error.res.headers["retry-after"],
    });
  }
  // A 5xx: the library keeps only the status' name.
  if (error instanceof ServiceNotAvailableError)
    return new SinkUnavailable(`the server failed: ${error.message}`);
  return connectionError(error);
}
