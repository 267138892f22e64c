import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { HttpError, InfluxDB, setLogger, type WriteApi } from "@influxdata/influxdb-client";
import type { Clock } from "../../model/time.ts";
import { answerError, connectionError, underDeadline } from "./answer.ts";
import type { ResolvedInfluxdb2 } from "./resolved.ts";
import type { Sink, TimePrecision } from "./sink.ts";

/** Bodies below this are not worth compressing. */
const GZIP_THRESHOLD_BYTES = 1_000;

// The library writes every failure to the console; failures are reported by the delivery, once.
setLogger({ error() {}, warn() {} });

/** One connection, with a writer for each precision. Given up as a whole when a request is not answered in time. */
interface Connection {
  readonly agent: HttpAgent;
  readonly writers: Readonly<Record<TimePrecision, WriteApi>>;
}

/**
 * InfluxDB 2.x through its own client library. Traps that are closed here:
 *  - a failed batch stays in the library's memory to be retried: `maxRetries: 0`;
 *  - a batch that is sent because a bound was reached swallows its error: a body is handed over as one record, below all
 *    bounds, and only `flush` sends;
 *  - a request cannot be aborted: each has a connection of its own, which is destroyed at the deadline.
 */
export class Influxdb2Sink implements Sink {
  readonly #sink: ResolvedInfluxdb2;
  readonly #clock: Clock;
  readonly #idle: Connection[] = [];
  readonly #open = new Set<Connection>();

  constructor(sink: ResolvedInfluxdb2, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  async write(body: string, precision: TimePrecision): Promise<void> {
    const connection = this.#idle.pop() ?? this.#connect();
    const writer = connection.writers[precision];
    try {
      await underDeadline(this.#clock, this.#sink.options.deadline, async (signal) => {
        signal.addEventListener("abort", () => connection.agent.destroy(), { once: true });
        writer.writeRecords([body]);
        await writer.flush();
      });
      this.#idle.push(connection);
    } catch (thrown) {
      this.#discard(connection);
      throw translate(thrown);
    }
  }

  close(): void {
    for (const connection of this.#open) this.#discard(connection);
    this.#idle.length = 0;
  }

  #connect(): Connection {
    const { options, token, tls } = this.#sink;
    const kept = { keepAlive: true, maxSockets: 1 };
    const agent = options.url.startsWith("https:")
      ? new HttpsAgent({ ...kept, ...tls })
      : new HttpAgent(kept);
    const client = new InfluxDB({
      url: options.url,
      ...(token === undefined ? {} : { token }),
      // The library's own time-out is one of silence, not of the whole; ours comes first.
      timeout: (options.deadline / 1_000) * 2,
      transportOptions: { agent },
    });
    const writer = (precision: TimePrecision) =>
      client.getWriteApi(options.org, options.bucket, precision, {
        flushInterval: 0,
        maxRetries: 0,
        batchSize: 2,
        maxBatchBytes: Number.POSITIVE_INFINITY,
        gzipThreshold: options.gzip ? GZIP_THRESHOLD_BYTES : Number.POSITIVE_INFINITY,
      });
    const connection = { agent, writers: { us: writer("us"), ns: writer("ns") } };
    this.#open.add(connection);
    return connection;
  }

  #discard(connection: Connection): void {
    this.#open.delete(connection);
    connection.agent.destroy();
  }
}

function translate(thrown: unknown): unknown {
  if (thrown instanceof HttpError) {
    const retryAfter = thrown.headers?.["retry-after"];
    return answerError({
      status: thrown.statusCode,
      body: thrown.body ?? "",
      // The library reads this header's seconds as milliseconds.
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    });
  }
  return thrown instanceof Error && "fault" in thrown ? thrown : connectionError(thrown);
}
