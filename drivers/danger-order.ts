import { type ChannelIndex, NO_TIME, type ReadingBatch } from "../model/reading.ts";
import type { Channel } from "../model/site.ts";
import type { Micros } from "../model/time.ts";

/**
 * A clock that was set back makes new danger look older than the all-clear before it, and what is late raises nothing. So danger that
 * comes with a time before one that its channel gave earlier is of now. For messages that tell what is, not for what a logger had stored.
 */
export class DangerOrder {
  /** The latest time of its own of each channel that asserts danger. */
  readonly #latest = new Map<ChannelIndex, Micros>();

  /** `devices`: all of a link. */
  constructor(devices: Iterable<{ readonly channels: readonly { readonly channel: Channel }[] }>) {
    for (const { channels } of devices) {
      for (const { channel } of channels) {
        if (channel.danger) this.#latest.set(channel.index, Number.NEGATIVE_INFINITY);
      }
    }
  }

  /** Puts the times of a message right, in place; `from`: the first of its readings. */
  settle({ channel, value, time, length }: ReadingBatch, from = 0): void {
    if (this.#latest.size === 0) return;
    for (let i = from; i < length; i++) {
      const index = channel[i]!;
      const latest = this.#latest.get(index);
      const said = time[i]!;
      // A time that cannot be one stays: the gateway refuses it, and tells of the clock.
      if (latest === undefined || !(said > 0)) continue;
      if (said > latest) this.#latest.set(index, said);
      else if (said < latest && value[i]! > 0) time[i] = NO_TIME;
    }
  }
}
