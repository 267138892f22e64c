import type { Counter, Counters } from "../../model/counter.ts";
import { ConfigurationError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { type Intake, REFUSED } from "../driver.ts";
import type { Session } from "../tcp/session.ts";
import type { Body } from "./body-visitor.ts";
import type { Complaints } from "./complaints.ts";
import { type Confirmation, Confirmations } from "./confirmations.ts";
import { ACK, EOT, ESC, ETB, FUNCTION } from "./control.ts";
import { UNREADABLE_TIME } from "./digits.ts";
import type { Frame } from "./frame.ts";
import type { Sl651Options } from "./options.ts";
import { Packets } from "./packets.ts";
import { Questions } from "./questions.ts";
import { type Outcome, Reception } from "./reception.ts";
import { Station } from "./station.ts";
import { formatStationAddress } from "./station-address.ts";
import type { Sl651Device } from "./station-mapping.ts";
import { Upkeep } from "./upkeep.ts";

/** Stop waits this long for the disk, so that what can be confirmed is. */
const STOP_PATIENCE: Micros = 1 * SECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
const ENDS = { esc: ESC, eot: EOT, ack: ACK } as const;

export interface CentreOptions {
  readonly link: string;
  readonly options: Sl651Options;
  readonly devices: readonly Sl651Device[];
  /** Zone of the stations, µs ahead of UTC. */
  readonly offset: Micros;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  readonly complaints: Complaints;
}

/** The centre of the standard: takes the stations' frames, confirms reports when they are on disk, asks. Knows no sockets. */
export class Centre {
  readonly #o: CentreOptions;
  readonly stations = new Map<number, Station>();
  readonly questions: Questions;
  readonly upkeep: Upkeep;
  readonly #reception: Reception;
  readonly #confirmations: Confirmations;
  readonly #packets: Packets;
  readonly #frames: Counter;
  #password: number | undefined;
  #intake: Intake | undefined;
  #detach: (() => void) | undefined;

  /** @throws ConfigurationError CONFIG_INVALID when two devices are one station; UNIT_MISMATCH */
  constructor(o: CentreOptions) {
    this.#o = o;
    const { link, options, offset, clock, counters, log } = o;
    for (const device of o.devices) this.#add(new Station(device, options));
    const own = { link, clock, counters, log };
    const labels = { link };
    this.#frames = counters.counter({
      name: "sl651_frames",
      help: "Frames with a right length, end and CRC.",
      labels,
    });
    const confirmed = counters.counter({ name: "sl651_confirmations", help: "Reports confirmed.", labels });
    this.#reception = new Reception({ ...own, stations: this.stations, offset });
    this.#confirmations = new Confirmations({
      offset,
      time: (confirmation) => this.#replyTime(confirmation),
      onSent: () => confirmed.add(),
    });
    this.questions = new Questions({ clock, offset, timeout: options.limits.answerTimeout });
    const { packets: bound, packetTimeout: timeout } = options.limits;
    this.#packets = new Packets({ ...own, offset, bound, timeout });
    this.upkeep = new Upkeep({ ...own, questions: this.questions, correction: options.clock });
  }

  /** Confirmations that wait for the disk. */
  get held(): number {
    return this.#confirmations.waiting;
  }

  /** Begins to take frames; `password` is that of all stations, undefined: any. */
  start(intake: Intake, password: number | undefined): void {
    this.#intake = intake;
    this.#password = password;
    this.#reception.start(intake);
    this.#detach = intake.onDurable((durable) => this.#confirmations.release(durable));
  }

  /** Nothing enters after this; waits a little for confirmations that may still leave. */
  async stop(): Promise<void> {
    this.#reception.stop();
    this.questions.stop();
    const { clock } = this.#o;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#confirmations.waiting > 0 && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    this.#detach?.();
    this.#intake = undefined;
  }

  /** Whether a frame is for this centre: of the way up, to its address, with the stations' password. */
  admits(session: Session, frame: Frame): boolean {
    this.#frames.add();
    const { options, complaints } = this.#o;
    if (!frame.up) complaints.echoed();
    else if (options.centre !== undefined && frame.centre !== options.centre) {
      complaints.refused("centre", session, frame);
    } else if (this.#password !== undefined && frame.password !== this.#password) {
      complaints.refused("password", session, frame);
    } else return true;
    return false;
  }

  /** Takes a frame that was admitted. */
  take(session: Session, frame: Frame, raw: Uint8Array): void {
    const station = this.stations.get(frame.station);
    if (station !== undefined) {
      this.#o.complaints.heard(station.device.device.id, frame.station, { session, raw });
      meet(station, session, frame);
    }
    if (frame.packet === undefined) {
      const body = { encoding: frame.encoding, code: frame.code, bytes: frame.body };
      this.#report(session, frame, { station, body });
    } else if (station === undefined) {
      this.#o.complaints.stranger(frame.station, { session, frame, raw });
    } else {
      const body = this.#packets.take(station, { ...frame, packet: frame.packet });
      if (body !== undefined) this.#report(session, frame, { station, body });
    }
  }

  /** Looks after what has a time limit. */
  watch(now: Micros): void {
    for (const station of this.stations.values()) {
      this.#packets.watch(station, now);
      this.upkeep.watch(station, now);
    }
  }

  #add(station: Station): void {
    const twin = this.stations.get(station.address);
    const { id } = station.device.device;
    if (twin !== undefined) {
      throw new ConfigurationError(
        "CONFIG_INVALID",
        `devices ${twin.device.device.id} and ${id} are the same station ${formatStationAddress(station.address)}`,
      );
    }
    this.stations.set(station.address, station);
  }

  /** A whole report: enters it, and confirms it when it is durable. */
  #report(
    session: Session,
    frame: Frame,
    { station, body }: { station: Station | undefined; body: Body },
  ): void {
    const mode = station?.mode ?? this.#o.options.mode;
    const waited = frame.code !== FUNCTION.keepAlive && mode !== "m1";
    const outcome = this.#reception.take(body, { address: frame.station, waited });
    if (outcome.stranger !== undefined) {
      this.#o.complaints.stranger(outcome.stranger, { session, frame, raw: body.bytes });
    }
    if (outcome.kind !== "taken") return;
    if (waited) this.#confirm(session, frame, { station, outcome });
    if (station === undefined) return;
    this.questions.answered(station, body, outcome.head);
    this.upkeep.compare(station, outcome.head.sent);
  }

  #confirm(
    session: Session,
    frame: Frame,
    { station, outcome }: { station: Station | undefined; outcome: Extract<Outcome, { kind: "taken" }> },
  ): void {
    const intake = this.#intake;
    if (intake === undefined || outcome.ticket === REFUSED) return;
    const { body: _, ...to } = frame;
    // After ETB the station has more to say in this call (table 10).
    const more = frame.end === ETB && frame.packet === undefined;
    const end = more ? ACK : ENDS[station?.confirmation ?? this.#o.options.confirmation];
    const { serial, sent } = outcome.head;
    this.#confirmations.give({ ticket: outcome.ticket, session, to, serial, sent, end }, intake.durable);
  }

  #replyTime({ sent }: Confirmation): Micros {
    const own = this.#o.options.replyTime === "centre" && this.upkeep.knowsTime;
    return own || sent === UNREADABLE_TIME ? this.#o.clock.wall() : sent;
  }
}

/** A station has spoken: where and how it can be answered. */
function meet(station: Station, session: Session, frame: Frame): void {
  station.session = session;
  station.encoding = frame.encoding;
  station.centre = frame.centre;
  station.password = frame.password;
}
