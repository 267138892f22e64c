import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, MINUTE, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { Exchange, type Transmit } from "./exchange.ts";
import { Repeats } from "./repeats.ts";
import { type CentreRequest, REQUEST, unitOf } from "./requests.ts";
import type { Station } from "./station.ts";
import { readTime } from "./timestamp.ts";
import { decodeUnit, type Unit } from "./unit.ts";
import type { Wire } from "./wire.ts";

/** A clock that is off by more than this is set when its device connects. */
const CLOCK_TOLERANCE: Micros = 30 * SECOND;

/** Codes of the channel that shows a duty check. */
export const DUTY = { none: 0, asked: 1, answered: 2, unanswered: 3, undelivered: 4 } as const;

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
  #timers = new Map<"inspect" | "clock" | "duty" | "answer", Timer>();
  #dutyWaits: ((answered: boolean) => void) | undefined;

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
    this.#dutyWaits?.(false);
    this.exchange.end();
  }

  /** A whole frame came, sent at `time` by its own clock. */
  heard(time: Uint8Array, anew: boolean): void {
    const { clock, setClock } = this.#o;
    this.#heardAt = clock.now();
    if (!anew || setClock === undefined) return;
    const off = Math.abs(readTime(time, 0, this.station.translation.zone) - clock.wall());
    if (!(off <= CLOCK_TOLERANCE)) void this.setClock().catch((error) => this.#unheeded("set clock", error));
  }

  /**
   * Asks the device, and takes the answer apart; undefined for a confirmation.
   * @throws NetworkError LINK_DOWN; DeviceError DEVICE_TIMEOUT, DEVICE_EXCEPTION, DEVICE_UNDECODABLE.
   */
  async ask(request: CentreRequest): Promise<Unit | undefined> {
    const { zone } = this.station.translation;
    const answer = await this.exchange.ask(request.command, unitOf(request, zone));
    if (answer.length === 0) return undefined;
    return decodeUnit(answer, { zone, shortComponents: this.#o.shortComponents });
  }

  /** Sets the device's clock to ours. @throws as `ask` */
  async setClock(): Promise<void> {
    await this.ask(REQUEST.setClock(this.#o.clock.wall()));
  }

  /**
   * Asks the people on duty to answer within so many minutes (查岗). Resolves with whether they did.
   * @throws as `ask`, when the question could not be delivered.
   */
  async dutyCheck(minutes: number): Promise<boolean> {
    // A second question takes the place of the first.
    this.#dutyWaits?.(false);
    let delivered = false;
    const answered = new Promise<boolean>((resolve) => {
      this.#dutyWaits = resolve;
    });
    this.#o.onDuty(this, DUTY.asked);
    try {
      await this.ask(REQUEST.dutyCheck(minutes));
      delivered = true;
    } finally {
      if (!delivered) {
        this.#dutyWaits = undefined;
        this.#o.onDuty(this, DUTY.undelivered);
      }
    }
    const late = this.#o.clock.after(minutes * MINUTE, () => this.#dutyWaits?.(false));
    this.#timers.get("answer")?.cancel();
    this.#timers.set("answer", late);
    const yes = await answered;
    late.cancel();
    this.#dutyWaits = undefined;
    this.#o.onDuty(this, yes ? DUTY.answered : DUTY.unanswered);
    return yes;
  }

  /** Somebody on duty answered. */
  dutyAnswered(): void {
    this.#dutyWaits?.(true);
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
