import { expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import type { SimulationEvent } from "../../simulators/simulation-event.ts";
import { profiles } from "../simulators/play.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { Stand } from "./site.ts";

/** A river that a scenario lets rise, at a server of its own. */
async function play(stand: Stand, clock: JumpingClock, story: string) {
  const events: SimulationEvent[] = [];
  const text = `
tick: 1s
links: { rtu: { type: sl651, server: "127.0.0.1:${stand.port}" } }
devices:
  river:
    profile: sl651-river
    link: rtu
    address: { station: "0012345678" }
    every: 5m
    channels: { level: 173.2, rain_5min: 0.5 }
story:
${story}`;
  const simulation = await runScenario({
    scenario: parseScenario(text, { file: "/scenario.yaml", shown: "scenario.yaml" }),
    profiles,
    clock,
    onEvent: (event) => events.push(event),
  });
  const last = (key: string) =>
    stand.intake.readings.findLast(({ channel }) => stand.channels[channel]!.key === key);
  return {
    simulation,
    events,
    last,
    /** Time passes until a condition holds. */
    goOn: (what: string, condition: () => boolean) =>
      until(what, () => {
        clock.jump(SECOND);
        return condition();
      }),
    [Symbol.asyncDispose]: () => simulation.stop(),
  };
}

test("a scenario's station dials in, reports by the clock, tells a change at once, and is away when it is dead", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ clock });
  await using river = await play(
    stand,
    clock,
    `  - { at: 1m, set: { river.level_alarm: active, river.level: 176.2 } }
  - { at: 2m, for: 1m, faults: [{ kind: dead, on: river }] }
`,
  );
  await river.goOn("the first report", () => river.last("river.level") !== undefined);
  expect(river.last("river.level")).toMatchObject({ value: 173.2, reason: "good" });
  expect(river.last("river.mains")).toMatchObject({ value: 0 });
  await river.goOn("the change", () => river.last("river.level_alarm")?.value === 1);
  expect(river.last("river.level")).toMatchObject({ value: 176.2 });
  // The door is closed, which the station says with a 1.
  expect(river.last("river.door")).toMatchObject({ value: 0 });
  await river.goOn("it is gone", () => stand.driver.connections === 0);
  await river.goOn("it is back", () => stand.driver.connections === 1);
  expect(river.events.filter(({ kind }) => kind === "connection")).toHaveLength(3);
  expect(river.simulation.devices[0]!.where).toContain("0012345678");
});

test("an hour of five-minute values comes once an hour, each at its own time", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ clock });
  await using river = await play(stand, clock, "  []\n");
  await river.goOn("the first report", () => river.last("river.level") !== undefined);
  expect(river.last("river.rain_5min")).toBeUndefined();
  clock.jump(HOUR);
  await river.goOn("the hour", () => river.last("river.rain_5min") !== undefined);
  const rain = stand.intake.readings.filter(
    ({ channel }) => stand.channels[channel]!.key === "river.rain_5min",
  );
  expect(rain).toHaveLength(12);
  expect(rain.every(({ value }) => value === 0.5)).toBe(true);
  expect(rain.at(-1)!.time - rain[0]!.time).toBe(55 * MINUTE);
});

test("it answers when it is asked", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ clock });
  await using river = await play(stand, clock, "  []\n");
  await river.goOn("the first report", () => river.last("river.level") !== undefined);
  const { signal } = new AbortController();
  const { facts } = await stand.driver.request({ device: 0, request: "now", parameters: {}, signal });
  expect(facts.map(({ id }) => id)).toContain("Z");
});
