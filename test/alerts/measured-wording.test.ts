import { describe, expect, test } from "vitest";
import type { EventMessage } from "../../gateway/alerts/message-schemas.ts";
import { Payloads } from "../../gateway/alerts/payload.ts";
import { Places } from "../../gateway/alerts/places.ts";
import { valueText } from "../../gateway/alerts/wording.ts";
import { type Quantity, quantityRow } from "../../model/quantity.ts";
import { DAY, MINUTE } from "../../model/time.ts";
import { EngineRun, type RuleSketch } from "../rules/engine-run.ts";
import { siteOf } from "../rules/site-builder.ts";

/** The last message of a rule on a channel `d.v` that is given these values, one a minute. */
function message(
  quantity: Quantity,
  rule: RuleSketch,
  values: readonly number[],
  more: { report?: "on-change" } = {},
): EventMessage {
  const sketch = siteOf({
    devices: [{ id: "d", channels: [{ id: "v", quantity, period: MINUTE, stale: 30 * DAY, ...more }] }],
  });
  const { zh, en } = quantityRow(quantity);
  const site = { ...sketch, channels: sketch.channels.map((channel) => ({ ...channel, name: { zh, en } })) };
  const run = new EngineRun(site, { rule: { applies: { quantity }, ...rule } });
  for (const [m, value] of values.entries()) run.at(m * 60).read("d.v", value);
  const event = run.events.at(-1);
  if (event === undefined) throw new Error("no event");
  const payloads = new Payloads({ places: new Places(site), rules: run.rules });
  return payloads.event(event, { uncommitted: false, resent: false }) as EventMessage;
}

const ramp = (n: number, step: number, from = 0) => Array.from({ length: n }, (_, i) => from + i * step);

describe("what a rule computes is said with its own name, unit and side", () => {
  test.each<[string, EventMessage, string, string, object]>([
    [
      "a rate of rise",
      message(
        "water_level",
        { rate: { window: "10m", per: "hour", above: { yellow: 0.3 } } },
        ramp(20, 0.01, 175),
      ),
      "水位变化率 0.6 m/h，超过 0.3 m/h，",
      "rate of change of water level (datum) 0.6 m/h, above 0.3 m/h,",
      { name: "m/h", symbol: "m/h", ucum: "m/h" },
    ],
    [
      "a fall",
      message(
        "gas_lel",
        { rate: { window: "10m", per: "minute", direction: "fall", above: { yellow: 1 } } },
        ramp(20, -2, 90),
      ),
      "可燃气体浓度变化率 -2 %LEL/min，低于 -1 %LEL/min，",
      "rate of change of combustible gas -2 %LEL/min, below -1 %LEL/min,",
      { name: "%LEL/min", symbol: "%LEL/min", ucum: "%{LEL}/min" },
    ],
    [
      "a mean",
      message(
        "temperature",
        { window: { function: "mean", window: "10m", above: { orange: 30 } } },
        ramp(20, 0, 31),
      ),
      "温度10分钟平均值 31 ℃，超过 30 ℃，",
      "mean of temperature over 10 min 31 ℃, above 30 ℃,",
      { name: "Cel", symbol: "℃", ucum: "Cel" },
    ],
    [
      "a count of a state",
      message(
        "smoke",
        { window: { function: "count", window: "1h", counts: { state: "active" }, above: { yellow: 3 } } },
        [1, 0, 1, 0, 1],
        { report: "on-change" },
      ),
      "烟雾报警1小时次数 3，达到 3",
      "smoke alarm, times in 1 h 3, at 3",
      { name: "1", symbol: "", ucum: "1" },
    ],
    [
      "TWA",
      message("gas_ppm", { exposure: { window: "8h", above: { orange: 20 } } }, ramp(5, 0, 25)),
      "气体浓度8小时加权平均值（TWA） 25 ppm，超过 20 ppm（数据可疑：数据不足），",
      "gas, 8 h TWA 25 ppm, above 20 ppm (data doubtful: too few inputs),",
      { name: "ppm", symbol: "ppm", ucum: "[ppm]" },
    ],
    [
      "STEL",
      message("gas_ppm", { exposure: { window: "15m", above: { orange: 30 } } }, ramp(20, 0, 31)),
      "气体浓度15分钟短时接触值（STEL） 31 ppm，超过 30 ppm",
      "gas, 15 min STEL 31 ppm, above 30 ppm",
      { name: "ppm", symbol: "ppm", ucum: "[ppm]" },
    ],
    [
      "rain, in the window that decided",
      message(
        "rain_increment",
        {
          accumulation: {
            windows: [
              { window: "1h", above: { blue: 35, yellow: 45 } },
              { window: "3h", above: { blue: 55, yellow: 75 } },
            ],
          },
        },
        ramp(130, 0, 0.6),
      ),
      "3小时雨量 75 mm，达到 75 mm",
      "rain in 3 h 75 mm, at 75 mm",
      { name: "mm(rain)", symbol: "mm", ucum: "mm" },
    ],
    [
      "a stage of a river",
      message("water_level", { stages: { warning: 177, datum: { base: 174.6 } } }, [2.5]),
      "水位 177.1 m，超过 177 m，",
      "water level (datum) 177.1 m, above 177 m,",
      { name: "m", symbol: "m", ucum: "m" },
    ],
    [
      "antecedent rain",
      message(
        "rain_increment",
        {
          accumulation: {
            windows: [{ window: "3d", before: { window: "15d", share: 0.5 }, above: { red: 5 } }],
          },
        },
        [2, 3],
      ),
      "3天雨量（含前期雨量折算） 5 mm，达到 5 mm",
      "rain in 3 d with what fell before 5 mm, at 5 mm",
      { name: "mm(rain)", symbol: "mm", ucum: "mm" },
    ],
    [
      "a value that stands still",
      message("water_level", { class: "fault", stuck: { after: { yellow: "2h" } } }, ramp(125, 0, 3)),
      "水位数值未变时长 2 h，达到 2 h（数据可疑：数值不变），",
      "water level (datum) unchanged for 2 h, at 2 h (data doubtful: value does not change),",
      { name: "h", symbol: "h", ucum: "h" },
    ],
    [
      "a jump",
      message("water_level", { class: "fault", jump: { above: { yellow: 1 } } }, [3, 4.5]),
      "水位突变 1.5 m，超过 1 m（数据可疑：突变可疑），",
      "jump of water level (datum) 1.5 m, above 1 m (data doubtful: implausible jump),",
      { name: "m", symbol: "m", ucum: "m" },
    ],
    [
      "a departure downwards",
      message("crack_width", { deviation: { baseline: { value: 12 }, above: { yellow: 2 } } }, [12, 9.5]),
      "裂缝宽度偏差 -2.5 mm，低于 -2 mm，",
      "departure of crack width -2.5 mm, below -2 mm,",
      { name: "mm", symbol: "mm", ucum: "mm" },
    ],
    [
      "vibration of a machine",
      message("vibration_velocity", { machineZones: { class: "II" } }, [1, 5.2]),
      "振动烈度 5.2 mm/s，超过 2.8 mm/s，",
      "vibration severity (rms velocity) 5.2 mm/s, above 2.8 mm/s,",
      { name: "mm/s", symbol: "mm/s", ucum: "mm/s" },
    ],
    [
      "a tangent angle",
      message(
        "crack_width",
        {
          tangentAngle: {
            uniformVelocity: 1,
            per: "hour",
            minimumVelocity: 0.1,
            window: "10m",
            above: { orange: 80 },
          },
        },
        ramp(20, 0.1),
      ),
      "裂缝宽度切线角 80.538°，超过 80°，",
      "tangent angle of crack width 80.538°, above 80°,",
      { name: "deg", symbol: "°", ucum: "deg" },
    ],
  ])("%s", (_name, said, zh, en, unit) => {
    expect(said.text.zh).toContain(zh);
    expect(said.text.en).toContain(en);
    expect(said.unit).toEqual(unit);
  });

  describe("a time to failure", () => {
    const rule: RuleSketch = {
      timeToFailure: { step: "10m", minimumVelocity: 0.1, per: "hour", below: { orange: 3, red: 1 } },
    };
    /** 1/v falls to zero at minute 480. */
    const slide = (minutes: number) =>
      Array.from({ length: minutes }, (_, m) => 5 * Math.log(480 / (480 - m)));

    test("is told with its interval, its number of points and since when it holds", () => {
      const said = message("crack_width", rule, slide(320));
      expect(said.text.zh).toMatch(
        /裂缝宽度推算的失稳时间 预计 3 小时（区间 [\d.]+–[\d.]+ 小时，\d+ 点；5月21日\d+:\d+:\d+推算），低于 3 h，/,
      );
      expect(said.text.en).toMatch(
        /time to failure from crack width about 3 h \(between [\d.]+ and [\d.]+ h, \d+ points; as of 21 May [\d:]+\), below 3 h,/,
      );
      expect(said.valueText.zh).toMatch(/^预计 3 小时（区间 .* 点；.*推算）$/);
      expect(said.detail).toMatchObject({ kind: "forecast", confidence: 0.95, hours: said.value });
      expect(said.unit).toEqual({ name: "h", symbol: "h", ucum: "h" });
    });

    test("without them is not told at all", () => {
      const said = message("crack_width", rule, slide(320));
      const bare = { value: said.value!, reason: 0 };
      const measure = { of: "timeToFailure" as const, window: 0, unit: "h" as const };
      expect(valueText(bare, undefined, { measure }).zh).toBe("无有效值");
    });

    test("that is over says that the slope does not accelerate", () => {
      const said = message("crack_width", rule, [...slide(320), ...ramp(60, 0, 6)]);
      expect(said.transition).toBe("return");
      expect(said.text.zh).toContain("裂缝宽度推算的失稳时间 未见加速，已恢复正常");
      expect(said.detail).toBeUndefined();
    });
  });

  test("inside the deadband a rate is said to have been above", () => {
    const said = message(
      "water_level",
      {
        rate: {
          window: "10m",
          per: "hour",
          above: { yellow: { limit: 0.3, deadband: 0.2 }, red: { limit: 0.5, deadband: 0.3 } },
        },
      },
      [...ramp(20, 0.05, 175), ...ramp(30, 0.0025, 176)],
    );
    expect(said.transition).toBe("downgrade");
    expect(said.text.zh).toContain("曾超过 0.3 m/h，由红色降为黄色");
  });

  test("a return tells what has come down", () => {
    const said = message("water_level", { rate: { window: "10m", per: "hour", above: { yellow: 0.3 } } }, [
      ...ramp(20, 0.01, 175),
      ...ramp(30, 0, 175.2),
    ]);
    expect(said.transition).toBe("return");
    expect(said.text.zh).toMatch(/水位变化率 0\.2\d* m\/h，已恢复正常/);
  });

  test("a vote is about its group: the rule says what, and nobody's value is shown as the group's", () => {
    const site = siteOf({
      points: [{ id: "hall" }],
      groups: [{ id: "plant", points: ["hall"] }],
      devices: ["a", "b"].map((id) => ({ id, channels: [{ id: "lel", stale: 30 * DAY }] })),
    });
    const name = { zh: "两只探测器同时报警", en: "two detectors in alarm" };
    const run = new EngineRun(site, {
      vote: {
        name,
        applies: { quantity: "gas_lel" },
        votes: { across: "group", above: 25, need: { red: 2 } },
      },
    });
    run.at(0).message({ channel: "a.lel", value: 30 }, { channel: "b.lel", value: 40 });
    const payloads = new Payloads({ places: new Places(site), rules: run.rules });
    const said = payloads.event(run.events[0]!, { uncommitted: false, resent: false }) as EventMessage;
    expect(said.text.zh).toContain("，两只探测器同时报警，");
    expect(said.text.en).toContain(": two detectors in alarm,");
    expect(said).toMatchObject({
      where: { kind: "group", subject: "group@plant" },
      value: 2,
      limit: 2,
      unit: null,
    });
  });
});
