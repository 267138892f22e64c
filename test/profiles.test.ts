import { mkdirSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { modbusKinds } from "../drivers/modbus/kinds.ts";
import { NO_LIMITS, plan } from "../drivers/modbus/planner.ts";
import type { ModbusSection } from "../drivers/modbus/profile.ts";
import { placedChannels, placedComponentChannels } from "../drivers/modbus/registers.ts";
import { BUILT_IN_PROFILES, loadProfile, loadProfiles } from "../drivers/profile-store.ts";
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

  const carriers = modbus.filter(({ modbus }) => modbus?.components !== undefined);

  test.each(carriers)("$id speaks for the danger of parts that a site has not entered", (profile) => {
    const { components, unlisted } = profile.modbus!;
    const spoken = new Set(Object.values(unlisted).flatMap(({ asserts }) => asserts));
    const danger = Object.keys(components!.channels).filter(
      (local) => quantityRow(profile.channels[local]!.quantity).asserts === "danger",
    );
    expect(danger.filter((local) => !spoken.has(local))).toEqual([]);
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

test.each(all)(
  "$id: what looks wrong in it is meant, and it says so to whoever reads it",
  ({ id, unverified }) => {
    const found = loadProfile(`${BUILT_IN_PROFILES}/${id}.yaml`)
      .lint()
      .map(({ message }) => message);
    const said = unverified.join(" ");
    const excused = (message: string) =>
      (/stands in the same registers/.test(message) && /must take the one channel that fits/.test(said)) ||
      (/nothing says when/.test(message) && /its zero|raw number|raw byte/.test(said));
    expect(found.filter((message) => !excused(message))).toEqual([]);
  },
);

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

describe("what the format allows and is mostly a mistake", () => {
  const folder = temporaryFolder("lint");
  afterAll(() => folder.remove());

  /** Lines and messages for a gas detector with these channels, placed so. */
  function lint(channels: string, modbus: string): [line: number, message: string][] {
    const file = folder.join("one.yaml");
    writeFileSync(
      file,
      `id: one\nvendor: v\nproduct: p\nclass: gas\nname: n\nsource: somewhere\nmaturity: documented\n` +
        `channels:\n${channels}\nmodbus:\n${modbus}\n`,
    );
    const loaded = loadProfile(file);
    expect(loaded.problems).toEqual([]);
    return loaded.lint().map(({ line, message }) => [line, message]);
  }

  test("a float whose second register is another channel's", () => {
    expect(
      lint(
        "  a: { quantity: temperature }\n  b: { quantity: count }",
        "  channels:\n    a: { address: 2, type: f32 }\n    b: { address: 3 }",
      ),
    ).toEqual([[14, "b (holding 3) overlaps a (holding 2..3)"]]);
  });

  test("bits of one word, and units that share a register, overlap nothing", () => {
    expect(
      lint(
        "  a: { quantity: fault }\n  b: { quantity: code }\n  l: { quantity: gas_lel }\n  p: { quantity: gas_ppm }",
        `  channels:
    a: { address: 2, type: bit, bit: 3 }
    b: { address: 2 }
    l: { address: 4, unitFrom: { register: { address: 6 }, units: { "5": "%LEL" } } }
    p: { address: 4, unitFrom: { register: { address: 6 }, units: { "4": ppm } } }
  status:
    - { channel: a, when: [{ equals: 1, reason: device_failure }], affects: [l, p] }`,
      ),
    ).toEqual([]);
  });

  test("a sentinel that the type cannot hold, with what it would read", () => {
    const found = lint(
      "  a: { quantity: temperature }",
      "  channels:\n    a: { address: 2, codes: [{ equals: -9999, reason: sensor_failure }] }",
    );
    expect(found).toEqual([[12, "the code -9999 can never be read: u16 holds 0 to 65535"]]);
  });

  test("a range that the register cannot reach, above or below", () => {
    expect(
      lint(
        "  a: { quantity: temperature, range: { low: -40, high: 85 } }\n  b: { quantity: gas_ppm, range: { low: 0, high: 1000 } }",
        "  channels:\n    a: { address: 2, scale: 0.1 }\n    b: { address: 3, scale: 0.01, codes: [{ equals: 65535, reason: bad }] }",
      ).map(([, message]) => message),
    ).toEqual([
      "a ranges down to -40 Cel, and its register begins at -0.1",
      "b ranges to 1000 ppm, and its register ends at 655.36",
    ]);
  });

  test("a state that its bits cannot say, and a condition that never holds", () => {
    expect(
      lint(
        '  m: { quantity: mode, states: { "0": measuring, "4": warm-up } }\n  g: { quantity: gas_ppm }',
        "  channels:\n    m: { address: 2, type: bits, shift: 0, width: 2 }\n    g: { address: 3 }\n  status:\n    - { channel: m, when: [{ equals: 4, reason: warming_up }], affects: [g] }",
      ).map(([, message]) => message),
    ).toEqual([
      "the state 4 of m can never be read: its place holds 0 to 3",
      "this can never hold: the place holds 0 to 3",
    ]);
  });

  test("a concentration that nothing ever makes bad", () => {
    expect(lint("  g: { quantity: gas_ppm }", "  channels:\n    g: { address: 3 }")).toEqual([
      [12, expect.stringContaining('a zero in warm-up or fault would read as "no gas"')],
    ]);
  });

  test("one number of two registers at an odd address among even ones", () => {
    expect(
      lint(
        ["a", "b", "c", "d"].map((id) => `  ${id}: { quantity: temperature }`).join("\n"),
        "  channels:\n    a: { address: 2, type: f32 }\n    b: { address: 4, type: f32 }\n    c: { address: 6, type: f32 }\n    d: { address: 9, type: f32 }",
      ),
    ).toEqual([[18, "d begins at the odd address 9, all other numbers of two registers at even ones"]]);
  });
});
