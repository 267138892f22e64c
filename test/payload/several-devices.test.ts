import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadSite } from "../../gateway/config/load.ts";
import { Field, gauge, MOMENT, type Payload } from "../mqtt/field.ts";
import { total } from "../mqtt/site.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/*
 * One JSON payload with an array of several devices: each entry says whose it is.
 */

const MS = MOMENT / 1_000;
const payload: Payload = {
  topic: "plant/all",
  messages: [
    {
      each: { path: "devices", device: "id" },
      time: { path: "t", format: "unix-ms" },
      channels: { depth: { path: "v" }, battery: { path: "bat" } },
    },
  ],
};
const two = () => new Field(gauge(payload, "g1"), gauge(payload, "g2"));

describe("an array of several devices", () => {
  test("each device has its own entry, all are evaluated together", () => {
    const field = two();
    expect(
      field
        .say("plant/all", {
          devices: [
            { id: "g2", v: 2, bat: 80, t: MS },
            { id: "g1", v: 1, t: MS + 1_000 },
          ],
        })
        .sort(),
    ).toEqual(["g1.depth 1 good @1", "g2.battery 80 good @0", "g2.depth 2 good @0"]);
    expect(field.intake.messages).toHaveLength(1);
  });

  test("one time may stand for all; an entry's own comes before it; without any the age is unknown", () => {
    const field = two();
    const devices = [
      { id: "g1", v: 1 },
      { id: "g2", v: 2, t: MS + 1_000 },
    ];
    expect(field.say("plant/all", { t: MS, devices })).toEqual(["g1.depth 1 good @0", "g2.depth 2 good @1"]);
    const [undated] = field.say("plant/all", { devices: [{ id: "g1", v: 1 }] });
    expect(undated).toBe(`g1.depth 1 good @${-MOMENT / 1_000_000}`);
  });

  test("several entries of one device enter in their order", () => {
    const field = two();
    const devices = [
      { id: "g1", v: 1, t: MS },
      { id: "g1", v: 2, t: MS + 1_000 },
    ];
    expect(field.say("plant/all", { devices })).toEqual(["g1.depth 1 good @0", "g1.depth 2 good @1"]);
  });

  test("a number as a name is its text; a device that is not in the array says nothing", () => {
    const field = new Field(gauge(payload, "7"), gauge(payload, "8"));
    expect(field.say("plant/all", { t: MS, devices: [{ id: 7, v: 1 }] })).toEqual(["7.depth 1 good @0"]);
  });

  test("who is not of the site, and who has no name, is counted and shown; the others are heard", () => {
    const field = two();
    const devices = [{ id: "stranger", v: 9 }, { v: 9 }, { id: { x: 1 }, v: 9 }, null, { id: "g1", v: 1 }];
    expect(field.say("plant/all", { t: MS, devices })).toEqual(["g1.depth 1 good @0"]);
    expect(total(field.counters, "mqtt_unknown_devices")).toBe(2);
    const errors = field.intake.undecodable.map(({ error }) => error);
    expect(errors).toEqual(["3 of its entries name no device", "no device of this site is called stranger"]);
  });

  test("an array that stands twice: who speaks in the first of them is heard as well, and nobody for certain", () => {
    const said = `{"t": ${MS}, "devices": [{"id": "g1", "v": 9}], "devices": [{"id": "g2", "v": 1}]}`;
    expect(two().say("plant/all", said)).toEqual(["g2.depth 1 uncertain @0", "g1.depth 9 uncertain @0"]);
  });

  test.each([
    [`"devices": 5, "devices": [{"id": "g1", "v": 9}]`],
    [`"devices": [{"id": "g1", "v": 9}], "devices": 5`],
  ])("%s: the one that can be read is heard", (devices) => {
    expect(two().say("plant/all", `{"t": ${MS}, ${devices}}`)).toEqual([
      "g1.depth 9 uncertain @0",
      "g1.depth NaN undecodable",
      "g1.battery NaN undecodable",
    ]);
  });

  test("a payload that is no array of entries is counted, and nobody's channels are said to be good", () => {
    const field = two();
    for (const said of [
      "{",
      { devices: 5 },
      { other: 1 },
      { devices: new Array(10_001).fill({ id: "g1" }) },
    ]) {
      expect(field.say("plant/all", said)).toEqual([]);
    }
    expect(total(field.counters, "mqtt_unknown_devices")).toBe(4);
  });

  test("who may speak for one device may not speak for another beside it: nothing of it enters", () => {
    const field = two();
    const only = field.site.devices[0]!.device.index;
    const origin = { seed: 1, devices: new Set([only]) };
    const entry = (id: string) => ({ id, v: 1, t: MS });
    expect(field.say("plant/all", { devices: [entry("g1"), entry("g2")] }, { origin })).toEqual(["denied"]);
    expect(field.say("plant/all", { devices: [entry("g1")] }, { origin })).toEqual(["g1.depth 1 good @0"]);
  });

  test("whatever the array is, each entry of a known device gives its readings once and in order", () => {
    const name = fc.constantFrom("g1", "g2", "other", 3, null, undefined);
    const entry = fc.record({ id: name, v: fc.integer({ min: 0, max: 20 }) }, { requiredKeys: ["v"] });
    fc.assert(
      fc.property(fc.array(fc.oneof(entry, fc.jsonValue()), { maxLength: 20 }), (devices) => {
        const field = two();
        const heard = field.say("plant/all", { t: MS, devices });
        for (const id of ["g1", "g2"]) {
          const own = devices.filter((one) => (one as { id?: unknown } | null)?.id === id);
          const said = heard
            .filter((line) => line.startsWith(`${id}.depth`))
            .map((line) => line.split(" ")[1]);
          expect(said).toEqual(own.map((one) => String((one as { v: unknown }).v)));
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("what does not go together", () => {
  const message = payload.messages[0]!;
  test.each([
    ["a name of the whole payload", [{ ...message, device: "id" }], /either `device` or `each.device`/],
    ["an interval", [{ ...message, each: { ...message.each, interval: "1s" } }], /does not go with/],
    [
      "two ways on one topic",
      [message, { each: { path: "x", device: "id" }, channels: { battery: {} } }],
      /say in one way whose they are/,
    ],
  ])("%s", (_what, messages, words) => {
    expect(() => new Field(gauge({ messages } as Payload))).toThrow(words);
  });

  test("HTTP: there the source tells the entries apart", () => {
    using folder = temporaryFolder("payload");
    mkdirSync(folder.join("profiles"));
    const { topic: _, ...section } = payload;
    const profile = {
      id: "many",
      vendor: "test",
      product: "test",
      class: "level",
      name: "many",
      source: "test",
      maturity: "documented",
      liveness: "1h",
      channels: {
        depth: { quantity: "water_depth", period: "1m" },
        battery: { quantity: "battery", period: "1m" },
      },
      payload: section,
    };
    writeFileSync(folder.join("profiles", "many.yaml"), stringify(profile));
    writeFileSync(
      folder.join("site.yaml"),
      stringify({
        site: { id: "s", name: "s" },
        profiles: ["./profiles"],
        links: { cloud: { type: "http-intake", sources: { push: { envelope: { device: "id" } } } } },
        points: { weir: { name: "堰", domain: "water" } },
        devices: {
          g1: { profile: "many", link: "cloud", point: "weir", address: { source: "push", id: "1" } },
        },
      }),
    );
    const { problems } = loadSite(folder.join("site.yaml"));
    const errors = problems.filter(({ severity }) => severity === "error");
    expect(errors).toMatchObject([
      { code: "CONFIG_INVALID", message: { en: expect.stringContaining("by the source") } },
    ]);
  });
});
