import { describe, expect, test } from "vitest";
import { REASON_NAMES } from "../../model/quality.ts";
import { quantityRow } from "../../model/quantity.ts";
import { play, profiles } from "../simulators/play.ts";
import { componentOf, placesOf, scenarioOf, stepOf, variants } from "../simulators/played-profile.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { ModbusSite } from "./site.ts";

/*
 * The whole library at once: each product is played from its profile and read by the driver as `tocsin read` does, with
 * everything that decides about a value: states, self-checks, units in registers, triggers.
 */

const link = `links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }`;
const cases = [...profiles.values()].flatMap(variants);

describe("every Modbus product, on an ordinary day", () => {
  test.each(cases)(
    "$title: every channel is good, and what the instrument shows",
    async ({ profile, exclude }) => {
      await using played = await play(scenarioOf(profile, link), {
        profiles: new Map([[profile.id, profile]]),
      });
      const component = componentOf(profile);
      const site = new ModbusSite([
        {
          id: "dut",
          profile: profile.id,
          unit: 3,
          exclude,
          writes: Object.keys(profile.modbus!.outputs),
          ...(component === undefined ? {} : { components: { part: component } }),
        },
      ]);
      const driver = await site.driver("modbus-tcp", { host: "127.0.0.1", port: played.port("bus") });
      await driver.start(new RecordingIntake());
      try {
        const read = await driver.read(0, AbortSignal.timeout(10_000));
        for (const { key, place } of placesOf(profile)) {
          const id = key.replace("dut:", "").replace("dut.", "");
          const value = read.find(({ channel }) => channel === id);
          const meant = played.simulation.value(key);
          expect(value, `${key} among ${read.map(({ channel }) => channel).join(", ")}`).toBeDefined();
          expect([REASON_NAMES[value!.reason], value!.from], key).toEqual(["good", value!.from]);
          const { unit } = quantityRow(profile.channels[place.local]!.quantity);
          const off = Math.abs(value!.value - meant!);
          expect(off, `${key}: ${value!.value} instead of ${meant}`).toBeLessThanOrEqual(
            stepOf(place, { unit, meant: meant! }),
          );
        }
      } finally {
        await driver.stop();
      }
    },
  );
});
