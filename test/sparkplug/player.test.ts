import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import type { SimulationEvent } from "../../simulators/simulation-event.ts";
import { missing } from "../servers/available.ts";
import { startMosquitto } from "../servers/mosquitto.ts";
import { profiles } from "../simulators/play.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { DriverStand } from "../tcp/driver-stand.ts";

/* Edge nodes of a scenario, and our own host application that hears them. */

const ADDRESSES = {
  at_1: "{ group: plant, node: edge, device: panel, folder: AT-1 }",
  at_2: "{ group: plant, node: edge, device: panel, folder: AT-2 }",
  at_3: "{ group: plant, node: edge, device: other }",
};
const DEVICES = Object.entries(ADDRESSES);

const site = (url: string) => `
site: { id: plant, name: 一号厂 }
http: { enabled: false }
links: { scada: { type: sparkplug, url: "${url}", rebirth: { interval: 1s }, backoff: { first: 50ms } } }
points: { hall: { name: 压缩机房, domain: gas } }
devices:
${DEVICES.map(([id, address]) => `  ${id}: { profile: sparkplug-gas, link: scada, point: hall, address: ${address} }`).join("\n")}
`;

/** Three detectors, two of them at one panel, and a host that listens. */
async function play(story: string) {
  const broker = await startMosquitto();
  const clock = new JumpingClock();
  const stand = await DriverStand.open(site(broker.url), { clock });
  await until("the host listens", () => stand.total("sparkplug_rebirth_requests") > 0);
  const events: SimulationEvent[] = [];
  const devices = DEVICES.map(
    ([id, address]) =>
      `  ${id}: { profile: sparkplug-gas, link: scada, address: ${address}, every: 10s, channels: { lel: 2 } }`,
  );
  const text = `
tick: 1s
links: { scada: { type: sparkplug, url: "${broker.url}" } }
devices:
${devices.join("\n")}
story:
${story}`;
  const simulation = await runScenario({
    scenario: parseScenario(text, { file: "/scenario.yaml", shown: "scenario.yaml" }),
    profiles,
    clock,
    onEvent: (event) => events.push(event),
  });
  const lel = (device: string) =>
    stand.intake.readings.filter(
      ({ channel }) => stand.configuration.site.channels[channel]!.key === `${device}.lel`,
    );
  const health = () =>
    stand.intake.health
      .filter(({ thing }) => thing === "device")
      .map(({ index, up }) => `${stand.configuration.site.devices[index]!.id} ${up ? "up" : "down"}`);
  return {
    stand,
    events,
    lel,
    health,
    total: (name: string) => stand.total(`sparkplug_${name}`),
    simulation,
    /** Time passes, a second at a time, until a condition holds. */
    goOn: (what: string, condition: () => boolean) =>
      until(
        what,
        () => {
          if (condition()) return true;
          clock.jump(SECOND);
          return false;
        },
        { everyMs: 20, withinMs: 20_000 },
      ),
    [Symbol.asyncDispose]: async () => {
      await simulation.stop();
      await stand[Symbol.asyncDispose]();
      await broker.close();
    },
  };
}

describe.skipIf(missing("mosquitto"))("edge nodes of a scenario", () => {
  test("are born, report by the clock, and tell a change of state at once", async () => {
    await using plant = await play("  - { at: 3s, set: { at_1.alarm: active, at_1.lel: 30 } }\n");
    await plant.goOn("all are there", () => plant.health().length === 3);
    expect(plant.lel("at_3")[0]).toMatchObject({ value: 2, reason: "good" });
    await plant.goOn("the change", () => plant.lel("at_1").at(-1)?.value === 30);
    expect(plant.lel("at_2").every(({ value }) => value === 2)).toBe(true);
    // One node with two devices.
    expect(plant.total("births")).toBe(3);
    expect(plant.total("gaps") + plant.total("unknown_aliases") + plant.total("undecodable")).toBe(0);
    expect(plant.simulation.devices.map(({ where }) => where)).toContainEqual(
      expect.stringContaining("plant/edge/panel/AT-1"),
    );
  });

  test("a device that dies, and a node that is gone without a word; both come back", async () => {
    await using plant = await play(
      `  - { at: 5s, for: 10s, faults: [{ kind: dead, on: at_3 }] }
  - { at: 30s, for: 10s, faults: [{ kind: dead, on: link@scada }] }
`,
    );
    await plant.goOn("the device dies", () => plant.health().includes("at_3 down"));
    expect(plant.total("deaths")).toBe(1);
    await plant.goOn("it is back", () => plant.health().filter((line) => line === "at_3 up").length === 2);
    expect(plant.health()).not.toContain("at_1 down");
    await plant.goOn("the node dies", () => plant.health().includes("at_1 down"));
    await plant.goOn("it is back", () => plant.health().filter((line) => line === "at_1 up").length === 2);
    // There, gone, and there again: three devices each.
    await plant.goOn(
      "it is told",
      () => plant.events.filter(({ kind }) => kind === "connection").length === 9,
    );
  });

  test("a lost message, wrong aliases and nonsense: the host asks for births, and hears on", async () => {
    await using plant = await play(
      `  - { at: 5s, for: 6s, faults: [{ kind: lost, on: at_1 }] }
  - { at: 25s, for: 11s, faults: [{ kind: wrong-alias, on: at_2 }] }
  - { at: 50s, for: 11s, faults: [{ kind: malformed, on: at_3 }] }
  - { at: 5s, set: { at_1.lel: 40 } }
`,
    );
    await plant.goOn("all are there", () => plant.health().length === 3);
    // The birth that the gap brought says what was lost.
    await plant.goOn("the gap is seen", () => plant.total("gaps") === 1);
    await plant.goOn("nothing is missing", () => plant.lel("at_1").at(-1)?.value === 40);
    await plant.goOn("wrong aliases are seen", () => plant.total("unknown_aliases") > 0);
    await plant.goOn("nonsense is seen", () => plant.total("undecodable") > 0);
    const births = plant.total("births");
    await plant.goOn("it is born again", () => plant.total("births") >= births + 3);
    const heard = plant.lel("at_3").length;
    await plant.goOn("and goes on", () => plant.lel("at_3").length > heard + 1);
    expect(plant.lel("at_3").at(-1)).toMatchObject({ value: 2, reason: "good" });
  });

  test("what a device kept comes together, as historical, each value at its time", async () => {
    await using plant = await play(
      `  - { at: 5s, for: 60s, faults: [{ kind: kept, on: at_1 }] }
  - { at: 15s, for: 20s, set: { at_1.lel: 55 } }
`,
    );
    await plant.goOn("the burst", () => plant.total("historical") > 0);
    const kept = plant.lel("at_1").filter(({ value }) => value === 55);
    expect(kept.length).toBeGreaterThan(1);
    const times = kept.map(({ time }) => time);
    expect(new Set(times).size).toBe(times.length);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(plant.total("gaps")).toBe(0);
  });
});
