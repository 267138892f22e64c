import type { Counter, Counters } from "../../model/counter.ts";
import { asTocsinError, type TocsinError } from "../../model/error.ts";
import { type Clock, MILLISECOND, type Micros } from "../../model/time.ts";
import { isSilence, LinkDown, ModbusException } from "./failure.ts";
import type { Pauses } from "./pauses.ts";
import type { Request, Session } from "./session.ts";

/** After a failed exchange without transaction ids: what is still on its way may pass before the next question. */
const DRAIN: Micros = 50 * MILLISECOND;
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
}

/** The one queue of a link: every request takes its turn here, first come, first served. */
export class Bus {
  readonly #options: BusOptions;
  readonly #requests: Counter;
  readonly #strays: Counter;
  readonly #turns: (() => void)[] = [];
  #free: number;
  #session: Session | undefined;
  #down: LinkDown | undefined;
  #waiting: { resolve: (session: Session) => void; reject: (error: LinkDown) => void }[] = [];
  #quietUntil: Micros = 0;
  /** Until when the answer to a question that was not answered in time may still come, by what it would pass for. */
  readonly #late = new Map<string, Micros>();
  #silent = 0;
  #slowest: Micros = 0;

  constructor(options: BusOptions) {
    this.#options = options;
    this.#free = options.inFlight;
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
   * @throws DeviceError or NetworkError as `Session.read` does, LinkDown when there is no connection to ask on.
   */
  async exchange(exchange: Exchange): Promise<Uint8Array | undefined> {
    await this.#ownTurn(exchange.request);
    try {
      for (let repeats = 0; ; repeats++) {
        const session = await this.#connected();
        await this.#quiet(exchange.pause);
        if (exchange.abandoned?.() === true) return undefined;
        try {
          return await this.#once(session, exchange);
        } catch (error) {
          const damaged = error instanceof Error && asTocsinError(error).code === "DEVICE_ANSWER";
          if (!damaged || repeats >= this.#options.retries) throw error;
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
      const bytes = await session.read(request, timeout);
      unsettled = false;
      const took = clock.now() - started;
      this.#answered(took);
      onAnswer?.(took);
      return bytes;
    } catch (error) {
      unsettled = !(error instanceof ModbusException);
      if (this.#options.untagged && isSilence(error))
        this.#late.set(shapeOf(request), clock.now() + this.#options.late);
      this.#failed(asTocsinError(error), session.heard > heard, clock.now() - started);
      throw error;
    } finally {
      if (session.strays > strays) this.#strays.add(session.strays - strays);
      const rest = unsettled && this.#options.untagged ? DRAIN : this.#options.frameGap;
      this.#quietUntil = clock.now() + rest;
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
  async #ownTurn(request: Request): Promise<void> {
    for (;;) {
      await this.#turn();
      const rest = this.#late.size === 0 ? 0 : this.#stillLate(request);
      // Without a connection in sight the request fails, and nothing need be waited for.
      if (rest <= 0 || this.#down !== undefined) return;
      this.#release();
      await this.#options.pauses.wait(rest);
    }
  }

  #stillLate(request: Request): Micros {
    const now = this.#options.clock.now();
    for (const [shape, until] of this.#late) if (until <= now) this.#late.delete(shape);
    return (this.#late.get(shapeOf(request)) ?? now) - now;
  }

  #turn(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--;
      return undefined;
    }
    return new Promise((resolve) => this.#turns.push(resolve));
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

  /** Waits until the line has been quiet for as long as it, or this device, needs. */
  #quiet(pause: Micros): Promise<void> | undefined {
    const { clock, frameGap, pauses } = this.#options;
    const rest = this.#quietUntil + Math.max(0, pause - frameGap) - clock.now();
    return rest <= 0 ? undefined : pauses.wait(rest);
  }
}

/** What makes two answers look alike: unit, function and length. */
function shapeOf({ unit, table, count }: Request): string {
  return `${unit} ${table} ${count}`;
}
