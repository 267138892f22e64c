import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Router } from "../../drivers/mqtt/router.ts";
import { FLAG_MODE_MASK, FLAG_MODE_SHIFT } from "../../model/reading.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { alarm, Field, gauge, MOMENT, type Payload } from "./field.ts";
import { TestSite, total } from "./site.ts";

describe("JSON payloads", () => {
  test("values stand in nested objects and arrays, several channels in a message", () => {
    const field = new Field(
      gauge({
        messages: [
          { channels: { depth: { path: "data.levels[1].v", unit: "cm" }, battery: { path: "data.power" } } },
        ],
      }),
    );
    expect(field.say("t/g", { data: { levels: [{ v: 1 }, { v: 250 }], power: 80 } })).toEqual([
      "g.depth 2.5 good",
      "g.battery 80 good",
    ]);
    expect(field.intake.messages).toHaveLength(1);
  });

  test("a field that is missing says nothing; null is a missing value; an object is undecodable; none of them is zero", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {}, battery: {} } }] }));
    expect(field.say("t/g", { battery: 5 })).toEqual(["g.battery 5 good"]);
    expect(field.say("t/g", { depth: null, battery: 5 })).toEqual([
      "g.depth NaN missing_value",
      "g.battery 5 good",
    ]);
    expect(field.say("t/g", { depth: { v: 1 }, battery: [1] })).toEqual([
      "g.depth NaN undecodable",
      "g.battery NaN undecodable",
    ]);
    expect(field.say("t/g", { depth: "", battery: "12.5" })).toEqual([
      "g.depth NaN not_a_number",
      "g.battery 12.5 good",
    ]);
    expect(field.say("t/g", {})).toEqual([]);
  });

  test("null on the way to a field is a missing value, too", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: { path: "sensor.level" } } }] }));
    expect(field.say("t/g", { sensor: null })).toEqual(["g.depth NaN missing_value"]);
  });

  test("names that every JavaScript object inherits are no fields", () => {
    const field = new Field(
      gauge({
        messages: [{ channels: { depth: { path: "constructor" }, battery: { path: "__proto__.battery" } } }],
      }),
    );
    expect(field.say("t/g", "{}")).toEqual([]);
    expect(field.say("t/g", '{"__proto__": {"battery": 7}}')).toEqual(["g.battery 7 good"]);
  });

  test("infinite and out-of-range numbers keep their direction", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    expect(field.say("t/g", '{"depth": 1e999}')).toEqual(["g.depth Infinity over_range"]);
    expect(field.say("t/g", '{"depth": 21}')).toEqual(["g.depth 21 over_range"]);
    expect(field.say("t/g", '{"depth": -1}')).toEqual(["g.depth -1 under_range"]);
  });

  test("an array of samples gives the readings of each, with its own time, in one message", () => {
    const field = new Field(
      gauge({
        messages: [
          {
            each: { path: "samples" },
            time: { path: "t", format: "unix-ms" },
            channels: { depth: { path: "v" } },
          },
        ],
      }),
    );
    const ms = MOMENT / 1000;
    expect(
      field.say("t/g", {
        samples: [
          { t: ms, v: 1 },
          { t: ms + 1000, v: 2 },
        ],
      }),
    ).toEqual(["g.depth 1 good @0", "g.depth 2 good @1"]);
    expect(field.intake.messages).toHaveLength(1);
  });

  test("bare numbers at a fixed interval are dated back from the message's time", () => {
    const field = new Field(
      gauge({
        messages: [
          {
            each: { path: "v", interval: "10s" },
            time: { path: "t", format: "unix" },
            channels: { depth: { path: "" } },
          },
        ],
      }),
    );
    expect(field.say("t/g", { t: MOMENT / SECOND, v: [1, 2, 3] })).toEqual([
      "g.depth 1 good @-20",
      "g.depth 2 good @-10",
      "g.depth 3 good @0",
    ]);
  });

  test("samples at an interval need the time of their message: all of the moment of arrival they would be no waveform", () => {
    const messages = [{ each: { path: "v", interval: "10ms" }, channels: { depth: { path: "" } } }];
    expect(() => new Field(gauge({ messages }))).toThrow(/give `time`/);
  });

  test("more samples than a message may carry are refused, and the channel is not left looking good", () => {
    const field = new Field(
      gauge({ messages: [{ each: { path: "v" }, channels: { depth: { path: "" } } }] }),
    );
    expect(field.say("t/g", { v: new Array(10_001).fill(1) })).toEqual(["g.depth NaN undecodable"]);
    expect(field.intake.undecodable).toHaveLength(1);
  });

  test("malformed payloads are quarantined and counted, and what they were about is bad", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    for (const payload of [
      "",
      "{",
      "nonsense",
      "12",
      '"text"',
      "null",
      "[".repeat(100_000),
      "\u0000\u0001",
    ]) {
      expect(field.say("t/g", payload)).toEqual(["g.depth NaN undecodable"]);
    }
    expect(total(field.counters, "mqtt_undecodable")).toBe(8);
    expect(field.intake.undecodable.every(({ payload }) => payload.length <= 1024)).toBe(true);
    expect(field.intake.undecodable[0]).toMatchObject({ link: "broker", source: "g" });
  });

  test("no payload whatever ends the process", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: { path: "a.b[0]" } } }] }));
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        for (const reading of field.say("t/g", text)) {
          expect(reading).toMatch(/^g\.depth NaN (undecodable|missing_value)$/);
        }
      }),
      { examples: [['{"a":null}']] },
    );
  });

  test("whatever stands where a number should, a finite value is one that was written there", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: { path: "a[0]" } } }] }));
    fc.assert(
      fc.property(fc.jsonValue(), (raw) => {
        field.say("t/g", { a: [raw] });
        const { value } = field.intake.readings.at(-1)!;
        const written = typeof raw === "number" || (typeof raw === "string" && raw.trim() !== "");
        if (Number.isFinite(value)) expect(written && Number(raw) === value).toBe(true);
        else expect(typeof raw === "number" && Number.isFinite(raw)).toBe(false);
      }),
      { examples: [[0], [""], [" "], ["0x1f"], ["12"], [true], [[1]], [{ v: 1 }]] },
    );
  });

  test("a byte order mark in front is no mistake of the device", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    expect(field.say("t/g", '\ufeff{"depth": 1}')).toEqual(["g.depth 1 good"]);
  });
});

describe("states", () => {
  test("booleans, numbers and the usual words are understood without being listed", () => {
    const field = new Field(alarm({ messages: [{ channels: { smoke: {} } }] }));
    for (const raw of [true, 1, "1", "ON", "on", "True", " active "]) {
      expect(field.say("t/s", { smoke: raw })).toEqual(["s.smoke 1 good"]);
    }
    for (const raw of [false, 0, "OFF", "normal", "no"]) {
      expect(field.say("t/s", { smoke: raw })).toEqual(["s.smoke 0 good"]);
    }
    expect(field.say("t/s", { smoke: "perhaps" })).toEqual(["s.smoke NaN undecodable"]);
  });

  test("one status number that means several things says nothing about the channels it is not about", () => {
    const field = new Field(
      alarm({
        messages: [
          {
            channels: {
              smoke: { path: "status", states: { "01": 1, "11": 0 }, ignore: ["02"] },
              battery_low: { path: "status", states: { "02": 1 }, ignore: "others" },
            },
          },
        ],
      }),
    );
    expect(field.say("t/s", { status: "01" })).toEqual(["s.smoke 1 good"]);
    expect(field.say("t/s", { status: "02" })).toEqual(["s.battery_low 1 good"]);
    expect(field.say("t/s", { status: "99" })).toEqual(["s.smoke NaN undecodable"]);
  });

  test("a fault beside a fire hides nothing: the asserted smoke keeps its value, no smoke becomes bad", () => {
    const field = new Field(
      alarm({
        messages: [
          {
            channels: { smoke: {}, temperature: {} },
            status: [{ path: "fault", reasons: { true: "sensor_failure" } }],
          },
        ],
      }),
    );
    expect(field.say("t/s", { smoke: true, temperature: 20, fault: true })).toEqual([
      "s.smoke 1 sensor_failure",
      "s.temperature NaN sensor_failure",
    ]);
    expect(field.say("t/s", { smoke: false, temperature: 20, fault: true })).toEqual([
      "s.smoke NaN sensor_failure",
      "s.temperature NaN sensor_failure",
    ]);
    // A faulty detector that leaves its value out has still told that it is blind.
    expect(field.say("t/s", { fault: true })).toEqual([
      "s.smoke NaN sensor_failure",
      "s.temperature NaN sensor_failure",
    ]);
    expect(field.say("t/s", { smoke: false, fault: false })).toEqual(["s.smoke 0 good"]);
  });

  test("bits of a status word decide the quality of their channels; the worst counts", () => {
    const field = new Field(
      alarm({
        messages: [
          {
            channels: { temperature: {} },
            status: [
              {
                path: "word",
                bits: { 0: "not_accurate", 3: "device_failure", 31: "calibrating" },
                channels: ["temperature"],
              },
            ],
          },
        ],
      }),
    );
    expect(field.say("t/s", { temperature: 20, word: 0 })).toEqual(["s.temperature 20 good"]);
    expect(field.say("t/s", { temperature: 20, word: 1 })).toEqual(["s.temperature 20 not_accurate"]);
    expect(field.say("t/s", { temperature: 20, word: 9 })).toEqual(["s.temperature NaN device_failure"]);
    expect(field.say("t/s", { temperature: 20, word: 2 ** 31 })).toEqual(["s.temperature NaN calibrating"]);
  });

  test("a pressed test button marks its readings as test", () => {
    const field = new Field(
      alarm({ messages: [{ channels: { smoke: {} }, test: { path: "kind", equals: ["test", 10] } }] }),
    );
    const modes = ["live", "test"];
    const mode = () => modes[(field.intake.readings.at(-1)!.flags & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT];
    field.say("t/s", { smoke: true });
    expect(mode()).toBe("live");
    field.say("t/s", { smoke: true, kind: 10 });
    expect(mode()).toBe("test");
    field.say("t/s", { smoke: true });
    expect(mode()).toBe("live");
  });

  test("a section for one kind of message is silent on the others", () => {
    const field = new Field(
      alarm({
        messages: [
          { when: { path: "type", equals: ["alarm"] }, channels: { smoke: { path: "on" } } },
          { when: { path: "type", equals: ["report"] }, channels: { temperature: { path: "t" } } },
        ],
      }),
    );
    expect(field.say("t/s", { type: "alarm", on: 1, t: 20 })).toEqual(["s.smoke 1 good"]);
    expect(field.say("t/s", { type: "report", on: 1, t: 20 })).toEqual(["s.temperature 20 good"]);
    expect(field.say("t/s", { type: "hello" })).toEqual([]);
  });
});

describe("the device's own time", () => {
  const timed = (time: { format: "unix" | "unix-ms" | "unix-us" | "rfc3339" | "local"; zone?: string }) =>
    new Field(gauge({ messages: [{ time: { path: "t", ...time }, channels: { depth: {} } }] }));

  test.each([
    ["unix", undefined, MOMENT / SECOND, 0],
    ["unix", undefined, `${MOMENT / SECOND}`, 0],
    ["unix", undefined, MOMENT / SECOND + 0.25, 0.25],
    ["unix-ms", undefined, MOMENT / 1000, 0],
    ["unix-us", undefined, MOMENT + 1, 0.000001],
    ["rfc3339", undefined, "2026-05-21T06:30:05Z", 0],
    ["rfc3339", undefined, "2026-05-21T14:30:05.5+08:00", 0.5],
    ["rfc3339", undefined, "2026-05-21t06:30:05.000001z", 0.000001],
    ["local", "+08:00", "2026-05-21 14:30:05", 0],
    ["local", "+08:00", "2026/05/21 14:30:05.25", 0.25],
    ["local", "+08:00", "20260521143005", 0],
    ["local", "-03:30", "2026-05-21T03:00:05", 0],
  ] as const)("%s %s reads %s", (format, zone, written, offset) => {
    const field = timed(zone === undefined ? { format } : { format, zone });
    expect(field.say("t/g", { t: written, depth: 1 })).toEqual([`g.depth 1 good @${offset}`]);
  });

  test("a time nobody can read is an implausible time, not the time of arrival", () => {
    for (const [format, written] of [
      ["rfc3339", "yesterday"],
      ["rfc3339", "2026-02-31T00:00:00Z"],
      ["rfc3339", "2026-05-21T25:00:00Z"],
      ["unix", "soon"],
      ["unix", -5],
      ["unix", {}],
    ] as const) {
      const field = timed({ format });
      field.say("t/g", { t: written, depth: 1 });
      expect(field.intake.readings[0]).toMatchObject({ value: 1, time: 0 });
    }
  });

  test("no time, or null, leaves the time to the gateway", () => {
    const field = timed({ format: "unix" });
    expect(field.say("t/g", { depth: 1 })).toEqual(["g.depth 1 good"]);
    expect(field.say("t/g", { depth: 1, t: null })).toEqual(["g.depth 1 good"]);
  });

  test("an NB-IoT smoke alarm that was an hour on the way carries its own time", () => {
    const field = new Field({ id: "home-7", profile: "nb-iot-smoke", address: { id: "865084041234567" } });
    const said = field.say("nb/smoke/up", {
      imei: "865084041234567",
      status: "01",
      temperature: 23,
      eventTime: "2026-05-21 13:30:05",
    });
    expect(said).toEqual([
      `home-7.smoke 1 good @${-HOUR / SECOND}`,
      `home-7.temperature 23 good @${-HOUR / SECOND}`,
    ]);
  });
});

describe("plain payloads", () => {
  const plain = (states?: Record<string, number>) =>
    new Field(
      alarm({ messages: [{ format: "plain", channels: { smoke: states === undefined ? {} : { states } } }] }),
    );

  test("a number as text", () => {
    const field = new Field({ id: "p", profile: "plain-value" });
    expect(field.say("devices/p/depth", " 1.25\n")).toEqual(["p.depth 1.25 good"]);
    expect(field.say("devices/p/depth", "")).toEqual(["p.depth NaN not_a_number"]);
    expect(field.say("devices/p/depth", "0x10")).toEqual(["p.depth NaN not_a_number"]);
  });

  test("ON and OFF, true and false, or the words of the profile", () => {
    expect(plain().say("t/s", "ON")).toEqual(["s.smoke 1 good"]);
    expect(plain().say("t/s", "false")).toEqual(["s.smoke 0 good"]);
    expect(plain({ ALARM: 1, OK: 0 }).say("t/s", "ALARM")).toEqual(["s.smoke 1 good"]);
    expect(plain({ ALARM: 1, OK: 0 }).say("t/s", " ALARM\r\n")).toEqual(["s.smoke 1 good"]);
    expect(plain({ ALARM: 1, OK: 0 }).say("t/s", "true")).toEqual(["s.smoke NaN undecodable"]);
  });
});

describe("which device speaks", () => {
  const shared: Payload = { topic: "up", messages: [{ device: "id", channels: { depth: {} } }] };

  test("the payload says it when many share a topic, by the name the site gives", () => {
    const field = new Field(gauge(shared, "g1"), { ...gauge(shared, "g2"), address: { id: "0042" } });
    expect(field.say("up", { id: "g1", depth: 1 })).toEqual(["g1.depth 1 good"]);
    expect(field.say("up", { id: "0042", depth: 2 })).toEqual(["g2.depth 2 good"]);
  });

  test("a device that the site does not have is counted and quarantined, whatever it calls itself", () => {
    const field = new Field(gauge(shared, "g1"));
    for (const id of ["g2", "__proto__", "constructor", null, {}, undefined]) {
      expect(field.say("up", { id, depth: 1 })).toEqual([]);
    }
    expect(field.say("up", "{")).toEqual([]);
    expect(total(field.counters, "mqtt_unknown_devices")).toBe(7);
    expect(field.intake.undecodable).toHaveLength(7);
  });

  test("whoever may speak for one device only is refused when the payload names another", () => {
    const field = new Field(gauge(shared, "g1"), gauge(shared, "g2"));
    const origin = { seed: 1, devices: new Set([0]) };
    expect(field.say("up", { id: "g1", depth: 1 }, { origin })).toEqual(["g1.depth 1 good"]);
    expect(field.say("up", { id: "g2", depth: 1 }, { origin })).toEqual(["denied"]);
  });

  test("a topic pattern with a wildcard serves every topic that fits it", () => {
    const field = new Field(
      gauge({ topic: "app/+/device/{device}", messages: [{ suffix: "/up", channels: { depth: {} } }] }),
    );
    expect(field.say("app/7/device/g/up", { depth: 1 })).toEqual(["g.depth 1 good"]);
    expect(field.say("app/8/device/g/up", { depth: 2 })).toEqual(["g.depth 2 good"]);
    expect(field.router.find("app/7/device/other/up")).toBeUndefined();
    expect(field.router.find("app/7/8/device/g/up")).toBeUndefined();
  });

  test("two devices that nothing tells apart are a mistake of the site file", () => {
    const profile = gauge({ messages: [{ channels: { depth: {} } }] }).profile;
    const twins = [
      { id: "a", profile, address: { topic: "same" } },
      { id: "b", profile, address: { topic: "same" } },
    ];
    const site = new TestSite(twins);
    const same = site.devices.map((device) => ({ ...device, profile: site.devices[0]!.profile }));
    expect(() => new Router(same)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  test("two instruments behind one box share its topic, and their readings are one message", () => {
    const one = gauge({ topic: "box", messages: [{ channels: { depth: { path: "a" } } }] }, "g1");
    const two = gauge({ topic: "box", messages: [{ channels: { depth: { path: "b" } } }] }, "g2");
    const field = new Field(one, two);
    expect(field.say("box", { a: 1, b: 2 })).toEqual(["g1.depth 1 good", "g2.depth 2 good"]);
    expect(field.intake.messages).toHaveLength(1);
  });
});

describe("availability", () => {
  test("a device that goes and comes back is reported on change", () => {
    const field = new Field({ id: "z", profile: "zigbee2mqtt-smoke" });
    for (const payload of [
      '{"state":"online"}',
      '{"state":"online"}',
      "offline",
      '{"state":"offline"}',
      '{"state":"online"}',
      "?",
    ]) {
      field.say("zigbee2mqtt/z/availability", payload);
    }
    expect(field.intake.health.map(({ up, reason }) => `${up} ${reason}`)).toEqual([
      "true good",
      "false no_communication",
      "true good",
    ]);
    expect(field.intake.messages).toEqual([]);
  });
});

describe("what is of unknown age", () => {
  test("can raise and never clears: good becomes uncertain, bad stays bad", () => {
    const field = new Field(
      alarm({
        messages: [{ channels: { smoke: {}, temperature: {} }, time: { path: "t", format: "unix" } }],
      }),
    );
    expect(field.say("t/s", { smoke: false, temperature: null }, { old: true })).toEqual([
      "s.smoke 0 last_usable",
      "s.temperature NaN missing_value",
    ]);
    // With its own time its age is known.
    expect(field.say("t/s", { smoke: false, t: MOMENT / SECOND }, { old: true })).toEqual([
      "s.smoke 0 good @0",
    ]);
  });
});

describe("what a device said last", () => {
  test("is told with the fragment it came from", () => {
    const field = new Field(
      gauge({
        messages: [
          {
            time: { path: "t", format: "unix" },
            channels: { depth: { path: "d.v", unit: "cm" }, battery: {} },
          },
        ],
      }),
    );
    field.say("t/g", { d: { v: 120 }, battery: null, t: MOMENT / SECOND - MINUTE / SECOND });
    expect(field.reception.snapshot(0)).toEqual([
      { channel: "depth", raw: "120", from: "t/g d.v", value: 1.2, reason: 0, time: MOMENT - MINUTE },
      expect.objectContaining({ channel: "battery", raw: "null", from: "t/g battery", value: Number.NaN }),
    ]);
  });

  test("a device that never spoke, and one that speaks nonsense, are errors of the device", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    expect(() => field.reception.snapshot(0)).toThrow(expect.objectContaining({ code: "DEVICE_TIMEOUT" }));
    field.say("t/g", "{");
    expect(() => field.reception.snapshot(0)).toThrow(
      expect.objectContaining({ code: "DEVICE_UNDECODABLE" }),
    );
    field.say("t/g", `{"depth": 1, "text": "${"x".repeat(10_000)}"}`);
    expect(() => field.reception.snapshot(0)).toThrow(
      expect.objectContaining({ code: "DEVICE_UNDECODABLE" }),
    );
    field.say("t/g", '{"depth": 1}');
    expect(field.reception.snapshot(0)).toHaveLength(1);
  });
});
