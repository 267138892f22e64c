import type { z } from "zod";
import type { payloadSectionSchema } from "../../drivers/mqtt/profile.ts";
import { DENIED, type Origin, Reception } from "../../drivers/mqtt/reception.ts";
import { Router } from "../../drivers/mqtt/router.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SECOND } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { type TestDevice, TestSite } from "./site.ts";

/** A profile's section for payloads, as written. */
export type Payload = z.input<typeof payloadSectionSchema>;

/** 2026-05-21T06:30:05Z */
export const MOMENT = Date.UTC(2026, 4, 21, 6, 30, 5) * 1000;

/** Devices that publish, and what of it enters the intake. */
export class Field {
  readonly site: TestSite;
  readonly intake = new RecordingIntake();
  readonly counters = new CounterRegistry();
  readonly reception: Reception;
  readonly router: Router;

  constructor(...devices: TestDevice[]) {
    this.site = new TestSite(devices);
    this.router = new Router(this.site.devices);
    const link = { index: 0, id: "broker" };
    this.reception = new Reception({
      link,
      router: this.router,
      clock: new ManualClock(),
      counters: this.counters,
    });
    this.reception.start(this.intake);
  }

  /** Publishes, and tells what entered: `key value reason`, with the time where the device gave one. */
  say(
    topic: string,
    payload: unknown,
    { old = false, origin }: { old?: boolean; origin?: Origin } = {},
  ): string[] {
    const route = this.router.find(topic);
    if (route === undefined) throw new Error(`nobody speaks on ${topic}`);
    const bytes = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
    const before = this.intake.messages.length;
    const ticket = this.reception.take(
      route,
      { topic, payload: bytes, qos: 0, dup: false, packetId: 0, old },
      origin ?? { seed: 1, devices: undefined },
    );
    if (ticket === DENIED) return ["denied"];
    return this.intake.messages.slice(before).flatMap(({ readings }) =>
      readings.map(({ channel, value, reason, time }) => {
        const at = Number.isNaN(time) ? "" : ` @${(time - MOMENT) / SECOND}`;
        return `${this.site.key(channel)} ${value} ${reason}${at}`;
      }),
    );
  }
}

/** A gauge with a depth from 0 to 20 m and a battery. */
export const gauge = (payload: Payload, id = "g"): TestDevice => ({
  id,
  profile: {
    channels: {
      depth: { quantity: "water_depth", range: { low: 0, high: 20 } },
      battery: { quantity: "battery" },
    },
    payload: { topic: "t/{device}", ...payload },
  },
});
/** A smoke alarm. */
export const alarm = (payload: Payload): TestDevice => ({
  id: "s",
  profile: {
    channels: {
      smoke: { quantity: "smoke" },
      battery_low: { quantity: "battery_low" },
      temperature: { quantity: "temperature" },
    },
    payload: { topic: "t/{device}", ...payload },
  },
});
