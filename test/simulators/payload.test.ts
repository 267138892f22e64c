import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileMessage } from "../../drivers/payload/message.ts";
import { ReceivedPayload } from "../../drivers/payload/received-payload.ts";
import { BAD, qualityOf, REASON } from "../../model/quality.ts";
import { isDiscrete } from "../../model/quantity.ts";
import { FLAG_MODE_MASK, ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import type { PlayedChannel } from "../../simulators/instrument.ts";
import { momentAt } from "../../simulators/moment.ts";
import { deviceTopic, PayloadBuilder } from "../../simulators/payload.ts";
import { rehearse } from "../../simulators/rehearsal.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import { Story } from "../../simulators/story.ts";
import { SOME_MORNING } from "../support/manual-clock.ts";
import { profiles } from "./play.ts";

/*
 * The simulators say by a profile what the driver reads by it: the two halves check each other, over all profiles.
 */

const payloadProfiles = [...profiles.values()].filter(({ payload }) => payload !== undefined);

function instrumentOf(profile: string, channels: Record<string, number>, faults: object[] = []) {
  const text = JSON.stringify({
    links: { air: { type: "mqtt", url: "mqtt://127.0.0.1:1" } },
    devices: { dut: { profile, link: "air", channels } },
    story: faults.length === 0 ? [] : [{ at: "0s", for: "10s", faults }],
  });
  const scenario = parseScenario(text, { file: "/scenario.yaml" });
  const { instruments } = rehearse({ scenario, profiles }, new Story(scenario.scenario));
  return instruments[0]!;
}

/** As the gateway would know it. */
function channelOf(played: PlayedChannel, index: number): Channel {
  const { id, key, quantity, unit, range, report } = played;
  return {
    index,
    id,
    key,
    quantity,
    unit,
    report,
    ...(range === undefined ? {} : { range }),
    name: { zh: id, en: id },
    device: 0,
    point: 0,
    danger: false,
    period: 0,
    stale: 0,
    heartbeat: 0,
    greatestDelay: 0,
    mode: "live",
  };
}

interface Told {
  value: number;
  reason: number;
  time: number;
  test: boolean;
}

/** Builds the first message of a device and reads it with the driver's decoder: readings by channel id. */
function tell(instrument: ReturnType<typeof instrumentOf>, focus?: number): Map<string, Told> {
  const { device } = instrument;
  if (!("payload" in device.section)) throw new Error("no payload section");
  const message = device.section.payload.messages[0]!;
  const text = new PayloadBuilder(instrument, message).build(momentAt(0, { tick: 1, repeat: undefined }), {
    time: SOME_MORNING,
    focus,
  });
  const channels = device.channels.map(channelOf);
  const byLocal = new Map(device.channels.map((played, i) => [played.local, channels[i]!]));
  const batch = new ReadingBatch();
  const decoder = compileMessage(message, byLocal, { name: instrument.device.id });
  decoder.decode(new ReceivedPayload(Buffer.from(text)).root(decoder), batch);
  const told = new Map<string, Told>();
  for (let i = 0; i < batch.length; i++) {
    told.set(channels[batch.channel[i]!]!.id, {
      value: batch.value[i]!,
      reason: batch.reason[i]!,
      time: batch.time[i]!,
      test: (batch.flags[i]! & FLAG_MODE_MASK) !== 0,
    });
  }
  return told;
}

describe.each(payloadProfiles.map(({ id }) => id))("%s", (id) => {
  const names = Object.keys(
    payloadProfiles.find((profile) => profile.id === id)!.payload!.messages[0]!.channels,
  );
  const quantity = (name: string) => profiles.get(id)!.channels[name]!.quantity;

  test("whatever its channels measure, the driver reads it, and never the opposite of a state", () => {
    const values = fc.record(
      Object.fromEntries(
        names.map((name) => {
          const { low, high } = profiles.get(id)!.channels[name]!.range ?? { low: 0, high: 100 };
          return [
            name,
            isDiscrete(quantity(name))
              ? fc.constantFrom(0, 1)
              : fc
                  .double({ min: low, max: high, noNaN: true })
                  .filter((value) => Math.abs(value) > 1e-6 || value === 0),
          ];
        }),
      ),
    );
    fc.assert(
      fc.property(values, (measured) => {
        const told = tell(instrumentOf(id, measured));
        // A device that says it is broken makes its other values bad, by its profile.
        const sound = names.every((name) => quantity(name) !== "fault" || measured[name] === 0);
        for (const [name, { value, reason, time, test }] of told) {
          if (sound) expect(qualityOf(reason), name).not.toBe(BAD);
          expect(Number.isNaN(time) || time <= SOME_MORNING).toBe(true);
          expect(test).toBe(false);
          const meant = measured[name]!;
          // Seven digits are sent; two states that exclude each other in one field cannot both be told.
          if (sound && !isDiscrete(quantity(name)))
            expect(Math.abs(value - meant)).toBeLessThanOrEqual(Math.abs(meant) * 1e-6 + 1e-9);
        }
        const states = [...told].filter(([name]) => isDiscrete(quantity(name)));
        const active = names.filter((name) => isDiscrete(quantity(name)) && measured[name] === 1);
        // Danger and faults are told: with one active state it is among the readings, as active.
        if (active.length === 1) expect(told.get(active[0]!)?.value).toBe(1);
        if (sound && active.length === 0) expect(states.every(([, { value }]) => value === 0)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("not a number is read as bad", () => {
    for (const name of names.filter((one) => !isDiscrete(quantity(one)))) {
      const told = tell(instrumentOf(id, {}, [{ kind: "nan", on: `dut.${name}` }])).get(name);
      expect(told?.value).toBeNaN();
      expect(qualityOf(told!.reason)).toBe(BAD);
    }
  });
});

test("an event code tells the channel that has changed, a state code the worst", () => {
  const nb = instrumentOf("nb-iot-smoke", { smoke: 0, battery_low: 1 });
  const index = (local: string) => nb.device.channels.findIndex((channel) => channel.local === local);
  expect(tell(nb, index("smoke")).get("smoke")?.value).toBe(0);
  expect(tell(nb, index("battery_low")).get("battery_low")?.value).toBe(1);
  expect(tell(nb).get("battery_low")?.value).toBe(1);
  const gas = instrumentOf("json-gas", { alarm: 1, fault: 0 });
  const told = tell(
    gas,
    gas.device.channels.findIndex((channel) => channel.local === "fault"),
  );
  expect(told.get("alarm")?.value).toBe(1);
});

test("a reason that a profile says in a status field", () => {
  const told = tell(
    instrumentOf("json-gas", { lel: 20 }, [{ kind: "code", reason: "calibrating", on: "dut.lel" }]),
  );
  expect(told.get("lel")?.reason).toBe(REASON.calibrating);
  const gauge = tell(
    instrumentOf("json-gauge", { depth: 2 }, [{ kind: "code", raw: -9999, on: "dut.depth" }]),
  );
  expect(gauge.get("depth")).toMatchObject({ value: Number.NaN, reason: REASON.sensor_failure });
});

test("a device's own name stands where the topic wants it, wildcards become a level", () => {
  const section = profiles.get("json-smoke-alarm")!.payload!;
  expect(deviceTopic("sa-301", section, {})).toBe("devices/sa-301");
  expect(deviceTopic("sa-301", section, { id: "0x00AB" })).toBe("devices/0x00AB");
  expect(deviceTopic("sa-301", section, { topic: "v3/+/{device}/up" })).toBe("v3/simulated/sa-301/up");
});
