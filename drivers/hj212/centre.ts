import { crc32 } from "node:zlib";
import { ConfigurationError, describe, InternalError } from "../../model/error.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { sortByTime } from "../chronological.ts";
import { type DriverContext, type Intake, REFUSED, type SnapshotValue, type Ticket } from "../driver.ts";
import type { RequestAnswer, RequestOrder } from "../request.ts";
import { Strangers } from "../strangers.ts";
import { Complaints } from "../tcp/complaints.ts";
import type { Connection } from "../tcp/connection.ts";
import type { DialInCentre } from "../tcp/dial-in.ts";
import { HeldAnswers } from "../tcp/held-answers.ts";
import { Session } from "../tcp/session.ts";
import { zoneOf } from "../zone.ts";
import { answer } from "./answering.ts";
import {
  CONVERSATION,
  commandName,
  DATA_ANSWER,
  DATA_COMMANDS,
  FIRST_ANSWER,
  FIRST_DATA,
} from "./commands.ts";
import { type Counts, countsOf } from "./counts.ts";
import { type Check, FrameReader } from "./frame-reader.ts";
import { writeFrame } from "./frame-writer.ts";
import { Member } from "./member.ts";
import type { CrcMode, Hj212Address, Hj212Options } from "./options.ts";
import { Packets } from "./packets.ts";
import type { Hj212Section } from "./profile.ts";
import type { Report } from "./report.ts";
import { FLAG, readSegment, type Segment, writeSegment } from "./segment.ts";

interface Answer {
  readonly session: Session;
  readonly to: Segment;
}

/** The upper computer (上位机) of the standard: takes the loggers' reports, and answers when they are on disk. */
export class Centre implements DialInCentre {
  readonly complaints: Complaints;
  readonly counts: Counts;
  readonly #context: DriverContext<Hj212Options, Hj212Address, Hj212Section>;
  readonly #members = new Map<string, Member>();
  readonly #packets: Packets;
  readonly #batch = new ReadingBatch();
  readonly #answers = new HeldAnswers<Answer>((answer) => this.#answer(answer));
  #intake: Intake | undefined;
  /** Highest ticket handed out: what a repeat waits for, since its first sending entered at or before it. */
  #last: Ticket = 0;

  /** @throws ConfigurationError CONFIG_INVALID when two devices have one identity; UNIT_MISMATCH */
  constructor(context: DriverContext<Hj212Options, Hj212Address, Hj212Section>) {
    this.#context = context;
    const { link, options, devices, clock, log, counters } = context;
    const own = { link: link.id, clock, log };
    this.counts = countsOf(counters, link.id);
    const strangers = new Strangers({ ...own, protocol: "HJ 212", bound: options.limits.strangers });
    this.complaints = new Complaints({ ...own, counts: this.counts.peers, strangers });
    this.#packets = new Packets({
      bound: options.limits.packets,
      timeout: options.limits.packetTimeout,
      clock,
      counts: this.counts,
      onGivenUp: (mn, why) => log.warn({ link: link.id, mn, why }, "report in packets is incomplete"),
    });
    const zone = zoneOf(options.zone);
    for (const device of devices) {
      const member = new Member({ ...own, device, options, zone, counts: this.counts });
      const twin = this.#members.get(member.mn);
      if (twin !== undefined) {
        throw new ConfigurationError(
          "CONFIG_INVALID",
          `devices ${twin.id} and ${member.id} have the same MN ${member.mn}`,
        );
      }
      this.#members.set(member.mn, member);
    }
  }

  get waiting(): number {
    return this.#answers.waiting;
  }

  open(connection: Connection): Session {
    const reader = (session: Session) =>
      new FrameReader({
        frame: (segment, check, raw) => {
          if (!connection.open) return true;
          const taken = this.#frame(session, segment, { check, raw });
          if (taken) session.heard();
          return taken;
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
    for (const member of this.#members.values()) {
      if (member.secret !== undefined) member.password = this.#context.secret(member.secret);
    }
    this.#intake = intake;
    this.#last = Math.max(0, intake.durable);
  }

  release(durable: Ticket): void {
    this.#answers.release(durable);
  }

  stop(): void {
    this.#intake = undefined;
    for (const member of this.#members.values()) member.stop();
  }

  watch(now: Micros): void {
    this.#packets.watch(now);
  }

  said(device: number): SnapshotValue[] {
    return this.#memberOf(device)?.mapping.snapshot() ?? [];
  }

  /** Asks or tells a logger what request-kinds.ts lists. @throws as `Driver.request` */
  async request(order: RequestOrder): Promise<RequestAnswer> {
    const member = this.#memberOf(order.device);
    if (member === undefined) {
      throw new InternalError("INTERNAL", `device ${order.device} is not on this link`);
    }
    const { clock, options } = this.#context;
    const { exchange, id: device } = member;
    return await answer(
      {
        device,
        exchange,
        zone: zoneOf(options.zone),
        wall: () => clock.wall(),
        setClock: (signal) => member.setClock(signal),
      },
      order,
    );
  }

  #memberOf(device: number): Member | undefined {
    for (const member of this.#members.values()) if (member.index === device) return member;
    return undefined;
  }

  #frame(session: Session, bytes: Buffer, { check, raw }: { check: Check; raw: Buffer }): boolean {
    const segment = this.#read(session, bytes, { check, raw });
    if (segment === undefined) return check === "right";
    const member = this.#members.get(segment.mn);
    if (check !== "right" && !tolerates(member?.crcMode, check)) return false;
    if (member === undefined) {
      this.counts.unknownDevices.add();
      const { peer } = session.connection;
      const said = commandName(segment.cn).en;
      this.complaints.stranger(`{ mn: ${JSON.stringify(segment.mn)} }`, { peer, said, raw });
      return true;
    }
    if (member.password !== undefined && member.password !== segment.pw) {
      this.#wrongPassword(session, member);
      return true;
    }
    if (!session.connection.introduce()) return true;
    this.counts.frames.add();
    if (check !== "right") this.counts.tolerated(check);
    const called = { address: `{ mn: ${JSON.stringify(segment.mn)} }`, raw };
    if (this.complaints.isTwin(member.id, session.connection, called)) this.counts.twins.add();
    member.hears(session, segment);
    this.#take(session, member, { segment, doubted: check === "wrong" });
    return true;
  }

  #read(session: Session, bytes: Buffer, { check, raw }: { check: Check; raw: Buffer }): Segment | undefined {
    try {
      return readSegment(bytes);
    } catch (error) {
      if (check !== "right") return undefined;
      this.counts.undecodable.add();
      const { address, peer } = session.connection;
      if (this.complaints.due(`undecodable ${address}`))
        this.complaints.quarantine(peer, describe(error), raw);
      return undefined;
    }
  }

  #take(
    session: Session,
    member: Member,
    { segment, doubted }: { segment: Segment; doubted: boolean },
  ): void {
    const { cn } = segment;
    if (cn >= FIRST_ANSWER || cn < FIRST_DATA) {
      // A doubtful frame answers nothing.
      if (!doubted && member.exchange.answer(segment)) return;
      if (cn >= FIRST_ANSWER) {
        this.counts.unasked.add();
        return;
      }
    }
    const answer = (segment.flag & FLAG.answer) !== 0;
    const report =
      segment.packet === undefined
        ? { segment, doubted, answer }
        : this.#packets.take(member.mn, { segment, doubted, answer });
    if (report !== undefined) this.#report(session, member, report);
  }

  /** A whole report: enters it, and answers it when it is durable. */
  #report(session: Session, member: Member, report: Report): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    this.counts.reports.add();
    const ticket = this.#enter(intake, session, { member, report });
    if (!report.doubted) member.exchange.reported(report.segment);
    if (!report.doubted && report.segment.cn === DATA_COMMANDS["real-time"]) member.compare(report.segment);
    if (!report.answer || ticket === REFUSED) return;
    const answer = { session, to: report.segment };
    this.#answers.give(answer, { ticket, to: session, durable: intake.durable });
  }

  #enter(intake: Intake, session: Session, { member, report }: { member: Member; report: Report }): Ticket {
    const { segment, doubted, answer } = report;
    const batch = this.#batch;
    batch.clear();
    const received = this.#context.clock.now();
    const heard = member.mapping.hear(segment, batch, { doubted, received });
    this.counts.unmapped.add(heard.unmapped);
    this.counts.unknownFlags.add(heard.unknownFlags);
    if (heard.senseless > 0) this.#senseless(session, member, segment);
    if (batch.length === 0) return 0;
    sortByTime(batch);
    if (segment.qn !== "") {
      identify(batch, segment);
      if (intake.isRepeat(batch.identityHigh, batch.identityLow)) {
        this.counts.repeats.add();
        return this.#last;
      }
    }
    this.counts.readings.add(batch.length);
    const ticket = intake.enter(batch, answer ? "acknowledged" : "polled");
    if (ticket === REFUSED) this.counts.refused.add();
    else if (ticket > this.#last) this.#last = ticket;
    return ticket;
  }

  #answer({ session, to }: Answer): void {
    if (!session.connection.open) return;
    const { qn, mn, pw, flag } = to;
    session.connection.send(
      writeFrame(
        writeSegment({
          qn,
          st: CONVERSATION,
          cn: DATA_ANSWER,
          pw,
          mn,
          // The edition that the device speaks; nothing is asked for and nothing comes in packets.
          flag: flag & ~(FLAG.answer | FLAG.packets),
          packet: undefined,
          cp: "",
        }),
      ),
    );
    this.counts.answered.add();
  }

  #senseless(session: Session, member: Member, segment: Segment): void {
    this.counts.undecodable.add();
    if (!this.complaints.due(`senseless ${session.connection.address}`)) return;
    const raw = Buffer.from(segment.cp, "latin1");
    this.complaints.quarantine(member.id, `parameters of ${commandName(segment.cn).en} are no values`, raw);
  }

  #wrongPassword(session: Session, member: Member): void {
    this.counts.wrongPassword.add();
    const { peer } = session.connection;
    if (!this.complaints.due(`password ${member.mn}`)) return;
    const { link, log } = this.#context;
    log.warn({ link: link.id, peer, device: member.id }, "frame refused: wrong password");
  }
}

function tolerates(mode: CrcMode | undefined, check: Check): boolean {
  return mode === "warn" || (mode === "modbus" && check === "modbus");
}

/**
 * A report sent again has its request number (QN) again. There are makers who number all their reports alike, so what is said
 * belongs to the identity, too: a report says its own time, and one instant is reported once.
 */
function identify(batch: ReadingBatch, { mn, qn, cn, cp }: Segment): void {
  batch.identityLow = crc32(`${mn} ${qn} ${cn}`);
  batch.identityHigh = crc32(cp);
  if (batch.identityLow === 0 && batch.identityHigh === 0) batch.identityLow = 1;
}
