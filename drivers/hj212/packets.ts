import type { Clock, Micros } from "../../model/time.ts";
import { Assembly } from "./assembly.ts";
import type { Counts } from "./counts.ts";
import type { Report } from "./report.ts";
import type { Segment } from "./segment.ts";

export interface PacketOptions {
  /** Bytes of incomplete reports, all devices together. */
  readonly bound: number;
  /** Time for the next packet. */
  readonly timeout: Micros;
  readonly clock: Clock;
  readonly counts: Pick<Counts, "packetsRepeated" | "packetsGivenUp">;
  readonly onGivenUp: (mn: string, why: string) => void;
}

/** Puts reports in packets (PNUM, PNO) together: one at a time of each device, within a bound and a time. */
export class Packets {
  readonly #o: PacketOptions;
  readonly #assemblies = new Map<string, Assembly>();
  /** Bytes of incomplete reports. */
  #held = 0;

  constructor(options: PacketOptions) {
    this.#o = options;
  }

  /** Bytes of reports that are not complete. */
  get held(): number {
    return this.#held;
  }

  /** Takes a packet; the whole report when it was the last that was missing. */
  take(mn: string, { segment, doubted, answer }: Report): Report | undefined {
    const { packet } = segment;
    if (packet === undefined) return { segment, doubted, answer };
    const now = this.#o.clock.now();
    let assembly = this.#assemblies.get(mn);
    if (assembly === undefined || !assembly.fits(segment) || assembly.contradicts(segment)) {
      if (assembly !== undefined) this.#giveUp(mn, assembly, "replaced");
      assembly = new Assembly(segment, packet.total, now);
      this.#assemblies.set(mn, assembly);
    }
    if (!this.#makeRoom(segment.cp.length, mn)) return undefined;
    const kept = assembly.take(packet.number, segment.cp, now);
    if (kept === 0 && segment.cp.length > 0) this.#o.counts.packetsRepeated.add();
    this.#held += kept;
    assembly.answer ||= answer;
    assembly.doubted ||= doubted;
    if (!assembly.complete) return undefined;
    this.#forget(mn, assembly);
    const whole: Segment = { ...assembly.first, packet: undefined, cp: assembly.join() };
    return { segment: whole, doubted: assembly.doubted, answer: assembly.answer };
  }

  /** The largest report goes first: one without end must not keep out those of others. False when it is the device's own that went. */
  #makeRoom(bytes: number, mn: string): boolean {
    while (this.#held + bytes > this.#o.bound) {
      let largest: [string, Assembly] = [mn, this.#assemblies.get(mn)!];
      for (const other of this.#assemblies) if (other[1].bytes > largest[1].bytes) largest = other;
      this.#giveUp(...largest, "too large");
      if (largest[0] === mn) return false;
    }
    return true;
  }

  /** Gives up what waits too long for its next packet. */
  watch(now: Micros): void {
    for (const [mn, assembly] of this.#assemblies) {
      if (now - assembly.heard >= this.#o.timeout) this.#giveUp(mn, assembly, "incomplete");
    }
  }

  #giveUp(mn: string, assembly: Assembly, why: "replaced" | "too large" | "incomplete"): void {
    this.#forget(mn, assembly);
    this.#o.counts.packetsGivenUp(why);
    this.#o.onGivenUp(mn, `${why}, ${assembly.missing} packets are missing`);
  }

  #forget(mn: string, assembly: Assembly): void {
    this.#held -= assembly.bytes;
    this.#assemblies.delete(mn);
  }
}
