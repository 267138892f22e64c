import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, MINUTE, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { timeToTell } from "../own-clock.ts";
import { Exchange, type Transmit } from "./exchange.ts";
import { Repeats } from "./repeats.ts";
import { type CentreRequest, REQUEST, unitOf } from "./requests.ts";
import type { Station } from "./station.ts";
import { readTime } from "./timestamp.ts";
import { decodeUnit, type Unit } from "./unit.ts";
import type { Wire } from "./wire.ts";

/** A clock that is off by more than this is set. */
const CLOCK_TOLERANCE: Micros = 30 * SECOND;
/** A device that is connected is looked at this often, and no clock is set more often than that. */
const COMPARE_EVERY: Micros = 10 * MINUTE;

/** Codes of the channel that shows a duty check. */
export const DUTY = { none: 0, asked: 1, answered: 2, unanswered: 3, undelivered: 4 } as const;

/** What came of a duty check. */
export type Duty =
  | { readonly kind: "answered" /** On our wall clock. */; readonly at: Micros }
  | { readonly kind: "unanswered" }
  /** Another check took its place, or the link stopped: nobody knows. */
  | { readonly kind: "ended" };

export interface MemberOptions {
  readonly station: Station;
  readonly clock: Clock;
  readonly log: Log;
  readonly link: string;
  readonly shortComponents: boolean;
  readonly setClock: Micros | undefined;
  readonly transmit: Transmit;
  /** The state of its duty check changed. */
  readonly onDuty: (member: Member, state: number) => void;
  /** Its clock was set, or could not be. */
  readonly onClock: (set: boolean) => void;
}

/** A device of the link as the centre deals with it: where it is connected, and what is asked of it from time to time. */
export class Member {
  readonly station: Station;
  readonly repeats = new Repeats();
  readonly exchange: Exchange;
  readonly #o: MemberOptions;
  /** Where it spoke last; undefined: it is not connected. */
  wire: Wire | undefined;
  /** What was reported of its connection; undefined: nothing yet. */
  up: boolean | undefined;
  #heardAt: Micros = Number.NEGATIVE_INFINITY;
  /** When its clock was last looked at, and last set. */
  #comparedAt: Micros = Number.NEGATIVE_INFINITY;
  #clockSetAt: Micros = Number.NEGATIVE_INFINITY;
  #timers = new Map<"inspect" | "clock" | "duty", Timer>();
  #dutyWaits: ((duty: Duty) => void) | undefined;

  constructor(options: MemberOptions) {
    this.#o = options;
    this.station = options.station;
    this.exchange = new Exchange(options.station.device.device.id, options);
  }

  /** Begins what is done from time to time. */
  start(): void {
    this.#heardAt = this.#o.clock.now();
    const { inspect } = this.station.device.profile;
    if (inspect !== undefined) this.#inspectAfter(inspect, inspect);
    const { dutyCheck } = this.station.device.address;
    if (dutyCheck !== undefined) this.#dutyAfter(dutyCheck.every, dutyCheck.within);
    if (this.#o.setClock !== undefined) this.#setClockAfter(this.#o.setClock);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#dutyWaits?.({ kind: "ended" });
    this.exchange.end();
  }

  /** A whole frame came, sent at `time` by its own clock. */
  heard(time: Uint8Array, anew: boolean): void {
    const { clock, setClock } = this.#o;
    const now = clock.now();
    this.#heardAt = now;
    if (setClock === undefined || now - this.#clockSetAt < COMPARE_EVERY) return;
    if (!anew && now - this.#comparedAt < COMPARE_EVERY) return;
    this.#comparedAt = now;
    const off = Math.abs(readTime(time, 0, this.station.translation.zone) - clock.wall());
    if (!(off <= CLOCK_TOLERANCE)) void this.setClock().catch((error) => this.#unheeded("set clock", error));
  }

  /**
   * Asks the device, and takes the answer apart; undefined for a confirmation.
   * @throws NetworkError LINK_DOWN; DeviceError DEVICE_TIMEOUT, DEVICE_EXCEPTION, DEVICE_UNDECODABLE.
   */
  async ask(request: CentreRequest, signal?: AbortSignal): Promise<Unit | undefined> {
    return (await this.askRaw(request, signal)).unit;
  }

  /** The same, with the bytes of the answer. @throws as `ask` */
  async askRaw(
    request: CentreRequest,
    signal?: AbortSignal,
  ): Promise<{ readonly unit: Unit | undefined; readonly raw: Buffer }> {
    const { zone } = this.station.translation;
    const raw = await this.exchange.ask(request.command, unitOf(request, zone), signal);
    if (raw.length === 0) return { unit: undefined, raw };
    return { unit: decodeUnit(raw, { zone, shortComponents: this.#o.shortComponents }), raw };
  }

  /** Sets the device's clock to ours. @throws as `ask` */
  async setClock(signal?: AbortSignal): Promise<void> {
    const { clock } = this.#o;
    const time = timeToTell(clock.wall());
    this.#clockSetAt = clock.now();
    let set = false;
    try {
      await this.ask(REQUEST.setClock(time), signal);
      set = true;
    } finally {
      this.#o.onClock(set);
    }
  }

  /**
   * Asks the people on duty to answer within so many minutes (查岗). Resolves when the question has been delivered; `outcome` with
   * whether they did. A second question takes the place of the first.
   * @throws as `ask`, when the question could not be delivered.
   */
  async dutyCheck(minutes: number, signal?: AbortSignal): Promise<{ readonly outcome: Promise<Duty> }> {
    const { clock } = this.#o;
    this.#dutyWaits?.({ kind: "ended" });
    let settle: (duty: Duty) => void = () => {};
    const outcome = new Promise<Duty>((resolve) => {
      settle = resolve;
    });
    this.#dutyWaits = settle;
    this.#o.onDuty(this, DUTY.asked);
    try {
      await this.ask(REQUEST.dutyCheck(minutes), signal);
    } catch (error) {
      if (this.#dutyWaits === settle) {
        this.#dutyWaits = undefined;
        this.#o.onDuty(this, DUTY.undelivered);
      }
      throw error;
    }
    const late = clock.after(minutes * MINUTE, () => settle({ kind: "unanswered" }));
    return { outcome: this.#duty(outcome, { late, settle }) };
  }

  /** Waits for the people, and tells how it ended. */
  async #duty(
    outcome: Promise<Duty>,
    { late, settle }: { late: Timer; settle: (duty: Duty) => void },
  ): Promise<Duty> {
    const duty = await outcome;
    late.cancel();
    if (this.#dutyWaits === settle) this.#dutyWaits = undefined;
    if (duty.kind !== "ended") {
      this.#o.onDuty(this, duty.kind === "answered" ? DUTY.answered : DUTY.unanswered);
    }
    return duty;
  }

  /** Somebody on duty answered. */
  dutyAnswered(): void {
    this.#dutyWaits?.({ kind: "answered", at: this.#o.clock.wall() });
  }

  #inspectAfter(delay: Micros, every: Micros): void {
    const { clock } = this.#o;
    this.#timers.set(
      "inspect",
      clock.after(delay, () => {
        const silent = clock.now() - this.#heardAt;
        if (silent < every) {
          this.#inspectAfter(every - silent, every);
          return;
        }
        if (this.wire !== undefined) {
          void this.ask(REQUEST.deviceState()).catch((error) => this.#unheeded("inspect", error));
        }
        this.#inspectAfter(every, every);
      }),
    );
  }

  #dutyAfter(every: Micros, within: number): void {
    this.#timers.set(
      "duty",
      this.#o.clock.after(every, () => {
        void this.dutyCheck(within).catch((error) => this.#unheeded("duty check", error));
        this.#dutyAfter(every, within);
      }),
    );
  }

  #setClockAfter(every: Micros): void {
    this.#timers.set(
      "clock",
      this.#o.clock.after(every, () => {
        if (this.wire !== undefined)
          void this.setClock().catch((error) => this.#unheeded("set clock", error));
        this.#setClockAfter(every);
      }),
    );
  }

  /** What nobody waits for failed: the device's silence, if it is one, tells by itself. */
  #unheeded(what: string, error: unknown): void {
    const { log, link } = this.#o;
    log.debug({ link, device: this.station.device.device.id, what, error: describe(error) }, "GB/T 26875.3");
  }
}
