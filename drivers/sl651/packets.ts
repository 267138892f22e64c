import type { Counters } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { Assembly, RESENDS } from "./assembly.ts";
import type { Body } from "./body-visitor.ts";
import { writeHead } from "./body-writer.ts";
import { ETX, NAK } from "./control.ts";
import type { Frame, Packet } from "./frame.ts";
import { writeFrame } from "./frame-writer.ts";
import type { Station } from "./station.ts";

/** A frame that is one packet of a report. */
export type PacketFrame = Frame & { readonly packet: Packet };

export interface PacketOptions {
  readonly link: string;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Zone of the stations, µs ahead of UTC. */
  readonly offset: Micros;
  /** Bytes of incomplete reports, all stations together. */
  readonly bound: number;
  /** Time for the next packet before a missing one is asked for. */
  readonly timeout: Micros;
}

/** Puts reports in packets together (mode M3), and asks for packets that are missing. */
export class Packets {
  readonly #o: PacketOptions;
  /** Bytes of incomplete reports. */
  #held = 0;
  /** Stations whose report is coming in. */
  readonly #sending = new Set<Station>();

  constructor(options: PacketOptions) {
    this.#o = options;
  }

  /** Bytes of reports that are not complete. */
  get held(): number {
    return this.#held;
  }

  /** Takes a packet; the whole body when it was the last that was missing. */
  take(station: Station, frame: PacketFrame): Body | undefined {
    const now = this.#o.clock.now();
    const { total, sequence } = frame.packet;
    if (total === 0 || sequence === 0 || sequence > total) {
      this.#count("sl651_packets_senseless", "Packets with impossible numbers.");
      return undefined;
    }
    let { assembly } = station;
    if (assembly === undefined && isAfterwards(station, frame, now - this.#o.timeout)) {
      this.#count("sl651_packets_repeated", "Packets of a report that was whole already.");
      return undefined;
    }
    if (assembly === undefined || !continues(assembly, frame)) {
      this.#giveUp(station, "replaced");
      assembly = new Assembly(frame, now);
      station.assembly = assembly;
      this.#sending.add(station);
    }
    if (!this.#makeRoom(frame.body.length, station)) return undefined;
    this.#held += assembly.take(frame, now);
    if (assembly.complete) {
      this.#forget(station);
      station.whole = { code: frame.code, total, at: now };
      return { encoding: frame.encoding, code: frame.code, bytes: assembly.join() };
    }
    // ETX ends the sending; so does it every packet that is sent again.
    if (frame.end === ETX) this.#ask(station, assembly);
    return undefined;
  }

  /** The largest report goes first: one without end must not keep out those of others. False when it is the station's own that went. */
  #makeRoom(bytes: number, station: Station): boolean {
    while (this.#held + bytes > this.#o.bound) {
      let largest = station;
      for (const other of this.#sending) {
        if ((other.assembly?.bytes ?? 0) > (largest.assembly?.bytes ?? 0)) largest = other;
      }
      this.#giveUp(largest, "too large");
      if (largest === station) return false;
    }
    return true;
  }

  /** Looks after the time that the next packet may take. */
  watch(station: Station, now: Micros): void {
    const { assembly } = station;
    if (assembly === undefined || now - assembly.heard < this.#o.timeout) return;
    assembly.heard = now;
    if (assembly.asked > RESENDS) this.#giveUp(station, "incomplete");
    else this.#ask(station, assembly);
  }

  /** One number a NAK; each resent packet shows the next (6.3.1.2 c, notes of tables 19 and 23). */
  #ask(station: Station, assembly: Assembly): void {
    assembly.asked++;
    if (station.mode === "m1" || station.session?.connection.open !== true) return;
    this.#count("sl651_packets_missing", "Missing packets asked for.");
    const { last, total, missing } = assembly;
    const body = writeHead(assembly.serial, this.#o.clock.wall(), {
      encoding: last.encoding,
      offset: this.#o.offset,
    });
    const packet = { total, sequence: missing };
    station.session.connection.send(writeFrame({ ...last, up: false, packet, body, end: NAK }));
  }

  #giveUp(station: Station, why: "replaced" | "too large" | "incomplete"): void {
    const { assembly } = station;
    if (assembly === undefined) return;
    this.#forget(station);
    this.#count("sl651_packets_given_up", "Reports in packets that never became whole.", { why });
    const { code, missing, total } = assembly;
    this.#o.log.warn(
      { link: this.#o.link, device: station.device.device.id, code, missing, total, why },
      "report incomplete",
    );
  }

  #forget(station: Station): void {
    this.#held -= station.assembly?.bytes ?? 0;
    this.#sending.delete(station);
    station.assembly = undefined;
  }

  #count(name: string, help: string, labels: Record<string, string> = {}): void {
    this.#o.counters.counter({ name, help, labels: { link: this.#o.link, ...labels } }).add();
  }
}

/** Whether a packet goes on with a report; a first packet that differs from the one before begins another. */
function continues(assembly: Assembly, frame: PacketFrame): boolean {
  if (!assembly.fits(frame)) return false;
  const { head } = assembly;
  return frame.packet.sequence !== 1 || head === undefined || Buffer.compare(head, frame.body) === 0;
}

/** Whether a packet, not the first, is one of a report that has become whole a moment ago: a resending went on meanwhile. */
function isAfterwards({ whole }: Station, { code, packet }: PacketFrame, since: Micros): boolean {
  if (whole === undefined || packet.sequence === 1 || whole.at < since) return false;
  return whole.code === code && whole.total === packet.total;
}
