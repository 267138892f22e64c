import { crc32 } from "node:zlib";
import { ConfigurationError, describe } from "../../model/error.ts";
import { ReadingBatch } from "../../model/reading.ts";
import { MINUTE, type Micros } from "../../model/time.ts";
import { type DriverContext, type Intake, REFUSED, type SnapshotValue, type Ticket } from "../driver.ts";
import { Strangers } from "../strangers.ts";
import { Complaints } from "../tcp/complaints.ts";
import type { Connection } from "../tcp/connection.ts";
import type { DialInCentre } from "../tcp/dial-in.ts";
import { HeldAnswers } from "../tcp/held-answers.ts";
import { Session } from "../tcp/session.ts";
import { zoneOf } from "../zone.ts";
import { type Counts, countsOf } from "./counts.ts";
import { AFN, afnName, type Frame, writeFrame } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Szy206Address, Szy206Options } from "./options.ts";
import type { Szy206Section } from "./profile.ts";
import { TerminalMapping } from "./terminal-mapping.ts";

/**
 * A report is sent again within minutes, with its time label again. Beyond that an equal one is new: there are terminals whose clock
 * stands still, and they must not fall silent here because they say the same.
 */
const RESEND_SPAN: Micros = 5 * MINUTE;

/** A terminal of the link as the centre deals with it. */
interface Member {
  readonly index: number;
  readonly id: string;
  readonly mapping: TerminalMapping;
}

interface Confirmation {
  readonly session: Session;
  readonly to: Pick<Frame, "count" | "code" | "address" | "afn">;
}

/** The centre of the standard: takes the terminals' reports, and confirms them when they are on disk. */
export class Centre implements DialInCentre {
  readonly complaints: Complaints;
  readonly counts: Counts;
  readonly #context: DriverContext<Szy206Options, Szy206Address, Szy206Section>;
  readonly #members = new Map<string, Member>();
  readonly #batch = new ReadingBatch();
  readonly #confirmations = new HeldAnswers<Confirmation>((confirmation) => this.#confirm(confirmation));
  #intake: Intake | undefined;
  /** Highest ticket handed out: what a repeat waits for, since its first sending entered at or before it. */
  #last: Ticket = 0;

  /** @throws ConfigurationError CONFIG_INVALID when two devices have one address; UNIT_MISMATCH */
  constructor(context: DriverContext<Szy206Options, Szy206Address, Szy206Section>) {
    this.#context = context;
    const { link, options, devices, clock, log, counters } = context;
    const own = { link: link.id, clock, log };
    this.counts = countsOf(counters, link.id);
    const strangers = new Strangers({ ...own, protocol: "SZY 206-2016", bound: options.limits.strangers });
    this.complaints = new Complaints({ ...own, counts: this.counts.peers, strangers });
    const zone = zoneOf(options.zone);
    for (const device of devices) {
      const { terminal, label = options.label } = device.address;
      const { id, index } = device.device;
      const twin = this.#members.get(terminal);
      if (twin !== undefined) {
        throw new ConfigurationError(
          "CONFIG_INVALID",
          `devices ${twin.id} and ${id} are both terminal ${terminal}`,
        );
      }
      this.#members.set(terminal, { id, index, mapping: new TerminalMapping(device, { zone, label }) });
    }
  }

  get waiting(): number {
    return this.#confirmations.waiting;
  }

  open(connection: Connection): Session {
    const reader = (session: Session) =>
      new FrameReader({
        frame: (frame, raw) => {
          if (!connection.open) return;
          session.heard();
          this.#frame(session, frame, raw);
        },
        spoiled: (why, raw) => {
          connection.spoiled();
          this.counts.spoiled(why);
          this.complaints.spoiled(connection, why, raw);
        },
      });
    return new Session(connection, reader);
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.#last = Math.max(0, intake.durable);
  }

  release(durable: Ticket): void {
    this.#confirmations.release(durable);
  }

  stop(): void {
    this.#intake = undefined;
  }

  watch(): void {
    // Nothing here has a time limit of its own.
  }

  said(device: number): SnapshotValue[] {
    for (const { index, mapping } of this.#members.values()) if (index === device) return mapping.snapshot();
    return [];
  }

  #frame(session: Session, frame: Frame, raw: Buffer): void {
    if (!frame.up) {
      this.counts.echoes.add();
      return;
    }
    const member = this.#members.get(frame.address);
    if (member === undefined) {
      this.counts.unknownTerminals.add();
      const { peer } = session.connection;
      const said = afnName(frame.afn).en;
      this.complaints.stranger(`{ terminal: "${frame.address}" }`, { peer, said, raw });
      return;
    }
    if (!session.connection.introduce()) return;
    this.counts.frames.add();
    const called = { address: `{ terminal: "${frame.address}" }`, raw };
    if (this.complaints.isTwin(member.id, session.connection, called)) this.counts.twins.add();
    if (frame.long || frame.afn === AFN.picture) this.counts.pictures.add();
    else if (frame.split !== undefined) this.#split(session, member, raw);
    else this.#take(session, member, { frame, raw });
  }

  #take(session: Session, member: Member, { frame, raw }: { frame: Frame; raw: Buffer }): void {
    switch (frame.afn) {
      case AFN.link:
        // Nothing in it that would have to be kept.
        this.#answer(session, frame, 0);
        break;
      case AFN.report:
      case AFN.alarm:
        this.#report(session, member, { frame, raw });
        break;
      case AFN.now:
      case AFN.stored:
        this.counts.unasked.add();
        break;
      default:
        // Confirmed once it has been put aside: it would come for ever otherwise.
        this.#unread(session, member, { raw, why: `${afnName(frame.afn).en} is not read` });
        this.#answer(session, frame, 0);
    }
  }

  #report(session: Session, member: Member, { frame, raw }: { frame: Frame; raw: Buffer }): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    this.counts.reports.add();
    let ticket: Ticket = 0;
    try {
      ticket = this.#enter(intake, member, frame);
    } catch (error) {
      this.#unread(session, member, { raw, why: describe(error) });
    }
    if (ticket !== REFUSED) this.#answer(session, frame, ticket);
  }

  /** @throws DeviceError DEVICE_UNDECODABLE */
  #enter(intake: Intake, member: Member, frame: Frame): Ticket {
    const { clock } = this.#context;
    const batch = this.#batch;
    batch.clear();
    const now = clock.wall();
    const { time, unmapped, unread } = member.mapping.hear(frame, batch, { now, received: clock.now() });
    this.counts.unmapped.add(unmapped);
    this.counts.unread.add(unread);
    if (batch.length === 0) return 0;
    if (Math.abs(now - time) <= RESEND_SPAN) {
      identify(batch, frame);
      if (intake.isRepeat(batch.identityHigh, batch.identityLow)) {
        this.counts.repeats.add();
        return this.#last;
      }
    }
    this.counts.readings.add(batch.length);
    const ticket = intake.enter(batch, "acknowledged");
    if (ticket === REFUSED) this.counts.refused.add();
    else if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #answer(session: Session, { count, code, address, afn }: Frame, ticket: Ticket): void {
    const durable = this.#intake?.durable ?? 0;
    const to = { count, code, address, afn };
    this.#confirmations.give({ session, to }, { ticket, to: session, durable });
  }

  #confirm({ session, to }: Confirmation): void {
    if (!session.connection.open) return;
    const data = Buffer.of(this.#context.options.confirmation);
    session.connection.send(writeFrame({ ...to, up: false, split: undefined, data }));
    this.counts.confirmed.add();
  }

  #split(session: Session, member: Member, raw: Buffer): void {
    this.counts.split.add();
    if (!this.complaints.due(`split ${session.connection.address}`)) return;
    this.complaints.quarantine(member.id, "a report in several frames is not read", raw);
  }

  #unread(session: Session, member: Member, { raw, why }: { raw: Buffer; why: string }): void {
    this.counts.undecodable.add();
    if (!this.complaints.due(`unread ${session.connection.address} ${why}`)) return;
    this.complaints.quarantine(member.id, why, raw);
  }
}

/** Who says what, in which second by its own clock: the label is part of the data. */
function identify(batch: ReadingBatch, { address, afn, code, data }: Frame): void {
  batch.identityLow = crc32(`${address} ${afn} ${code}`);
  batch.identityHigh = crc32(data);
  if (batch.identityLow === 0 && batch.identityHigh === 0) batch.identityLow = 1;
}
