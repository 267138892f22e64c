import type { Counter, Counters } from "../../model/counter.ts";
import { asTocsinError, type TocsinError } from "../../model/error.ts";
import { type Clock, MILLISECOND, type Micros } from "../../model/time.ts";
import { isSilence, LinkDown, ModbusException } from "./failure.ts";
import { OwedAnswers } from "./owed-answers.ts";
import type { Pauses } from "./pauses.ts";
import { BROADCAST, isWrite, type Request, shapeOf } from "./request.ts";
import type { Session } from "./session.ts";

/** After a failed exchange without transaction ids: what is still on its way may pass before the next question. */
const DRAIN: Micros = 50 * MILLISECOND;
/** Silence after an answer that is not believed: its twin may be behind it. At least, and in slowest answers. */
const RESYNC_QUIET: Micros = 50 * MILLISECOND;
const RESYNC_ANSWERS = 2;
/** Units need time to carry out a broadcast before the next question (Serial Line 1.02, 2.4.1). */
const TURNAROUND: Micros = 100 * MILLISECOND;
/** Other masters' talk is waited for at most this long: a line with noise on it is used all the same. */
const POLITENESS: Micros = 500 * MILLISECOND;
/** Silent requests in a row, with not a byte heard, after which a TCP connection is not believed any longer. */
const STUCK_AFTER = 3;
/** Share of the slowest answer time that is kept from one answer to the next. */
const SLOWEST_DECAY = 0.99;

export interface BusOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly pauses: Pauses;
  readonly counters: Counters;
  /** Requests under way at the same time. */
  readonly inFlight: number;
  /** Repeats after a damaged answer. */
  readonly retries: number;
  /** Answers carry no transaction id (RTU): nothing but silence tells a late one from the next. */
  readonly untagged: boolean;
  /** How long after its deadline an answer is still reckoned with. */
  readonly late: Micros;
  /** Least silence between frames. */
  readonly frameGap: Micros;
  /** Something came from the other end: the connection is worth something. */
  readonly onAnswer: () => void;
  /** The connection is deaf and should be made anew. */
  readonly onStuck: () => void;
}

/** What one exchange asks for. */
export interface Exchange {
  readonly request: Request;
  readonly timeout: Micros;
  /** Silence before it, for this device. */
  readonly pause: Micros;
  /** Asked when its turn has come: true leaves it out. */
  readonly abandoned?: () => boolean;
  /** Told how long the answer took. */
  readonly onAnswer?: (took: Micros) => void;
  /** Goes before all who wait: something is switched because of an alarm, or by a person. */
  readonly urgent?: boolean;
}

/** The one queue of a link: every request takes its turn here, first come, first served, what is urgent before that. */
export class Bus {
  readonly #options: BusOptions;
  readonly #requests: Counter;
  readonly #strays: Counter;
  readonly #resyncs: Counter;
  readonly #turns: (() => void)[] = [];
  #free: number;
  #session: Session | undefined;
  #down: LinkDown | undefined;
  #waiting: { resolve: (session: Session) => void; reject: (error: LinkDown) => void }[] = [];
  #quietUntil: Micros = 0;
  readonly #owed: OwedAnswers;
  #silent = 0;
  #slowest: Micros = 0;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#free = options.inFlight;
    this.#owed = new OwedAnswers(options.clock, options.late);
    const labels = { link: options.link };
    this.#requests = options.counters.counter({
      name: "modbus_requests",
      help: "Modbus requests sent.",
      labels,
    });
    this.#strays = options.counters.counter({
      name: "modbus_stray_bytes",
      help: "Bytes received that belonged to no answer.",
      labels,
    });
    this.#resyncs = options.counters.counter({
      name: "modbus_resyncs",
      help: "Answers not believed, because one that had been given up might have come in their place.",
      labels,
    });
  }

  /** Requests under way or waiting. */
  get idle(): boolean {
    return this.#free === this.#options.inFlight && this.#turns.length === 0;
  }

  /** How long an answer takes at most, lately. */
  get slowest(): Micros {
    return this.#slowest;
  }

  /** Requests go out on this session from now on. */
  attach(session: Session): void {
    this.#session = session;
    this.#down = undefined;
    this.#silent = 0;
    session.onUnasked((shape) => this.#owed.came(shape));
    for (const { resolve } of this.#waiting.splice(0)) resolve(session);
  }

  /** There is no session, but one is being made: requests wait. */
  detach(): void {
    this.#session = undefined;
  }

  /** There is none and none in sight: requests fail. */
  fail(cause: TocsinError): void {
    this.#session = undefined;
    this.#down = new LinkDown(cause.code, cause.message, {
      cause,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#down);
  }

  /**
   * Makes one exchange when its turn has come. Undefined when it was abandoned.
   * @throws DeviceError or NetworkError as `Session.ask` does, LinkDown when there is no connection to ask on.
   */
  async exchange(exchange: Exchange): Promise<Uint8Array | undefined> {
    await this.#ownTurn(exchange);
    try {
      for (let repeats = 0; ; repeats++) {
        const session = await this.#connected();
        await this.#quiet(session, exchange.pause);
        if (exchange.abandoned?.() === true) return undefined;
        try {
          if (this.#owed.isDoubtful(exchange.request)) {
            await this.#resync(session, exchange);
            await this.#quiet(session, exchange.pause);
          }
          return await this.#once(session, exchange);
        } catch (error) {
          const damaged = error instanceof Error && asTocsinError(error).code === "DEVICE_ANSWER";
          // What may have been carried out is not done again unasked.
          if (!damaged || isWrite(exchange.request) || repeats >= this.#options.retries) throw error;
        }
      }
    } finally {
      this.#release();
    }
  }

  async #once(session: Session, { request, timeout, onAnswer }: Exchange): Promise<Uint8Array> {
    const { clock } = this.#options;
    const started = clock.now();
    const { heard, strays } = session;
    let unsettled = true;
    this.#requests.add();
    try {
      const bytes = await session.ask(request, timeout);
      unsettled = false;
      if (request.unit === BROADCAST && this.#options.untagged) {
        this.#quietUntil = clock.now() + TURNAROUND;
        return bytes;
      }
      const took = clock.now() - started;
      this.#answered(took);
      onAnswer?.(took);
      return bytes;
    } catch (error) {
      unsettled = !(error instanceof ModbusException);
      if (this.#options.untagged && isSilence(error)) this.#owed.add(request);
      this.#failed(asTocsinError(error), session.heard > heard, clock.now() - started);
      throw error;
    } finally {
      if (session.strays > strays) this.#strays.add(session.strays - strays);
      const rest = unsettled && this.#options.untagged ? DRAIN : this.#options.frameGap;
      this.#quietUntil = Math.max(this.#quietUntil, clock.now() + rest);
    }
  }

  #answered(took: Micros): void {
    this.#silent = 0;
    this.#slowest = Math.max(took, this.#slowest * SLOWEST_DECAY);
    this.#options.onAnswer();
  }

  #failed(error: TocsinError, heard: boolean, took: Micros): void {
    const code = error instanceof ModbusException ? `EXCEPTION_${error.exception}` : error.code;
    this.#options.counters
      .counter({
        name: "modbus_failures",
        help: "Modbus requests that brought no value, by what went wrong.",
        labels: { link: this.#options.link, code },
      })
      .add();
    if (error instanceof ModbusException) this.#answered(took);
    else if (error.code === "DEVICE_TIMEOUT" && !heard) {
      this.#silent++;
      if (this.#silent % STUCK_AFTER === 0) this.#options.onStuck();
    } else this.#silent = 0;
  }

  /**
   * Without transaction ids an answer that comes after its deadline would pass for the answer to the next question of the
   * same shape, and put one register's value in another's channel, whoever asked. Other devices go on meanwhile.
   */
  async #ownTurn({ request, urgent = false }: Exchange): Promise<void> {
    for (;;) {
      await this.#turn(urgent);
      const rest = this.#owed.rest(request);
      // Without a connection in sight the request fails, and nothing need be waited for.
      if (rest <= 0 || this.#down !== undefined) return;
      this.#release();
      await this.#options.pauses.wait(rest);
    }
  }

  /** Puts the question, does not believe the answer, and lets pass what is still behind it. @throws as `#once` */
  async #resync(session: Session, exchange: Exchange): Promise<void> {
    this.#resyncs.add();
    await this.#once(session, exchange);
    const shape = shapeOf(exchange.request);
    if (shape !== undefined) this.#owed.came(shape);
    const { clock } = this.#options;
    this.#quietUntil = clock.now() + Math.max(RESYNC_QUIET, this.#slowest * RESYNC_ANSWERS);
  }

  #turn(urgent: boolean): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => {
      if (urgent) this.#turns.unshift(resolve);
      else this.#turns.push(resolve);
    });
  }

  #release(): void {
    const next = this.#turns.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  #connected(): Session | Promise<Session> {
    if (this.#session !== undefined && !this.#session.over) return this.#session;
    if (this.#down !== undefined) throw this.#down;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Waits until the line has been quiet for as long as it, or this device, needs, whoever spoke last. */
  async #quiet(session: Session, pause: Micros): Promise<void> {
    const { clock, frameGap, pauses } = this.#options;
    const began = clock.now();
    for (;;) {
      const own = this.#quietUntil + Math.max(0, pause - frameGap);
      const others = frameGap > 0 ? Math.min(session.heardAt + frameGap, began + POLITENESS) : 0;
      const rest = Math.max(own, others) - clock.now();
      if (rest <= 0) return;
      await pauses.wait(rest);
      if (this.#down !== undefined || session.over) return;
    }
  }
}
