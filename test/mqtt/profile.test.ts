import { describe, expect, test } from "vitest";
import { z } from "zod";
import { mqttKinds } from "../../drivers/mqtt/kinds.ts";
import { mqttAddressSchema, payloadSectionSchema } from "../../drivers/mqtt/profile.ts";
import { Router } from "../../drivers/mqtt/router.ts";
import { formatPath, lookup, parsePath } from "../../drivers/payload/path.ts";
import { TestSite } from "./site.ts";

const section = (extra: object, message: object = {}) =>
  payloadSectionSchema.safeParse({ messages: [{ channels: { depth: {} }, ...message }], ...extra });

describe("a payload section", () => {
  test.each([
    ["a topic under tocsin/", { topic: "tocsin/x/{device}" }, {}],
    ["the broker's own topics", { topic: "$SYS/{device}" }, {}],
    ["everybody's topics", { topic: "+/{device}" }, {}],
    ["a malformed filter", { topic: "a/#/b" }, {}],
    ["a suffix after #", { topic: "a/#" }, { suffix: "/x" }],
    ["a suffix that begins in the middle of a level", {}, { suffix: "x" }],
    ["a path nobody can walk", {}, { channels: { depth: { path: "a..b" } } }],
    ["an unknown key", {}, { channels: { depth: { pth: "a" } } }],
    [
      "a status of a channel that is not there",
      {},
      { status: [{ path: "s", reasons: { x: "bad" }, channels: ["other"] }] },
    ],
    ["a status with neither words nor bits", {}, { status: [{ path: "s" }] }],
    ["a reason that is not in the list", {}, { status: [{ path: "s", reasons: { x: "broken" } }] }],
    ["bit 32", {}, { status: [{ path: "s", bits: { "32": "bad" } }] }],
    ["local time without an offset", {}, { time: { path: "t", format: "local" } }],
    ["an offset on a time that has its own", {}, { time: { path: "t", format: "rfc3339", zone: "+08:00" } }],
    ["a zone that there is not", {}, { time: { path: "t", format: "local", zone: "Asia/Chongqinq" } }],
    ["a device name in a plain payload", {}, { format: "plain", device: "id" }],
    ["no messages", { messages: [] }, {}],
  ])("with %s is refused", (_, extra, message) => {
    expect(section(extra, message).success).toBe(false);
  });

  test("a unit that does not fit the quantity is refused when the site is put together", () => {
    const site = new TestSite([
      {
        id: "g",
        profile: {
          channels: { depth: { quantity: "water_depth" } },
          payload: { messages: [{ channels: { depth: { unit: "kPa" } } }] },
        },
      },
    ]);
    expect(() => new Router(site.devices)).toThrow(expect.objectContaining({ code: "UNIT_MISMATCH" }));
  });

  test("channels that a device leaves out are left out of its messages", () => {
    const site = new TestSite([{ id: "d", profile: "json-gas" }]);
    const [device] = site.devices;
    const less = { ...device!, channels: device!.channels.filter(({ local }) => local === "lel") };
    const router = new Router([less]);
    expect(router.speakers(0)[0]!.messages[0]!.channels.map(({ id }) => id)).toEqual(["lel"]);
  });
});

describe("a device's address", () => {
  test.each(["a/b", "a+", "#", "", "a\u0000"])("cannot be called %j", (id) => {
    expect(mqttAddressSchema.safeParse({ id }).success).toBe(false);
  });

  test("a device cannot be given a topic of the gateway", () => {
    expect(mqttAddressSchema.safeParse({ topic: "tocsin/demo/alarm" }).success).toBe(false);
    // Nor by its name.
    const site = new TestSite([
      {
        id: "g",
        profile: {
          channels: { depth: { quantity: "water_depth" } },
          payload: { topic: "{device}/x", messages: [{ channels: { depth: {} } }] },
        },
        address: { id: "tocsin" },
      },
    ]);
    expect(() => new Router(site.devices)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("paths", () => {
  test.each(["a", "a.b", "a[0]", "a[0].b[1][2]", "[0]", "[0][1]"])("%s reads as it is written", (path) => {
    expect(formatPath(parsePath(path))).toBe(path);
    expect(section({}, { channels: { depth: { path } } }).success).toBe(true);
  });

  test("keys with dots are written as a list", () => {
    expect(lookup({ "a.b": { c: 1 } }, parsePath(["a.b", "c"]))).toBe(1);
  });
});

describe("the kinds of MQTT links", () => {
  test.each(mqttKinds.map((kind) => [kind.type, kind] as const))(
    "%s has a JSON Schema for editors",
    (_, kind) => {
      for (const schema of [kind.link, kind.address]) {
        expect(z.toJSONSchema(schema, { io: "input" })).toMatchObject({
          type: "object",
          additionalProperties: false,
        });
      }
    },
  );

  test("can be extended with what every link has", () => {
    for (const kind of mqttKinds) {
      const extended = kind.link.extend({ type: z.literal(kind.type) });
      const parsed = extended.safeParse({
        type: kind.type,
        ...(kind.type === "mqtt-client" ? { url: "mqtt://host" } : {}),
      });
      expect(parsed.success).toBe(true);
    }
  });
});
