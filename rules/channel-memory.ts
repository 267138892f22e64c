import { MODES, type Mode } from "../model/domain.ts";
import type { Reason } from "../model/quality.ts";
import { FLAG_MODE_MASK, FLAG_MODE_SHIFT } from "../model/reading.ts";
import type { Channel } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Decision } from "./event-stream.ts";
import { captureTable, rowsOf, type StateRows, type StateTable } from "./state-table.ts";

/**
 * What it holds, by channel: value, reason, time, received; the same of the last usable reading without `received`; mode bits.
 * Only channels that were heard.
 */
export type ChannelMemoryState = StateTable | StateRows;

/** What each channel said last, and what it said last that could be relied on. Late readings leave no trace here. */
export class ChannelMemory {
  readonly #channels: readonly Channel[];
  readonly value: Float64Array;
  readonly reason: Uint8Array;
  readonly time: Float64Array;
  /** NaN: never heard. */
  readonly received: Float64Array;
  readonly #usableValue: Float64Array;
  readonly #usableReason: Uint8Array;
  readonly #usableTime: Float64Array;
  readonly #mode: Uint8Array;

  constructor(channels: readonly Channel[]) {
    const n = channels.length;
    this.#channels = channels;
    this.value = new Float64Array(n).fill(Number.NaN);
    this.reason = new Uint8Array(n);
    this.time = new Float64Array(n).fill(Number.NaN);
    this.received = new Float64Array(n).fill(Number.NaN);
    this.#usableValue = new Float64Array(n).fill(Number.NaN);
    this.#usableReason = new Uint8Array(n);
    this.#usableTime = new Float64Array(n).fill(Number.NaN);
    this.#mode = Uint8Array.from(channels, (channel) => MODES.indexOf(channel.mode));
  }

  /** Keeps a reading; `usable`: good or uncertain. */
  keep(
    channel: number,
    reading: { value: number; reason: Reason; time: Micros; received: Micros },
    usable: boolean,
  ): void {
    this.value[channel] = reading.value;
    this.reason[channel] = reading.reason;
    this.time[channel] = reading.time;
    this.received[channel] = reading.received;
    if (!usable) return;
    this.#usableValue[channel] = reading.value;
    this.#usableReason[channel] = reading.reason;
    this.#usableTime[channel] = reading.time;
  }

  /** Notes the mode bits of a reading's flags. */
  mark(channel: number, flags: number): void {
    this.#mode[channel] = (flags & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT;
  }

  mode(channel: number): Mode {
    return MODES[this.#mode[channel]!] ?? "live";
  }

  /** Behind a transition that no reading decided: the last usable reading (semantics.md 23). */
  lastUsable(channel: number, at: Micros): Decision {
    return {
      at,
      value: this.#usableValue[channel]!,
      reason: this.#usableReason[channel]!,
      measured: this.#usableTime[channel]!,
      limit: Number.NaN,
      mode: this.mode(channel),
    };
  }

  heard(channel: number): boolean {
    return !Number.isNaN(this.received[channel]!);
  }

  state(): ChannelMemoryState {
    const heard = this.#channels.filter(({ index }) => this.heard(index));
    return captureTable(
      this.#channels.map(({ key }) => key),
      heard.map(({ index }) => index),
      this.#columns(),
    );
  }

  restore(state: ChannelMemoryState): void {
    const rowOf = rowsOf(state);
    const columns = this.#columns();
    for (const { key, index } of this.#channels) {
      const row = rowOf(key);
      if (row === undefined) continue;
      columns.forEach((column, i) => {
        column[index] = row[i]!;
      });
    }
  }

  #columns(): readonly (Float64Array | Uint8Array)[] {
    return [
      this.value,
      this.reason,
      this.time,
      this.received,
      this.#usableValue,
      this.#usableReason,
      this.#usableTime,
      this.#mode,
    ];
  }
}
