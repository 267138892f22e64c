import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, HOUR, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { knowsTime, timeToTell } from "../own-clock.ts";
import type { Session } from "../tcp/session.ts";
import { setClockRequest } from "./answering.ts";
import { CONVERSATION } from "./commands.ts";
import type { Counts } from "./counts.ts";
import { DeviceMapping, type Hj212Device } from "./device-mapping.ts";
import { Exchange } from "./exchange.ts";
import { writeFrame } from "./frame-writer.ts";
import type { CrcMode, Hj212Options } from "./options.ts";
import { readTime, UNREADABLE_TIME, writeTime } from "./parameters.ts";
import { FLAG, type Segment, writeSegment } from "./segment.ts";

/** A logger's clock is set no more often than this. */
const CLOCK_INTERVAL: Micros = 1 * HOUR;
/** Digits of a request number: a time with milliseconds. */
const NUMBER_DIGITS = 17;

export interface MemberOptions {
  readonly device: Hj212Device;
  readonly options: Hj212Options;
  /** Of its clock, µs ahead of UTC. */
  readonly zone: Micros;
  readonly link: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: Counts;
}

/** A logger of the link as the centre deals with it: what it reports, where it is connected, and what it is asked. */
export class Member {
  readonly mn: string;
  readonly index: number;
  readonly id: string;
  readonly crcMode: CrcMode;
  readonly mapping: DeviceMapping;
  /** Where its password is; undefined: any is taken. */
  readonly secret: string | undefined;
  password: string | undefined;
  readonly exchange: Exchange;
  readonly #o: MemberOptions;
  /** Where it spoke last, and the head of what it said: how it is spoken to. */
  #heard: { readonly session: Session; readonly head: Segment } | undefined;
  #numbered: Micros = 0;
  #clockSetAt: Micros = Number.NEGATIVE_INFINITY;

  /** @throws ConfigurationError UNIT_MISMATCH */
  constructor(o: MemberOptions) {
    this.#o = o;
    const { device, options, zone, clock } = o;
    const { mn, crcMode, password } = device.address;
    this.mn = mn;
    this.index = device.device.index;
    this.id = device.device.id;
    this.crcMode = crcMode ?? options.crcMode;
    this.mapping = new DeviceMapping(device, zone);
    this.secret = password ?? options.password;
    this.exchange = new Exchange({
      device: this.id,
      clock,
      number: () => this.#number(),
      transmit: (qn, { cn, cp }) => this.#transmit(qn, cn, cp),
    });
  }

  /** It has spoken. */
  hears(session: Session, head: Segment): void {
    // What it says of the conversation is under the conversation's own code; it is asked under its own.
    const st = head.st === CONVERSATION ? (this.#heard?.head.st ?? head.st) : head.st;
    this.#heard = { session, head: { ...head, st } };
  }

  /** Sets its clock to ours (1012), and counts whether that worked. @throws as `Exchange.ask` */
  async setClock(signal?: AbortSignal): Promise<void> {
    const { clock, zone, counts } = this.#o;
    const time = timeToTell(clock.wall());
    this.#clockSetAt = clock.now();
    let set = false;
    try {
      await this.exchange.ask(setClockRequest(time, zone), signal);
      set = true;
    } finally {
      (set ? counts.clocksSet : counts.clocksNotSet).add();
    }
  }

  /** It has sent real-time data, whose number is the time of its clock: sets that when it is off, and the site wants it. */
  compare({ qn }: Segment): void {
    const { clock, zone, log, link } = this.#o;
    const { correct, tolerance } = this.#o.options.clock;
    if (!correct || !knowsTime(clock.wall()) || clock.now() - this.#clockSetAt < CLOCK_INTERVAL) return;
    const time = readTime(qn, zone);
    if (time === UNREADABLE_TIME || Math.abs(clock.wall() - time) <= tolerance) return;
    const behind = Math.round((clock.wall() - time) / SECOND);
    log.info({ link, device: this.id, behind }, "setting a logger's clock");
    this.setClock().catch((error: unknown) => {
      log.debug({ link, device: this.id, error: describe(error) }, "a logger's clock was not set");
    });
  }

  /** Nobody is asked any more. */
  stop(): void {
    this.exchange.end();
  }

  /** A request number that has not been used yet. */
  #number(): string {
    this.#numbered = Math.max(this.#o.clock.wall(), this.#numbered + MILLISECOND);
    return writeTime(this.#numbered, this.#o.zone, NUMBER_DIGITS);
  }

  #transmit(qn: string, cn: number, cp: string): boolean {
    const heard = this.#heard;
    if (heard?.session.connection.open !== true) return false;
    const { st, pw, flag } = heard.head;
    heard.session.connection.send(
      writeFrame(
        writeSegment({
          qn,
          st,
          cn,
          pw: this.password ?? pw,
          mn: this.mn,
          // The edition that the logger speaks, and an answer is wanted.
          flag: (flag & ~FLAG.packets) | FLAG.answer,
          packet: undefined,
          cp,
        }),
      ),
    );
    return true;
  }
}
