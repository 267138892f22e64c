import { asTocsinError, type TocsinError } from "../../model/error.ts";
import { type Clock, MILLISECOND, type Micros } from "../../model/time.ts";
import type { Session } from "./session.ts";

/** First pause after a failed attempt; each further one doubles it. */
const FIRST_PAUSE: Micros = 500 * MILLISECOND;
/** A connection that lived shorter than this is not replaced at once. */
const SHORT_LIFE: Micros = 1000 * MILLISECOND;
const SHORT_LIFE_PAUSE: Micros = 100 * MILLISECOND;

export interface ConnectionOptions {
  readonly clock: Clock;
  /** Makes a new session. Called again and again, never twice at a time. */
  readonly open: (signal: AbortSignal) => Promise<Session>;
  /** Silence after connecting. */
  readonly pauseAfterConnect: Micros;
  /** Longest pause between attempts. */
  readonly longestPause: Micros;
  /** A connection that has stood this long is worth something even without an answer. */
  readonly settle: Micros;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
}

export interface ConnectionEvents {
  /** A session is there. */
  attached(session: Session): void;
  /** The session is lost; another attempt begins at once. */
  detached(error: TocsinError): void;
  /** The link can carry something. On change only, the first time included. */
  up(): void;
  /** An attempt failed, or a session ended before it was worth anything. Each time; `changed` the first time. */
  down(error: TocsinError, changed: boolean): void;
}

/**
 * Keeps a link open for ever. A session that was of use and is lost is replaced at once and nobody is told; what counts as
 * down is a connection that cannot be made, or is lost again before it brought an answer.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #abort = new AbortController();
  #session: Session | undefined;
  #proven = false;
  #up: boolean | undefined;
  #renew: ((error: TocsinError) => void) | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
  }

  start(): void {
    this.#running = this.#keep();
  }

  /** Closes for good. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake?.();
    await this.#session?.close();
    await this.#running;
  }

  /** Something came over the present session. */
  prove(): void {
    this.#proven = true;
    if (this.#up === true) return;
    this.#up = true;
    this.#events.up();
  }

  /** Throws the present session away and makes another. */
  renew(error: TocsinError): void {
    this.#renew?.(error);
  }

  async #keep(): Promise<void> {
    const { clock } = this.#options;
    let failures = 0;
    while (!this.#abort.signal.aborted) {
      let since = clock.now();
      try {
        const session = await this.#options.open(this.#abort.signal);
        since = clock.now();
        this.#session = session;
        const error = await this.#use(session);
        if (this.#abort.signal.aborted) return;
        if (this.#proven) {
          failures = 0;
          this.#events.detached(error);
          if (clock.now() - since < SHORT_LIFE) await this.#pause(SHORT_LIFE_PAUSE);
          continue;
        }
        failures++;
        this.#failed(error);
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        failures++;
        this.#failed(asTocsinError(error));
      }
      await this.#pause(this.#backOff(failures));
    }
  }

  /** Lends a session out until it is lost; resolves with the reason. */
  async #use(session: Session): Promise<TocsinError> {
    this.#proven = false;
    const lost = new Promise<TocsinError>((resolve) => {
      session.onLost(resolve);
      this.#renew = (error) => {
        resolve(error);
        // Nothing waits for the end of what is thrown away, and closing does not throw.
        void session.close();
      };
    });
    if (this.#options.pauseAfterConnect > 0) await this.#pause(this.#options.pauseAfterConnect);
    if (this.#abort.signal.aborted) {
      await session.close();
      return asTocsinError("stopped");
    }
    this.#events.attached(session);
    const settled = this.#options.clock.after(this.#options.settle, () => this.prove());
    const aborted = new Promise<undefined>((resolve) => {
      this.#wake = () => resolve(undefined);
      if (this.#abort.signal.aborted) resolve(undefined);
    });
    const error = await Promise.race([lost, aborted]);
    settled.cancel();
    this.#renew = undefined;
    this.#session = undefined;
    if (error === undefined) await session.close();
    return error ?? asTocsinError("stopped");
  }

  #failed(error: TocsinError): void {
    const changed = this.#up !== false;
    this.#up = false;
    this.#events.down(error, changed);
  }

  #backOff(failures: number): Micros {
    const full = Math.min(FIRST_PAUSE * 2 ** Math.min(failures - 1, 20), this.#options.longestPause);
    return full * (0.5 + this.#options.random() / 2);
  }

  #pause(span: Micros): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(span, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
      if (this.#abort.signal.aborted) this.#wake();
    });
  }
}
