import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { Instrument } from "../../simulators/instrument.ts";
import { momentAt } from "../../simulators/moment.ts";
import { rehearse } from "../../simulators/rehearsal.ts";
import { type LoadedScenario, loadScenario, parseScenario } from "../../simulators/scenario-file.ts";
import { Story } from "../../simulators/story.ts";
import { exampleSites } from "../support/example-sites.ts";

const examples = resolve(import.meta.dirname, "../../examples");
const names = exampleSites;

/** Checks a scenario with its own site; nothing is started. */
function prepare(name: string): { loaded: LoadedScenario; instruments: Instrument[] } {
  const loaded = loadScenario(join(examples, name, "scenario.yaml"));
  const site = loadConfiguration(resolve(loaded.folder, loaded.scenario.site ?? ""));
  const story = new Story(loaded.scenario);
  const { instruments } = rehearse({ scenario: loaded, site, profiles: site.profiles }, story);
  return { loaded, instruments };
}

test("there are examples", () => {
  expect(names).toEqual(expect.arrayContaining(["demo", "gas-pipeline", "geohazard", "high-rise-fire"]));
});

describe.each(names)("%s", (name) => {
  test("plays every device of its site, repeats, and speaks both languages", () => {
    const { loaded, instruments } = prepare(name);
    const site = loadConfiguration(resolve(loaded.folder, loaded.scenario.site ?? ""));
    expect(instruments.map(({ device }) => device.id).sort()).toEqual(
      site.site.devices.map(({ id }) => id).sort(),
    );
    expect(loaded.scenario.repeat).toBeGreaterThan(0);
    const said = loaded.scenario.story.flatMap(({ say }) => (say === undefined ? [] : [say]));
    expect(said.length).toBeGreaterThan(3);
    for (const { zh, en } of said) {
      expect(zh).toMatch(/[\u4e00-\u9fff]/);
      expect(en).not.toMatch(/[\u4e00-\u9fff]/);
    }
  });

  test("ends as it began: no fault is left, every value is back", () => {
    const { loaded, instruments } = prepare(name);
    const repeat = loaded.scenario.repeat!;
    const division = { tick: loaded.scenario.tick, repeat };
    const end = momentAt(repeat - loaded.scenario.tick, division);
    const start = momentAt(0, division);
    for (const instrument of instruments) {
      expect(instrument.faults(end)).toEqual([]);
      instrument.device.channels.forEach((channel, index) => {
        if (channel.quantity === "heartbeat") return;
        const [first, last] = [instrument.says(index, start), instrument.says(index, end)];
        expect(last.code, channel.key).toBeUndefined();
        // Noise aside: the examples' is at most 1 in its unit.
        expect(Math.abs(last.value - first.value), channel.key).toBeLessThan(5);
      });
    }
  });
});

test("some devices of a site are played, others are real", () => {
  const site = loadConfiguration(join(examples, "gas-pipeline"));
  const played = (text: string) => {
    const scenario = parseScenario(text, { file: join(examples, "gas-pipeline", "x.yaml"), shown: "x.yaml" });
    const { instruments, cast } = rehearse(
      { scenario, site, profiles: site.profiles },
      new Story(scenario.scenario),
    );
    return { ids: instruments.map(({ device }) => device.id), links: cast.links };
  };
  expect(played("only: [gd-11, co-01]").ids).toEqual(["gd-11", "co-01"]);
  expect(played("except: [gd-11, gd-12]").ids).toEqual(["gd-01-a", "gd-01-b", "gd-02", "gd-03", "co-01"]);
  // As the site has them: they listen where the gateway dials, and sit at the other end of its serial port.
  const { links } = played("{}");
  expect(links.get("wells-north")).toMatchObject({ type: "modbus-rtu-over-tcp", listen: "192.0.2.51:4001" });
  expect(links.get("midas")).toMatchObject({ type: "modbus-tcp", listen: "192.0.2.53:502" });
  expect(links.get("station-bus")).toMatchObject({
    path: "/dev/ttyS1.instruments",
    pair: "/dev/ttyS1",
    baudRate: 9600,
  });
  expect(links.get("broker")).toMatchObject({ type: "mqtt", url: "mqtt://127.0.0.1:1883" });
  expect(() => played("only: [gd-99]")).toThrow('x.yaml:1:8: the site has no device "gd-99"');
  expect(() => played("devices: { gd-11: { profile: generic-lel } }")).toThrow("stands in the site file");
});

test("the demo's story crosses what its rules watch: leak, fire, vibration, flood", () => {
  const { loaded, instruments } = prepare("demo");
  const division = { tick: loaded.scenario.tick, repeat: loaded.scenario.repeat };
  const greatest = (key: string): number => {
    const instrument = instruments.find(({ device }) =>
      device.channels.some((channel) => channel.key === key),
    )!;
    const index = instrument.device.channels.findIndex((channel) => channel.key === key);
    const times: Micros[] = Array.from({ length: 240 }, (_, i) => (i * SECOND) / 2);
    return Math.max(...times.map((time) => instrument.says(index, momentAt(time, division)).value));
  };
  expect(greatest("gd-01.lel")).toBeGreaterThan(55);
  expect(greatest("gd-02.lel")).toBeGreaterThan(25);
  expect(greatest("fp-1:l1d2.fire")).toBe(1);
  expect(greatest("sa-301.smoke")).toBe(1);
  expect(greatest("vib-1.z_velocity")).toBeGreaterThan(7.1);
  expect(greatest("wl-1.pressure") * 0.10197 + 175.2).toBeGreaterThan(178.2);
  expect(greatest("wl-2.depth") + 174.6).toBeGreaterThan(177.6);
});
