import type { Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { REASON } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { type Intake, REFUSED, type Ticket } from "../driver.ts";
import { Strangers } from "../strangers.ts";
import { Complaints } from "../tcp/complaints.ts";
import { zoneOf } from "../zone.ts";
import { type Counts, countsOf } from "./counts.ts";
import { COMMAND, encodeFrame, type Frame, MAIN_VERSION } from "./frame.ts";
import type { Confirmed } from "./held-confirmations.ts";
import { Member } from "./member.ts";
import type { Gb26875Options } from "./options.ts";
import { identityOf, mark } from "./repeats.ts";
import type { Judge, Session, Verdict } from "./session.ts";
import { DEVICE_OPERATIONS, says } from "./states.ts";
import { Station } from "./station.ts";
import { writeTime } from "./timestamp.ts";
import type { Gb26875Device } from "./translation.ts";
import { decodeUnit, isUnitType, TYPE, type Unit } from "./unit.ts";

/** Bytes of an undecodable unit that are kept for a person to look at. */
const QUARANTINED_BYTES = 1_024;
/** Clocks of answers to devices whose profile says nothing else. */
const CHINA = zoneOf("+08:00");

const DENY: Verdict = { kind: "deny" };
const SILENCE: Verdict = { kind: "silence" };
/** Nothing in it that would have to be kept. */
const CONFIRM: Verdict = { kind: "confirm", ticket: 0 };

export interface CentreOptions {
  readonly link: { readonly index: number; readonly id: string };
  readonly options: Gb26875Options;
  readonly devices: readonly Gb26875Device[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** The monitoring centre of the standard: knows its devices by their addresses, and enters what they say. */
export class Centre implements Judge {
  readonly counts: Counts;
  readonly #o: CentreOptions;
  readonly #members = new Map<number, Member>();
  /** What is wrong with those that connect. */
  readonly complaints: Complaints;
  readonly #holding = new Set<Session>();
  /** Devices that spoke through a session; several when a concentrator carries them. */
  readonly #through = new Map<Session, Set<Member>>();
  readonly #batch = new ReadingBatch();
  #intake: Intake | undefined;
  #off: (() => void) | undefined;
  /** Highest ticket handed out: what a repeat waits for, since its first sending entered at or before it. */
  #last: Ticket = 0;

  /** @throws ConfigurationError when a profile's values do not convert into its channels' units. */
  constructor(options: CentreOptions) {
    this.#o = options;
    const { counters, link, devices, clock, log } = options;
    this.counts = countsOf(counters, link.id);
    const own = { link: link.id, clock, log };
    this.complaints = new Complaints({
      ...own,
      strangers: new Strangers({ ...own, protocol: "GB/T 26875.3", bound: options.options.limits.strangers }),
      counts: {
        cut: (why) => this.counts.cut(why),
        turnedAway: () => this.counts.turnedAway.add(),
        slowed: () => this.counts.slowed.add(),
      },
    });
    for (const device of devices) this.#members.set(device.address.source, this.#member(device));
  }

  get durable(): Ticket {
    return this.#intake?.durable ?? -1;
  }

  /** The member with this index in the site. */
  memberOf(device: number): Member | undefined {
    for (const member of this.#members.values()) {
      if (member.station.device.device.index === device) return member;
    }
    return undefined;
  }

  knows(source: number): boolean {
    return this.#members.has(source);
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.complaints.intake = intake;
    this.#last = Math.max(0, intake.durable);
    this.#off = intake.onDurable((durable) => this.#release(durable));
    for (const member of this.#members.values()) {
      member.station.start(intake);
      member.start();
    }
  }

  /** Nothing enters and nothing is answered after this. */
  stop(): void {
    this.#intake = undefined;
    this.complaints.intake = undefined;
    this.#off?.();
    this.#holding.clear();
    for (const member of this.#members.values()) member.stop();
  }

  /** A session holds confirmations back. */
  holding(session: Session): void {
    this.#holding.add(session);
  }

  /** A whole frame came through a session. */
  frame(frame: Frame, session: Session): Verdict {
    const intake = this.#intake;
    if (intake === undefined) return SILENCE;
    const { counts } = this;
    counts.frames.add();
    const member = this.#members.get(frame.source);
    if (member === undefined) {
      this.#stranger(frame, session);
      return SILENCE;
    }
    if (frame.mainVersion !== MAIN_VERSION && !this.#o.options.tolerate.versions) return DENY;
    this.#heard(member, frame, session);
    switch (frame.command) {
      case COMMAND.send:
        return this.#said(member, frame, intake);
      case COMMAND.reply:
        this.#replied(member, frame, intake);
        return SILENCE;
      case COMMAND.confirm:
      case COMMAND.deny:
        if (!member.exchange.answer(frame)) counts.unasked.add();
        this.#signOfLife(member, intake);
        return SILENCE;
      default:
        return DENY;
    }
  }

  /** A session's peer has gone. */
  ended(session: Session): void {
    this.#holding.delete(session);
    const members = this.#through.get(session) ?? [];
    this.#through.delete(session);
    for (const member of members) {
      if (member.wire !== session.wire) continue;
      member.wire = undefined;
      if (!session.wire.connected || member.station.device.profile.connection !== "permanent") continue;
      member.up = false;
      this.#intake?.deviceHealth(member.station.device.device.index, false, REASON.not_connected);
    }
  }

  /** An answer to a frame: its serial number and versions, its addresses turned round, no data (7.2, 7.3). */
  answer(frame: Confirmed, command: typeof COMMAND.confirm | typeof COMMAND.deny): Buffer {
    const zone = this.#members.get(frame.source)?.station.translation.zone ?? CHINA;
    return encodeFrame({
      ...frame,
      source: frame.destination,
      destination: frame.source,
      time: this.#now(zone),
      command,
      unit: Buffer.alloc(0),
    });
  }

  #member(device: Gb26875Device): Member {
    const { clock, log, link, options } = this.#o;
    const { id } = device.device;
    const about = { link: link.id, device: id };
    const station = new Station(device, {
      unlisted: this.counts.unlisted,
      unmapped: this.counts.unmapped,
      onUnlistedFire: (where) => {
        log.error({ ...about, component: where }, "fire of a component that the site file does not list");
        const payload = Buffer.from(where);
        this.#intake?.quarantine({
          link: link.id,
          source: id,
          error: `unlisted component: ${where}`,
          payload,
        });
      },
      onOperation: ({ where, what, operator }) =>
        log.info({ ...about, where, operator }, `operated by hand: ${what}`),
    });
    const member: Member = new Member({
      station,
      clock,
      log,
      link: link.id,
      shortComponents: options.tolerate.shortComponents,
      setClock: options.setClock,
      transmit: ({ serial, command, unit }) => {
        if (member.wire === undefined) return false;
        member.wire.send(
          encodeFrame({
            serial,
            mainVersion: MAIN_VERSION,
            userVersion: 0,
            time: this.#now(station.translation.zone),
            source: options.centre,
            destination: device.address.source,
            command,
            unit,
          }),
        );
        return true;
      },
      onClock: (set) => (set ? this.counts.clocksSet : this.counts.clocksNotSet).add(),
      onDuty: (of, state) => {
        const intake = this.#intake;
        if (intake === undefined) return;
        this.#batch.clear();
        of.station.duty(state, this.#batch, clock.now());
        if (this.#batch.length > 0) this.#enter(intake, "polled");
      },
    });
    return member;
  }

  #heard(member: Member, frame: Frame, session: Session): void {
    const anew = member.wire !== session.wire;
    if (anew) {
      const called = { address: `{ source: ${frame.source} }`, raw: frame.unit };
      if (this.complaints.isTwin(member.station.device.device.id, session.wire, called))
        this.counts.twins.add();
      member.wire = session.wire;
      session.meet();
      this.#through.set(session, (this.#through.get(session) ?? new Set()).add(member));
    }
    if (member.up !== true) {
      // Not said when it was never said to be down: silence since the start is judged by its liveness.
      if (member.up === false)
        this.#intake?.deviceHealth(member.station.device.device.index, true, REASON.good);
      member.up = true;
    }
    member.heard(frame.time, anew);
  }

  #said(member: Member, frame: Frame, intake: Intake): Verdict {
    const { tolerate } = this.#o.options;
    if (frame.unit.length === 0) {
      if (!tolerate.heartbeats) return DENY;
      this.#signOfLife(member, intake);
      return CONFIRM;
    }
    const unit = this.#decode(member, frame, intake);
    if (unit === undefined) {
      // A state that cannot be read may be a fire: the device must not believe that it was told. What is not the standard's own is
      // no state, and would only be sent for ever.
      return isUnitType(frame.unit[0]!) ? DENY : CONFIRM;
    }
    const now = this.#o.clock.now();
    const batch = this.#batch;
    batch.clear();
    const identity = identityOf(frame);
    if (member.repeats.isRepeat(identity, unit, { intake, now })) {
      this.counts.repeats.add();
      return { kind: "confirm", ticket: this.#last };
    }
    member.repeats.interrupted();
    member.station.hear(unit, batch, now);
    this.#dutyAnswers(member, unit);
    member.station.alive(batch, now);
    if (batch.length === 0) return CONFIRM;
    mark(batch, identity);
    const ticket = this.#enter(intake, "acknowledged");
    if (ticket === REFUSED) {
      this.counts.refused.add();
      return SILENCE;
    }
    member.repeats.accepted(identity, now);
    return { kind: "confirm", ticket };
  }

  #replied(member: Member, frame: Frame, intake: Intake): void {
    if (!member.exchange.answer(frame)) this.counts.unasked.add();
    const unit = frame.unit.length === 0 ? undefined : this.#decode(member, frame, intake);
    const now = this.#o.clock.now();
    this.#batch.clear();
    if (unit !== undefined) member.station.hear(unit, this.#batch, now);
    member.station.alive(this.#batch, now);
    if (this.#batch.length > 0) this.#enter(intake, "polled");
  }

  #signOfLife(member: Member, intake: Intake): void {
    this.#batch.clear();
    member.station.alive(this.#batch, this.#o.clock.now());
    if (this.#batch.length > 0) this.#enter(intake, "polled");
  }

  #dutyAnswers(member: Member, { type, objects }: Unit): void {
    if (type !== TYPE.deviceOperation) return;
    if (objects.some(({ flags }) => says(flags, DEVICE_OPERATIONS.confirm))) member.dutyAnswered();
  }

  #enter(intake: Intake, patience: "acknowledged" | "polled"): Ticket {
    this.counts.readings.add(this.#batch.length);
    const ticket = intake.enter(this.#batch, patience);
    if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #decode(member: Member, frame: Frame, intake: Intake): Unit | undefined {
    try {
      return decodeUnit(frame.unit, {
        zone: member.station.translation.zone,
        shortComponents: this.#o.options.tolerate.shortComponents,
      });
    } catch (thrown) {
      this.counts.undecodable.add();
      this.#quarantine(intake, member.station.device.device.id, { error: describe(thrown), frame });
      return undefined;
    }
  }

  #stranger(frame: Frame, session: Session): void {
    this.counts.unknownSources.add();
    this.complaints.stranger(`{ source: ${frame.source} }`, {
      peer: session.wire.peer,
      said: wordsOf(frame),
      raw: frame.unit,
    });
  }

  #quarantine(intake: Intake, source: string, { error, frame }: { error: string; frame: Frame }): void {
    const payload = Uint8Array.prototype.slice.call(frame.unit, 0, QUARANTINED_BYTES);
    intake.quarantine({ link: this.#o.link.id, source, error, payload });
  }

  #release(durable: Ticket): void {
    for (const session of this.#holding) {
      session.release(durable);
      if (session.held === 0) this.#holding.delete(session);
    }
  }

  #now(zone: Micros): Uint8Array {
    return writeTime(this.#o.clock.wall(), zone);
  }
}

/** What a frame of a stranger is, in words. */
function wordsOf({ command, unit }: Frame): string {
  const type = unit[0];
  return type === undefined ? `command ${command}` : `command ${command}, type ${type}`;
}
