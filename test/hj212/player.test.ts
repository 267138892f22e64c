import { expect, test } from "vitest";
import { HOUR, SECOND } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import type { SimulationEvent } from "../../simulators/simulation-event.ts";
import { profiles } from "../simulators/play.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { MN, Stand } from "./site.ts";

/** A logger that a scenario plays, at a server of its own. */
async function play(stand: Stand, clock: JumpingClock, story: string) {
  const events: SimulationEvent[] = [];
  const text = `
tick: 1s
links: { air: { type: hj212, server: "127.0.0.1:${stand.inner.port}" } }
devices:
  logger:
    profile: hj212-harmful-gas
    link: air
    address: { mn: ${MN} }
    every: 1m
    channels: { h2s: 0.4, nh3: 0.2, h2s_hour: 0.5 }
story:
${story}`;
  const simulation = await runScenario({
    scenario: parseScenario(text, { file: "/scenario.yaml", shown: "scenario.yaml" }),
    profiles,
    clock,
    onEvent: (event) => events.push(event),
  });
  const { channels } = stand.inner.configuration.site;
  const last = (key: string) =>
    stand.inner.intake.readings.findLast(({ channel }) => channels[channel]!.key === key);
  return {
    simulation,
    events,
    last,
    goOn: (what: string, condition: () => boolean) =>
      until(what, () => {
        clock.jump(SECOND);
        return condition();
      }),
    [Symbol.asyncDispose]: () => simulation.stop(),
  };
}

test("a scenario's logger dials in, reports by the clock with flags, and is away when it is dead", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ profile: "hj212-harmful-gas" }, { clock });
  await using yard = await play(
    stand,
    clock,
    `  - { at: 70s, set: { logger.h2s: 12 } }
  - { at: 130s, for: 1m, faults: [{ kind: code, on: logger.h2s, reason: calibrating }, { kind: nan, on: logger.nh3 }] }
  - { at: 4m, for: 1m, faults: [{ kind: dead, on: logger }] }
`,
  );
  await yard.goOn("the first report", () => yard.last("logger.h2s") !== undefined);
  expect(yard.last("logger.h2s")).toMatchObject({ value: 0.4, reason: "good" });
  await yard.goOn("the gas", () => yard.last("logger.h2s")?.value === 12);
  await yard.goOn("the calibration", () => yard.last("logger.h2s")?.reason === "calibrating");
  expect(yard.last("logger.nh3")).toMatchObject({ value: Number.NaN, reason: "missing_value" });
  await yard.goOn("it is gone", () => stand.inner.driver.connections === 0);
  await yard.goOn("it is back", () => stand.inner.driver.connections === 1);
  expect(yard.events.filter(({ kind }) => kind === "connection")).toHaveLength(3);
  expect(yard.simulation.devices[0]!.where).toContain(MN);
});

test("hourly data comes when an hour has ended, with the time of its end", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ profile: "hj212-harmful-gas" }, { clock });
  await using yard = await play(stand, clock, "  []\n");
  await yard.goOn("the first report", () => yard.last("logger.h2s") !== undefined);
  expect(yard.last("logger.h2s_hour")).toBeUndefined();
  clock.jump(HOUR);
  await yard.goOn("the hour", () => yard.last("logger.h2s_hour") !== undefined);
  const { time, value } = yard.last("logger.h2s_hour")!;
  expect(value).toBe(0.5);
  expect(time % HOUR).toBe(0);
  expect(clock.wall() - time).toBeLessThan(HOUR);
});
