import { describe } from "../model/error.ts";
import { type Micros, SECOND } from "../model/time.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";

/** A centre that is not there is dialled again after this time. */
const REDIAL: Micros = 5 * SECOND;

/** An instrument that dials a centre and reports by itself. */
export interface Caller {
  readonly instrument: Instrument;
  /** The centre and the instrument's address, for people. */
  readonly where: string;
  /** How often it reports. */
  readonly every: Micros;
  readonly connected: boolean;
  /** @throws Error of the socket */
  connect(): Promise<void>;
  /** Says how things are now; resolves when the centre has answered. @throws Error when it does not. */
  report(moment: Moment): Promise<void>;
  close(): void;
}

export interface CallerPlayerOptions {
  readonly callers: readonly Caller[];
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** The instruments that dial one centre: each reports by the clock, and at once when one of its states changes. */
export class CallerPlayer implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #calls: readonly Call[];

  constructor(link: string, options: CallerPlayerOptions) {
    this.link = link;
    this.#calls = options.callers.map((caller) => new Call(caller, options));
  }

  /** A centre that is not there yet is a normal situation: instruments dial on their first tick, and again. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    for (const call of this.#calls) call.tick(moment);
  }

  reached(): Reached[] {
    return this.#calls.map(({ caller: { instrument, where } }) => ({
      device: instrument.device.id,
      name: instrument.device.name,
      profile: instrument.device.profile,
      link: instrument.device.link,
      where,
      channels: instrument.device.channels.length,
    }));
  }

  stop(): Promise<void> {
    for (const { caller } of this.#calls) caller.close();
    return Promise.resolve();
  }
}

/** One of them, with what is due. */
class Call {
  readonly caller: Caller;
  readonly #o: CallerPlayerOptions;
  readonly #states: readonly number[];
  readonly #last = new Map<number, number>();
  #due: Micros = 0;
  #dialAt: Micros = 0;
  #dialling = false;

  constructor(caller: Caller, options: CallerPlayerOptions) {
    this.caller = caller;
    this.#o = options;
    this.#states = caller.instrument.device.channels.flatMap(({ unit }, index) =>
      unit === "state" ? [index] : [],
    );
  }

  tick(moment: Moment): void {
    const { caller } = this;
    const { id } = caller.instrument.device;
    const away = caller.instrument
      .faults(moment)
      .some(({ fault: { kind } }) => ["dead", "offline"].includes(kind));
    if (away) {
      if (caller.connected) this.#o.onConnection(id, false);
      caller.close();
      this.#due = 0;
      return;
    }
    if (!caller.connected) {
      this.#dial(moment.elapsed);
      return;
    }
    const changed = this.#changed(moment);
    if (!changed && moment.elapsed < this.#due) return;
    if (moment.elapsed >= this.#due) this.#due = moment.elapsed + caller.every;
    caller.report(moment).catch((error: unknown) => this.#o.onTrouble(id, describe(error)));
  }

  #dial(elapsed: Micros): void {
    if (this.#dialling || elapsed < this.#dialAt) return;
    this.#dialling = true;
    this.#dialAt = elapsed + REDIAL;
    const { id } = this.caller.instrument.device;
    this.caller
      .connect()
      .then(() => this.#o.onConnection(id, true))
      .catch((error: unknown) => this.#o.onTrouble(id, describe(error)))
      .finally(() => {
        this.#dialling = false;
      });
  }

  /** Whether a state differs from what it was at the last look. */
  #changed(moment: Moment): boolean {
    let changed = false;
    for (const index of this.#states) {
      const { value } = this.caller.instrument.says(index, moment);
      const last = this.#last.get(index);
      this.#last.set(index, value);
      if (last !== undefined && !Object.is(last, value)) changed = true;
    }
    return changed;
  }
}
