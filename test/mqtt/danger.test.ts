import { describe, expect, test } from "vitest";
import { FLAG_MODE_MASK } from "../../model/reading.ts";
import { MILLISECOND, SECOND } from "../../model/time.ts";
import { alarm, Field, gauge, MOMENT, type Payload } from "./field.ts";
import { total } from "./site.ts";

/** So many seconds after `MOMENT`, in milliseconds. */
const at = (seconds: number): number => MOMENT / MILLISECOND + seconds * (SECOND / MILLISECOND);

const detector = (payload: Payload) => ({
  id: "d",
  profile: {
    channels: { lel: { quantity: "gas_lel" as const, range: { low: -5, high: 100 } } },
    payload: { topic: "t/{device}", ...payload },
  },
});

describe("danger beside something else that is wrong", () => {
  test("smoke counts although another part of the same message has the wrong form", () => {
    const field = new Field(
      alarm({
        messages: [
          { channels: { smoke: {} } },
          { each: { path: "history" }, channels: { temperature: { path: "" } } },
        ],
      }),
    );
    expect(field.say("t/s", { smoke: true, history: "none" })).toEqual([
      "s.smoke 1 good",
      "s.temperature NaN undecodable",
    ]);
    expect(total(field.counters, "mqtt_undecodable")).toBe(1);
  });

  test("a plain word counts on a topic that also carries JSON, whichever is declared first", () => {
    const plain = { format: "plain" as const, channels: { smoke: { states: { ALARM: 1, OK: 0 } } } };
    const json = { channels: { temperature: {} } };
    for (const messages of [
      [plain, json],
      [json, plain],
    ]) {
      const readings = new Field(alarm({ messages })).say("t/s", "ALARM");
      expect(readings).toContain("s.smoke 1 good");
      expect(readings).toContain("s.temperature NaN undecodable");
    }
  });

  test("what no part of a message understands is kept for a person once, not once for each part", () => {
    const parts = [{ channels: { smoke: {} } }, { channels: { temperature: {} } }];
    const field = new Field(alarm({ messages: parts }));
    expect(field.say("t/s", "{")).toEqual(["s.smoke NaN undecodable", "s.temperature NaN undecodable"]);
    expect(field.intake.undecodable).toHaveLength(1);
  });

  test("a sample with smoke counts among samples that are damaged", () => {
    const field = new Field(
      alarm({ messages: [{ each: { path: "v" }, channels: { smoke: { path: "s" } } }] }),
    );
    expect(field.say("t/s", { v: [null, "x", { s: {} }, { s: true }, 7] })).toEqual([
      "s.smoke NaN missing_value",
      "s.smoke NaN undecodable",
      "s.smoke 1 good",
    ]);
  });

  test("smoke counts at a time that nobody can read", () => {
    const field = new Field(
      alarm({ messages: [{ time: { path: "t", format: "unix" }, channels: { smoke: {} } }] }),
    );
    for (const t of ["yesterday", true, {}, -1, 1e300]) {
      expect(field.say("t/s", { smoke: true, t })).toEqual([`s.smoke 1 good @${-MOMENT / SECOND}`]);
    }
  });
});

describe("a detector over its range", () => {
  const messages = [
    {
      channels: { lel: { path: "v" } },
      status: [
        {
          path: "state",
          reasons: { fault: "sensor_failure", calibration: "calibrating", over: "over_range" },
        },
      ],
    },
  ] satisfies Payload["messages"];

  test("stays over range beside its fault: it often reports both", () => {
    const field = new Field(detector({ messages }));
    expect(field.say("t/d", { v: 104, state: "fault" })).toEqual(["d.lel 104 over_range"]);
    expect(field.say("t/d", '{"v": 1e999, "state": "fault"}')).toEqual(["d.lel Infinity over_range"]);
    expect(field.say("t/d", { v: 20, state: "fault" })).toEqual(["d.lel NaN sensor_failure"]);
  });

  test("stays over range when its status word has both bits", () => {
    const bits = { "2": "device_failure", "6": "over_range" } as const;
    const field = new Field(
      detector({ messages: [{ channels: { lel: {} }, status: [{ path: "s", bits }] }] }),
    );
    expect(field.say("t/d", { lel: 64, s: 0b100_0100 })).toEqual(["d.lel 64 over_range"]);
    expect(field.say("t/d", { lel: 64, s: 0b000_0100 })).toEqual(["d.lel NaN device_failure"]);
    expect(field.say("t/d", { s: 0b100_0100 })).toEqual(["d.lel Infinity over_range"]);
  });

  test("but not while people calibrate it", () => {
    const field = new Field(detector({ messages }));
    expect(field.say("t/d", { v: 104, state: "calibration" })).toEqual(["d.lel NaN calibrating"]);
  });

  test("that says so and gives no number is over range all the same", () => {
    const field = new Field(detector({ messages }));
    for (const said of [{ v: null, state: "over" }, { v: "---", state: "over" }, { state: "over" }]) {
      expect(field.say("t/d", said)).toEqual(["d.lel Infinity over_range"]);
    }
  });
});

describe("what is no measurement", () => {
  test("true and false are no numbers on a scale: false is not zero gas", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    expect(field.say("t/g", { depth: false })).toEqual(["g.depth NaN undecodable"]);
    expect(field.say("t/g", { depth: true })).toEqual(["g.depth NaN undecodable"]);
  });

  test("numbers are read as the world writes them, or not at all", () => {
    const field = new Field(gauge({ messages: [{ channels: { depth: {} } }] }));
    for (const text of ["1,5", "1.5m", "١", "１", "0x1", "NaN", "Infinity", "1_000", "--"]) {
      expect(field.say("t/g", { depth: text })).toEqual(["g.depth NaN not_a_number"]);
    }
  });

  test("a stored sample without its time is of unknown age: it can raise and never clears", () => {
    const field = new Field(
      gauge({
        messages: [
          { each: { path: "v" }, time: { path: "t", format: "unix" }, channels: { depth: { path: "d" } } },
        ],
      }),
    );
    expect(field.say("t/g", { v: [{ t: MOMENT / SECOND, d: 5 }, { d: 1 }] })).toEqual([
      "g.depth 5 good @0",
      `g.depth 1 good @${-MOMENT / SECOND}`,
    ]);
  });
});

describe("profiles that are delivered", () => {
  test("an NB-IoT status that a platform turned into a number is the same alarm", () => {
    const field = new Field({ id: "home", profile: "nb-iot-smoke", address: { id: "86" } });
    expect(field.say("nb/smoke/up", { imei: 86, status: 1 })).toEqual(["home.smoke 1 good"]);
    expect(field.say("nb/smoke/up", { imei: "86", status: "01" })).toEqual(["home.smoke 1 good"]);
    expect(field.say("nb/smoke/up", { imei: "86", status: 2 })).toEqual(["home.battery_low 1 good"]);
    expect(field.say("nb/smoke/up", { imei: "86", status: 10 })).toEqual(["home.smoke 1 good"]);
    expect(field.intake.readings.at(-1)!.flags & FLAG_MODE_MASK).not.toBe(0);
    expect(field.say("nb/smoke/up", { imei: "86", status: 99 })).toEqual(["home.smoke NaN undecodable"]);
  });

  test("a state that a gas detector was not known to have is no silence", () => {
    const field = new Field({ id: "d", profile: "json-gas" });
    expect(field.say("devices/d/gas", { state: "high-high" })).toEqual([
      "d.alarm NaN undecodable",
      "d.fault NaN undecodable",
    ]);
    expect(field.say("devices/d/gas", { state: "warmup" })).toEqual(["d.lel NaN warming_up"]);
  });

  test("new danger under a clock that was set back comes in our time, or it would be history", () => {
    const field = new Field({ id: "s", profile: "json-smoke-alarm" });
    field.say("devices/s/state", { smoke: false, temperature: 20, time: at(0) });
    expect(field.say("devices/s/state", { smoke: true, temperature: 60, time: at(-300) })).toEqual([
      "s.smoke 1 good",
      "s.temperature 60 good @-300",
    ]);
    expect(field.say("devices/s/state", { smoke: false, time: at(-290) })).toEqual(["s.smoke 0 good @-290"]);
  });

  test("what a broker had kept of a fire that is over keeps its time", () => {
    const field = new Field({ id: "s", profile: "json-smoke-alarm" });
    field.say("devices/s/state", { smoke: false, time: at(0) });
    const fire = { smoke: true, time: at(-300) };
    expect(field.say("devices/s/state", fire, { old: true })).toEqual(["s.smoke 1 good @-300"]);
  });

  test("a smoke alarm that calls its fault 1 or on is as broken as one that calls it true", () => {
    const field = new Field({ id: "s", profile: "json-smoke-alarm" });
    for (const fault of [true, 1, "on", "true"]) {
      expect(field.say("devices/s/state", { smoke: false, fault })).toContain("s.smoke NaN sensor_failure");
    }
  });
});
