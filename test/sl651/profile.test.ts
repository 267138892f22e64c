import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { profileSchema } from "../../drivers/profile.ts";
import { checkProfile } from "../../drivers/profile-check.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { FUNCTION } from "../../drivers/sl651/control.ts";
import { ELEMENTS, elementOf, parseGuide } from "../../drivers/sl651/elements.ts";
import { sl651LinkSchema } from "../../drivers/sl651/options.ts";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { atBeijing } from "./reading.ts";
import { RIVER, Stand, type TestStation } from "./site.ts";

/** What is wrong with a profile of these channels: `path: message`. */
function wrong(channels: object, section: object): string[] {
  const profile = profileSchema.parse({
    id: "test",
    vendor: "v",
    product: "p",
    class: "level",
    name: "n",
    source: "somewhere",
    maturity: "documented",
    channels,
    sl651: { channels: section },
  });
  return checkProfile(profile).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("a profile of a station", () => {
  test("the built-in ones have nothing wrong and take rain for what it is", () => {
    const { profiles, problems } = loadProfiles([BUILT_IN_PROFILES]);
    expect(problems).toEqual([]);
    const rain = profiles.get("sl651-rain")!;
    const by = (id: string) =>
      Object.entries(rain.sl651!.channels).find(([, channel]) => channel.element === parseGuide(id))![0];
    expect(rain.channels[by("PJ")]!.quantity).toBe("rain_since_8");
    expect(rain.channels[by("P1")]!.quantity).toBe("rain_increment");
    expect(rain.channels[by("PT")]!.quantity).toBe("rain_counter");
  });

  test.each([
    ["PJ", "rain_increment", "PJ is rain_since_8, not rain_increment"],
    ["20H", "rain_increment", "PJ is rain_since_8, not rain_increment"],
    ["P1", "rain_since_8", "P1 is rain_increment, not rain_since_8"],
    ["PT", "rain_increment", "PT is rain_counter, not rain_increment"],
    ["DRP", "rain_counter", "DRP is rain_increment, not rain_counter"],
    ["DRZ1", "water_level", "DRZ1 is relative to the station's base level: it is a water_depth"],
  ])("%s taken for %s is a mistake", (element, quantity, message) => {
    expect(wrong({ a: { quantity } }, { a: { element } })).toEqual([`sl651.channels.a.element: ${message}`]);
  });

  test("units that do not convert, bits of numbers, channels without an element and elements without a channel", () => {
    expect(wrong({ a: { quantity: "temperature" } }, { a: { element: "Z" } })).toEqual([
      "sl651.channels.a.unit: m cannot be converted to Cel",
    ]);
    expect(wrong({ a: { quantity: "fault" } }, { a: { element: "Z", bit: 1 } })).toEqual([
      "sl651.channels.a.bit: Z is a number: only HEX elements have bits",
    ]);
    expect(wrong({ a: { quantity: "water_level" } }, { a: { element: "Z", coding: "hex" } })).toEqual([
      "sl651.channels.a.coding: the standard says how Z is coded",
    ]);
    expect(wrong({ a: { quantity: "water_level" } }, { b: { element: "Z" } })).toEqual([
      "channels.a: the sl651 section does not say which element a is",
      "sl651.channels.b: there is no channel b under channels",
    ]);
  });

  test.each(["Q9", "F0H", "04H", "FFH", "123H", ""])("%j is no element", (element) => {
    expect(() => wrong({ a: { quantity: "count" } }, { a: { element } })).toThrow(/is no element/);
  });

  test("every element of the table is found by its identifier and by its guide, and no two are the same", () => {
    expect(new Set(ELEMENTS.map(({ guide }) => guide)).size).toBe(ELEMENTS.length);
    expect(new Set(ELEMENTS.map(({ id }) => id)).size).toBe(ELEMENTS.length);
    for (const { guide, id } of ELEMENTS) {
      expect(parseGuide(id)).toBe(guide);
      expect(parseGuide(`${guide.toString(16).toUpperCase().padStart(2, "0")}H`)).toBe(guide);
    }
    // A few of annex C, as printed: guide, identifier, N(D,d).
    expect(elementOf(0x27)).toMatchObject({ id: "Q", digits: 9, decimals: 3, unit: "m3/s" });
    expect(elementOf(0x17)).toMatchObject({ id: "M100", digits: 4, decimals: 1 });
    expect(elementOf(0x43)).toMatchObject({ id: "Z8", digits: 7, decimals: 3 });
    expect(elementOf(0x6f)).toMatchObject({ id: "SBL8", digits: 10, decimals: 2 });
    expect(elementOf(0xfc)).toMatchObject({ id: "DRZ8", hexBytes: 2, decimals: 2 });
  });
});

describe("what a profile makes of elements", () => {
  const custom: TestStation = {
    ...RIVER,
    profile: {
      channels: {
        pressure: { quantity: "pressure" },
        running: { quantity: "service_time" },
        own: { quantity: "displacement" },
        word: { quantity: "count" },
      },
      sl651: {
        channels: {
          pressure: { element: "FL" },
          running: { element: "DT" },
          own: { element: "FF21H", unit: "m" },
          word: { element: "77H", coding: "hex" },
        },
      },
    },
  };

  test("hPa become kPa, HH.mm hours, an extended element what it says, and a user's HEX element a number", async () => {
    await using stand = await Stand.open({ stations: [custom] });
    const rtu = await stand.call();
    const body = Buffer.from(
      "0001260521143000F1F1001234567848F0F02605211430" +
        "0818001013" +
        "05120130" +
        "FF21130125" +
        "7718010203",
      "hex",
    );
    rtu.send(rtu.frame(FUNCTION.timed, body));
    await until("it has entered", () => stand.intake.messages.length === 1);
    expect(stand.intake.readings.map(({ value }) => Number(value.toFixed(9)))).toEqual([
      101.3, 1.5, 125, 0x010203,
    ]);
  });

  test("a dry well is no depth", async () => {
    const well: TestStation = { ...RIVER, id: "well", profile: "sl651-groundwater" };
    await using stand = await Stand.open({ stations: [well] });
    const rtu = await stand.call();
    const groups = (value: number) => [
      { observed: atBeijing("2026-05-21 14:30:00"), elements: [{ guide: 0x0e, value }] },
    ];
    for (const value of [3.25, 444]) {
      await rtu.report(FUNCTION.timed, {
        stations: [{ address: 0x12345678, category: 0x47, groups: groups(value) }],
      });
    }
    expect(stand.entered()).toEqual([
      "well.depth 3.25 good @2026-05-21 14:30",
      "well.depth - out_of_service @2026-05-21 14:30",
    ]);
  });
});

describe("options of the link", () => {
  test("who can be reached from outside says who may come", () => {
    const parse = (options: object) => sl651LinkSchema.safeParse(options).success;
    expect(parse({ listen: "0.0.0.0:9651" })).toBe(false);
    expect(parse({ listen: "0.0.0.0:9651", password: "env:P" })).toBe(true);
    expect(parse({ listen: "[::]:9651", from: ["10.20.0.0/16", "2001:db8::/32"] })).toBe(true);
    expect(parse({ listen: "127.0.0.1:9651" })).toBe(true);
    expect(parse({ password: "1234" })).toBe(false);
  });
});

describe("the examples of docs/sl651.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/sl651.md"), "utf8");
  const block = (kind: string) => page.split(`\`\`\`yaml ${kind}\n`)[1]!.split("```")[0]!;

  test("the site has nothing wrong, and its derived level is in the datum", () => {
    using folder = temporaryFolder("sl651");
    writeFileSync(folder.join("site.yaml"), block("site"));
    const { site } = loadConfiguration(folder.join("site.yaml"));
    expect(site.channels.find(({ id }) => id === "level_datum")).toMatchObject({ quantity: "water_level" });
  });

  test("the profile has nothing wrong", () => {
    using folder = temporaryFolder("sl651");
    writeFileSync(folder.join("my-station.yaml"), block("profile"));
    expect(loadProfiles([folder.path]).problems).toEqual([]);
  });
});
