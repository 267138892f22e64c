import type { Reason } from "../../model/quality.ts";
import type { Micros } from "../../model/time.ts";

/** Readings that are sorted in memory: half a gigabyte. */
export const MOST_SORTED = 20_000_000;

/** One reading of a table. */
export interface TableReading {
  readonly value: number;
  readonly reason: Reason;
  readonly time: Micros;
  readonly received: Micros;
}

/** Readings to be sorted by `received`, in columns. */
export class SortedReadings {
  #room = 1_024;
  length = 0;
  channel = new Uint32Array(this.#room);
  reason = new Uint8Array(this.#room);
  value = new Float64Array(this.#room);
  time = new Float64Array(this.#room);
  received = new Float64Array(this.#room);

  /** False: there are too many. */
  add(channel: number, { value, reason, time, received }: TableReading): boolean {
    if (this.length === MOST_SORTED) return false;
    if (this.length === this.#room) this.#grow();
    const i = this.length++;
    this.channel[i] = channel;
    this.reason[i] = reason;
    this.value[i] = value;
    this.time[i] = time;
    this.received[i] = received;
    return true;
  }

  at(i: number): TableReading {
    return {
      value: this.value[i]!,
      reason: this.reason[i]!,
      time: this.time[i]!,
      received: this.received[i]!,
    };
  }

  /** Indices in order of `received`; equal ones stay in the order of the table. */
  order(): Uint32Array {
    const { received } = this;
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    return order.sort((a, b) => received[a]! - received[b]! || a - b);
  }

  #grow(): void {
    this.#room *= 2;
    const wider = <T extends Uint32Array | Uint8Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.channel = wider(this.channel, new Uint32Array(this.#room));
    this.reason = wider(this.reason, new Uint8Array(this.#room));
    this.value = wider(this.value, new Float64Array(this.#room));
    this.time = wider(this.time, new Float64Array(this.#room));
    this.received = wider(this.received, new Float64Array(this.#room));
  }
}
