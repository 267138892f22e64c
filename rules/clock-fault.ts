import { REASON } from "../model/quality.ts";
import { FLAG_CLOCK_SUSPECT, FLAG_DERIVED, FLAG_DEVICE_TIME, FLAG_TIME_REFUSED } from "../model/reading.ts";
import type { Site } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import type { ChannelMemory } from "./channel-memory.ts";
import type { EventStream } from "./event-stream.ts";
import type { EngineSettings } from "./settings.ts";

export interface ClockFaultParts {
  readonly site: Site;
  readonly settings: EngineSettings;
  readonly book: AlarmBook;
  readonly stream: EventStream;
  readonly memory: ChannelMemory;
}

/**
 * *Device clock wrong* (semantics.md 13, 14): one alarm a device, while the time of any of its channels is refused or suspect.
 * It returns when all of them have given a credible time again.
 */
export class ClockFaults {
  readonly #p: ClockFaultParts;
  readonly #wrong: Uint8Array;
  readonly #wrongOnDevice: Uint32Array;
  readonly #watched: Uint8Array;
  #total = 0;

  constructor(parts: ClockFaultParts) {
    this.#p = parts;
    const { channels, devices, points } = parts.site;
    this.#wrong = new Uint8Array(channels.length);
    this.#wrongOnDevice = new Uint32Array(devices.length);
    this.#watched = Uint8Array.from(channels, (channel) => (points[channel.point]?.stage === "live" ? 1 : 0));
  }

  /** Looks at the flags of one evaluated reading. */
  reading(channel: number, flags: number, now: Micros): void {
    const wrong = (flags & (FLAG_TIME_REFUSED | FLAG_CLOCK_SUSPECT)) !== 0;
    if (!wrong && this.#total === 0) return;
    if ((flags & FLAG_DERIVED) !== 0 || this.#watched[channel] === 0) return;
    if (wrong === (this.#wrong[channel] === 1)) return;
    // A reading without a time of its own says nothing about the clock.
    if (!wrong && (flags & FLAG_DEVICE_TIME) === 0) return;
    const device = this.#p.site.channels[channel]!.device;
    this.#mark(channel, wrong);
    const { book, stream, settings, memory } = this.#p;
    const decision = {
      at: now,
      value: memory.value[channel]!,
      reason: wrong ? REASON.clock_suspect : REASON.good,
      measured: memory.time[channel]!,
      limit: Number.NaN,
      mode: memory.mode(channel),
    };
    const alarm = book.builtIn("clock-fault", { kind: "device", index: device });
    if (wrong) assertAlarm(stream, alarm, { severity: settings.clockFault.severity, decision });
    else if (this.#wrongOnDevice[device] === 0) clearAlarm(stream, alarm, decision);
  }

  /** Keys of the channels whose clock is wrong; JSON-safe. */
  state(): string[] {
    return this.#p.site.channels.filter(({ index }) => this.#wrong[index] === 1).map(({ key }) => key);
  }

  restore(state: readonly string[]): void {
    const keys = new Set(state);
    for (const { key, index } of this.#p.site.channels) {
      if (keys.has(key) && this.#watched[index] === 1) this.#mark(index, true);
    }
  }

  /** Whether any channel stands behind this alarm. */
  holds(alarm: Alarm): boolean {
    return this.#p.site.devices.some(
      ({ key, index }) => key === alarm.subject && this.#wrongOnDevice[index]! > 0,
    );
  }

  #mark(channel: number, wrong: boolean): void {
    const step = wrong ? 1 : -1;
    this.#wrong[channel] = wrong ? 1 : 0;
    this.#wrongOnDevice[this.#p.site.channels[channel]!.device]! += step;
    this.#total += step;
  }
}
