import { type ErrorOptions, NetworkError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";

/** Unit of the times in a body: readings come in µs, alarm events in ns (see line.ts). */
export type TimePrecision = "us" | "ns";

/**
 * Where readings are delivered to. A sink only sends: what to send, when, and what to do about failures is decided by its
 * `Delivery`. It keeps nothing, repeats nothing, and settles every write within its deadline.
 */
export interface Sink {
  /**
   * Sends lines of line protocol, joined by `\n`; resolves when the server has stored all of them. At most two writes run
   * side by side.
   * @throws SinkUnavailable when it may work later: the same lines are then sent again, and are the same points.
   * @throws SinkRefused when the server will never take at least one of the lines.
   */
  write(body: string, precision: TimePrecision): Promise<void>;
  /** Ends its connections; writes under way fail. */
  close(): void;
}

/** The sink cannot be reached, is overloaded, or does not let us in: back off and keep. Code SINK_UNAVAILABLE. */
export class SinkUnavailable extends NetworkError {
  /** What the server asked us to wait; undefined when it did not. */
  readonly retryAfter: Micros | undefined;
  /** Failures of one kind in a row are one piece of news, whatever the words. */
  readonly kind: string;
  /** The connection broke. After a quiet time that only means that the server had closed it. */
  readonly broken: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { retryAfter?: Micros | undefined; kind?: string; broken?: boolean } = {},
  ) {
    super("SINK_UNAVAILABLE", message, options);
    this.retryAfter = options.retryAfter;
    this.kind = options.kind ?? message;
    this.broken = options.broken ?? false;
  }
}

/** The server refused lines for good. Its words are the message. Code SINK_REFUSED. */
export class SinkRefused extends NetworkError {
  /**
   * How many lines were not stored, where the server says that it stored the others (1.x "partial write … dropped=3");
   * undefined: assume that none was stored.
   */
  readonly dropped: number | undefined;
  /** The request was too large; the lines themselves may be sound. */
  readonly tooLarge: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { dropped?: number | undefined; tooLarge?: boolean } = {},
  ) {
    super("SINK_REFUSED", message, options);
    this.dropped = options.dropped;
    this.tooLarge = options.tooLarge ?? false;
  }
}
