import type { Reason } from "./quality.ts";
import type { Micros } from "./time.ts";

/** Index of a channel in `Site.channels`. Dense, so that arrays serve as maps; valid for one loaded configuration only. */
export type ChannelIndex = number;

/** The value's time was given by the instrument and is trusted. Without it `time` is the gateway's. */
export const FLAG_DEVICE_TIME = 1;
/** Older than the last evaluated reading of its channel: history only, never touches a live alarm. */
export const FLAG_LATE = 2;
/** The instrument's time was refused; `time` is `received`, and the quality counts as uncertain at best. */
export const FLAG_TIME_REFUSED = 4;
/** The instrument's clock was set back or disagrees; quality counts as uncertain at best. */
export const FLAG_CLOCK_SUSPECT = 8;
/** Two bits for the mode: 0 live, 1 test, 2 exercise, 3 simulated (order of `MODES`). */
export const FLAG_MODE_SHIFT = 4;
export const FLAG_MODE_MASK = 0b11 << FLAG_MODE_SHIFT;
/** Computed from other channels of the same message. */
export const FLAG_DERIVED = 64;

/**
 * The instrument's time lies before a reading that came without one, so their order is not known: the quality counts as
 * uncertain at best.
 */
export const FLAG_ORDER_UNKNOWN = 128;

/** "The instrument gave no time": the intake puts its own in place. */
export const NO_TIME: Micros = Number.NaN;

/** How much room a batch starts with; one message rarely has more values. */
const FIRST_CAPACITY = 64;

/**
 * The readings of one message, in columns. A driver fills one, hands it to the intake, clears it and fills it again:
 * the intake copies what it needs before it returns. All readings of a batch are evaluated together.
 */
export class ReadingBatch {
  length = 0;
  channel = new Uint32Array(FIRST_CAPACITY);
  value = new Float64Array(FIRST_CAPACITY);
  reason = new Uint8Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  time = new Float64Array(FIRST_CAPACITY);
  /**
   * Identity of the message in its protocol, 64 bits in two halves; both 0 when the protocol gives none. The journal keeps
   * it, so that a repeat is recognised after a restart too.
   */
  identityHigh = 0;
  identityLow = 0;

  /** Appends a reading. `time` is NO_TIME when the instrument gave none. A bad value is NaN unless the instrument asserted one. */
  add(channel: ChannelIndex, value: number, reason: Reason, time: Micros = NO_TIME): void {
    const i = this.length;
    if (i === this.channel.length) this.#grow();
    this.channel[i] = channel;
    this.value[i] = value;
    this.reason[i] = reason;
    this.flags[i] = 0;
    this.time[i] = time;
    this.length = i + 1;
  }

  clear(): void {
    this.length = 0;
    this.identityHigh = 0;
    this.identityLow = 0;
  }

  #grow(): void {
    const capacity = this.channel.length * 2;
    const channel = new Uint32Array(capacity);
    channel.set(this.channel);
    this.channel = channel;
    const value = new Float64Array(capacity);
    value.set(this.value);
    this.value = value;
    const reason = new Uint8Array(capacity);
    reason.set(this.reason);
    this.reason = reason;
    const flags = new Uint8Array(capacity);
    flags.set(this.flags);
    this.flags = flags;
    const time = new Float64Array(capacity);
    time.set(this.time);
    this.time = time;
  }
}
