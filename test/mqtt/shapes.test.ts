import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileTime, UNREADABLE_TIME } from "../../drivers/payload/device-time.ts";
import { zoneOffset } from "../../drivers/payload/local-zone.ts";
import { Field } from "./field.ts";

/* Shapes of MQTT that people have at home and in small plants: zigbee2mqtt, Tasmota, Homie. */

describe("zigbee2mqtt", () => {
  test.each([
    ["zigbee2mqtt-gas", "gas", "gas"],
    ["zigbee2mqtt-co", "carbon_monoxide", "carbon_monoxide"],
    ["zigbee2mqtt-leak", "water_leak", "water_leak"],
    ["zigbee2mqtt-vibration", "vibration", "vibration"],
  ])("%s: true is danger, beside a low battery and a lifted cover", (profile, field, local) => {
    const it = new Field({ id: "z", profile });
    const said = it.say("zigbee2mqtt/z", {
      [field]: true,
      tamper: true,
      battery_low: false,
      battery: 9,
      linkquality: 80,
    });
    expect(said).toEqual([
      `z.${local} 1 good`,
      "z.tamper 1 good",
      "z.battery_low 0 good",
      "z.battery 9 good",
    ]);
  });

  test("availability, plain or as JSON, and of zigbee2mqtt itself: the device is there when nobody says otherwise", () => {
    const it = new Field({ id: "z", profile: "zigbee2mqtt-smoke" }, { id: "y", profile: "zigbee2mqtt-gas" });
    const health = () => it.intake.health.map(({ index, up }) => `${index} ${up}`);
    it.say("zigbee2mqtt/z/availability", "online");
    expect(health()).toEqual(["0 true"]);
    it.say("zigbee2mqtt/bridge/state", { state: "offline" });
    expect(health().slice(1)).toEqual(["0 false", "1 false"]);
    // The bridge's word stands against a late word of the device.
    it.say("zigbee2mqtt/z/availability", { state: "online" });
    expect(health()).toHaveLength(3);
    it.say("zigbee2mqtt/y/availability", { state: "offline" });
    it.say("zigbee2mqtt/bridge/state", "online");
    expect(health().slice(3)).toEqual(["0 true"]);
  });
});

test("a word of availability that has an inside is no word, whatever keys it has", () => {
  const it = new Field({ id: "z", profile: "zigbee2mqtt-smoke" });
  let deep: unknown = "online";
  for (let i = 0; i < 1_000; i++) deep = [deep];
  for (const state of [{ toString: 1, valueOf: 1 }, { online: true }, ["online"], deep, null, {}]) {
    it.say("zigbee2mqtt/z/availability", { state });
  }
  expect(it.intake.health).toEqual([]);
  it.say("zigbee2mqtt/z/availability", { state: "offline" });
  expect(it.intake.health).toHaveLength(1);
});

describe("Tasmota", () => {
  test("times without a zone are of the profile's, or of the device's own", () => {
    const it = new Field(
      { id: "a", profile: "tasmota-climate" },
      { id: "b", profile: "tasmota-climate", address: { zone: "+00:00" } },
    );
    const said = { Time: "2026-05-21T14:30:05", AM2301: { Temperature: 21.5, Humidity: 40 }, Switch1: "ON" };
    expect(it.say("tele/a/SENSOR", said)).toEqual([
      "a.temperature 21.5 good @0",
      "a.humidity 40 good @0",
      "a.switch 1 good @0",
    ]);
    expect(it.say("tele/b/SENSOR", said)[0]).toBe("b.temperature 21.5 good @28800");
  });

  test("the last will says that it is gone", () => {
    const it = new Field({ id: "a", profile: "tasmota-climate" });
    it.say("tele/a/LWT", "Online");
    it.say("tele/a/LWT", "Offline");
    expect(it.intake.health.map(({ up }) => up)).toEqual([true, false]);
  });
});

describe("Homie", () => {
  test("one property a topic; what was kept by the broker can raise and not clear", () => {
    const it = new Field({ id: "h", profile: "homie-climate" });
    expect(it.say("homie/h/climate/temperature", "21.5")).toEqual(["h.temperature 21.5 good"]);
    expect(it.say("homie/h/climate/leak", "true", { old: true })).toEqual(["h.leak 1 last_usable"]);
    expect(it.say("homie/h/climate/leak", "false")).toEqual(["h.leak 0 good"]);
    for (const state of ["ready", "sleeping", "lost", "init", "ready"]) it.say("homie/h/$state", state);
    expect(it.intake.health.map(({ up }) => up)).toEqual([true, false, true]);
  });
});

describe("a zone with summer time", () => {
  const read = compileTime({ path: "t", format: "local", zone: "Europe/Berlin" });
  const iso = (text: string) => new Date(read(text) / 1000).toISOString();

  test("summer and winter have their offsets", () => {
    expect(iso("2026-07-01T12:00:00")).toBe("2026-07-01T10:00:00.000Z");
    expect(iso("2026-12-01T12:00:00")).toBe("2026-12-01T11:00:00.000Z");
    expect(iso("2026-10-25T01:59:59")).toBe("2026-10-24T23:59:59.000Z");
    expect(iso("2026-10-25T03:00:00")).toBe("2026-10-25T02:00:00.000Z");
    expect(iso("2026-03-29T01:59:59")).toBe("2026-03-29T00:59:59.000Z");
    expect(iso("2026-03-29T03:00:00")).toBe("2026-03-29T01:00:00.000Z");
  });

  test("the hour that occurs twice has no time of its own; the one left out is none", () => {
    expect(read("2026-10-25T02:00:00")).toBeNaN();
    expect(read("2026-10-25T02:59:59")).toBeNaN();
    expect(read("2026-03-29T02:30:00")).toBe(UNREADABLE_TIME);
  });

  test("every instant is read back, but for the hour that occurs twice", () => {
    const zones = ["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai", "+05:45"];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2000, 0) / 1000, max: Date.UTC(2037, 0) / 1000 }),
        (zone, seconds) => {
          const at = seconds * 1_000_000;
          const local = new Date((at + zoneOffset(zone, at)) / 1000).toISOString().slice(0, 19);
          const back = compileTime({ path: "t", format: "local", zone })(local);
          expect(Number.isNaN(back) || back === at).toBe(true);
        },
      ),
    );
  });

  test("a value of the doubtful hour is of its arrival, and good", () => {
    const it = new Field({ id: "a", profile: "tasmota-climate", address: { zone: "Europe/Berlin" } });
    const said = it.say("tele/a/SENSOR", { Time: "2026-10-25T02:30:00", AM2301: { Temperature: 21.5 } });
    expect(said).toEqual(["a.temperature 21.5 good"]);
  });
});
