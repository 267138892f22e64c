import type { Site } from "../../model/site.ts";
import type { Clock, Micros, Timer } from "../../model/time.ts";
import type { Payloads } from "./payload.ts";
import type { PresentState } from "./present.ts";
import { readingTopic } from "./topics.ts";

export interface LatestReadingsOptions {
  readonly site: Site;
  readonly payloads: Payloads;
  readonly engine: Pick<PresentState, "channel">;
  readonly clock: Clock;
  readonly every: Micros;
  readonly publish: (name: string, payload: string) => void;
}

/**
 * Publishes each channel that has a new reading, at an interval and only the newest one: off the hot path, and bounded by the
 * number of channels whatever comes in.
 */
export class LatestReadings {
  readonly #o: LatestReadingsOptions;
  readonly #told: Float64Array;
  #timer: Timer | undefined;

  constructor(options: LatestReadingsOptions) {
    this.#o = options;
    this.#told = new Float64Array(options.site.channels.length).fill(Number.NaN);
  }

  start(): void {
    this.#timer = this.#o.clock.after(this.#o.every, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { site, payloads, engine, publish } = this.#o;
    for (const channel of site.channels) {
      const reading = engine.channel(channel.index);
      if (!Number.isFinite(reading.received)) continue;
      if (this.#told[channel.index] === reading.received) continue;
      this.#told[channel.index] = reading.received;
      publish(
        readingTopic(site.devices[channel.device]!.id, channel.id),
        JSON.stringify(payloads.reading(reading)),
      );
    }
  }
}
