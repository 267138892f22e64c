import { mkdirSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { modbusKinds } from "../drivers/modbus/kinds.ts";
import { NO_LIMITS, plan } from "../drivers/modbus/planner.ts";
import type { ModbusSection } from "../drivers/modbus/profile.ts";
import { placedChannels, placedComponentChannels } from "../drivers/modbus/registers.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../drivers/profile-store.ts";
import { isDiscrete, quantityRow } from "../model/quantity.ts";
import { SECOND } from "../model/time.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const { profiles, problems } = loadProfiles([BUILT_IN_PROFILES]);
const all = [...profiles.values()];

describe("the profiles that come with Tocsin", () => {
  test("have nothing wrong: units convert, every channel has its mapping, ids are file names", () => {
    expect(problems).toEqual([]);
    expect(all.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "aquaread-leveline",
        "banner-qm30vt2",
        "generic-lel",
        "honeywell-midas",
        "keller-series30",
        "notifier-modbus-gw",
      ]),
    );
  });

  test.each(all)("$id names its source, and says what nobody has tried", (profile) => {
    expect(profile.source.length).toBeGreaterThan(10);
    // Nothing here was tried on an instrument yet: who has, changes this together with the maturity.
    if (profile.maturity === "documented" && profile.modbus !== undefined) {
      expect(profile.unverified.length).toBeGreaterThan(0);
    }
    expect(profile.name.zh).toMatch(/\p{Script=Han}/u);
  });

  test.each(all)("$id has channels that make sense", (profile) => {
    expect(Object.keys(profile.channels).length).toBeGreaterThan(0);
    for (const [local, channel] of Object.entries(profile.channels)) {
      const row = quantityRow(channel.quantity);
      if (row.asserts !== undefined) expect(isDiscrete(channel.quantity), local).toBe(true);
      if (channel.heartbeat !== undefined) expect(channel.quantity, local).toBe("heartbeat");
      if (channel.gas !== undefined) expect(channel.quantity, local).toMatch(/^gas_/);
      if (channel.name !== undefined) expect(channel.name.zh, local).not.toBe("");
    }
  });

  const modbus = all.filter((profile) => profile.modbus !== undefined);

  test.each(modbus)("$id is read in few requests, each within the limits", (profile) => {
    const section = profile.modbus as ModbusSection;
    const { maxRegistersPerRequest, maxBitsPerRequest } = section.workarounds;
    const limits = {
      ...NO_LIMITS,
      maxRegisters: maxRegistersPerRequest,
      maxBits: maxBitsPerRequest,
      maxGap: section.maxGap,
      forbidden: section.forbidden,
    };
    const requests = plan(placedChannels(section), limits);
    expect(requests.length).toBeLessThanOrEqual(4);
    for (const { count } of requests) expect(count).toBeLessThanOrEqual(maxRegistersPerRequest);
    expect(section.period).toBeGreaterThanOrEqual(SECOND);
  });

  test.each(modbus)("$id can be polled on every kind of link, at the period it says", (profile) => {
    for (const kind of modbusKinds) {
      for (const [local, wire] of Object.entries(profile.modbus!.channels)) {
        const section = profile.modbus;
        const ask = (address: object) => kind.period!({ options: {}, address, section, local });
        expect(ask({ unit: 1 })).toBe(wire.period ?? profile.modbus!.period);
        expect(ask({ unit: 1, period: 7 * SECOND })).toBe(wire.period ?? 7 * SECOND);
      }
    }
  });

  test("the panel's detectors and modules stand where its manual says", () => {
    const section = profiles.get("notifier-modbus-gw")!.modbus!;
    const at = (address: Record<string, number>) => placedComponentChannels(section, address)[0]!.address;
    expect(at({ loop: 1, number: 1 })).toBe(0);
    expect(at({ loop: 1, number: 159 })).toBe(158);
    expect(at({ loop: 1, module: 1, number: 1 })).toBe(200);
    expect(at({ loop: 10, module: 1, number: 159 })).toBe(3958);
  });
});

describe("a folder of profiles with mistakes", () => {
  const folder = temporaryFolder("profiles");
  afterAll(() => folder.remove());
  let number = 0;

  function load(files: Record<string, string>) {
    const path = folder.join(`case-${++number}`);
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
    const loaded = loadProfiles([path]);
    return {
      ...loaded,
      problems: loaded.problems.map((problem) => ({ ...problem, file: basename(problem.file) })),
    };
  }

  const head = "vendor: v\nproduct: p\nclass: gas\nname: n\nsource: somewhere\nmaturity: documented\n";

  test("an unknown key is named at its line and column, in one file of several", () => {
    const { problems, profiles } = load({
      "bad.yaml": `id: bad\n${head}channels:\n  lel: { quantity: gas_lel }\nmodbus:\n  channels:\n    lel: { address: 0, scael: 0.1 }\n`,
      "good.yaml": `id: good\n${head}channels:\n  lel: { quantity: gas_lel }\nmodbus:\n  channels:\n    lel: { address: 0 }\n`,
    });
    expect([...profiles.keys()]).toEqual(["good"]);
    expect(problems).toEqual([
      { file: "bad.yaml", line: 12, column: 24, message: "modbus.channels.lel: there is no option scael" },
    ]);
  });

  test("every mistake is found at once", () => {
    const { problems } = load({
      "one.yaml": `id: other\n${head}channels:\n  lel: { quantity: gas_lel }\n  mode: { quantity: temperature, states: { "0": off } }\nmodbus:\n  channels:\n    lel: { address: 0, unit: kPa }\n    ghost: { address: 1 }\n`,
    });
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [10, 34],
      [10, 3],
      [13, 24],
      [14, 5],
      [1, 1],
    ]);
  });

  test.each([
    ["type: bit", "type bit needs `bit`"],
    ["type: bits, shift: 12, width: 8", "reaches beyond the 16 bits"],
    ["type: u16, bit: 3", "type u16 has no `bit`"],
    ["table: coil, type: f32", "a coil is one bit, not f32"],
    ["type: match, mask: 0x0f, equals: [0x10]", "it can never be"],
    ["type: string, length: 4", "a text needs `states`"],
    ["type: f64, table: input, address: 65533", "outside the addresses"],
  ])("a place that cannot be: %s", (place, words) => {
    const address = place.includes("address") ? "" : "address: 0, ";
    const { problems } = load({
      "one.yaml": `id: one\n${head}channels:\n  a: { quantity: count }\nmodbus:\n  channels:\n    a: { ${address}${place} }\n`,
    });
    expect(problems.map(({ message }) => message).join("\n")).toContain(words);
    expect(problems.every(({ line }) => line === 12)).toBe(true);
  });

  test("numbers as the document prints them", () => {
    const text = (numbers: string) =>
      `id: one\n${head}channels:\n  a: { quantity: count }\n  b: { quantity: count }\nmodbus:\n  numbering: document\n  channels:\n${numbers}`;
    const right = load({
      "one.yaml": text("    a: { address: 40108 }\n    b: { table: input, address: 300011 }\n"),
    });
    expect(right.problems).toEqual([]);
    expect(placedChannels(right.profiles.get("one")!.modbus!).map(({ address }) => address)).toEqual([
      107, 10,
    ]);
    const wrong = load({
      "one.yaml": text("    a: { address: 107 }\n    b: { table: input, address: 40001 }\n"),
    });
    expect(wrong.problems.map(({ line, message }) => [line, message])).toEqual([
      [14, "107 is not a number of a holding"],
      [15, "40001 is not a number of a input"],
    ]);
  });

  test("the same id twice, a file that is no YAML, and a folder that is not there", () => {
    const file = `${head}channels:\n  a: { quantity: count }\nmodbus:\n  channels:\n    a: { address: 0 }\n`;
    expect(load({ "one.yaml": `id: one\n${file}`, "one.yml": `id: one\n${file}` }).problems).toMatchObject([
      { file: "one.yml", line: 1, message: expect.stringContaining("already defined") },
    ]);
    expect(load({ "one.yaml": "id: [one\n" }).problems[0]).toMatchObject({ file: "one.yaml" });
    expect(loadProfiles([folder.join("nowhere")]).problems).toHaveLength(1);
  });
});
