import { REASON, type Reason } from "../model/quality.ts";
import type { Micros } from "../model/time.ts";
import type { SnapshotValue } from "./driver.ts";

/** What one channel said last. */
interface Entry {
  value: number;
  reason: Reason;
  time: Micros;
  raw: string;
  from: string;
  heard: boolean;
  /** The latest time of the device's own. */
  deviceTime: Micros;
}

/** What the channels of one device said last: for `tocsin read`, and to know what a reset has to end. */
export class Said {
  readonly #entries: Entry[];
  readonly #ids: readonly string[];

  /** `ids`: the channels' ids within the device, by slot. */
  constructor(ids: readonly string[]) {
    this.#ids = ids;
    this.#entries = ids.map(() => ({
      value: Number.NaN,
      reason: REASON.good,
      time: Number.NaN,
      raw: "",
      from: "",
      heard: false,
      deviceTime: Number.NEGATIVE_INFINITY,
    }));
  }

  /** The value of a slot; NaN when nothing is known. */
  value(slot: number): number {
    return this.#entries[slot]!.value;
  }

  /** Whether a time of the device's lies before one that it gave earlier: its clock was set back, or this is old. */
  isBack(slot: number, time: Micros): boolean {
    return time < this.#entries[slot]!.deviceTime;
  }

  /** Keeps a time that the device gave. */
  timed(slot: number, time: Micros): void {
    const entry = this.#entries[slot]!;
    if (time > entry.deviceTime) entry.deviceTime = time;
  }

  /** What was known before this run: not heard, but standing. */
  remember(slot: number, value: number): void {
    this.#entries[slot]!.value = value;
  }

  hear(slot: number, said: { value: number; reason: Reason; time: Micros; raw: string; from: string }): void {
    const entry = this.#entries[slot]!;
    entry.value = said.value;
    entry.reason = said.reason;
    entry.time = said.time;
    entry.raw = said.raw;
    entry.from = said.from;
    entry.heard = true;
  }

  /** Everything heard in this run. */
  values(): SnapshotValue[] {
    return this.#entries.flatMap(({ heard, value, reason, time, raw, from }, slot) =>
      heard ? [{ channel: this.#ids[slot]!, raw, from, value, reason, time }] : [],
    );
  }
}
