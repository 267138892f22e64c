import { beforeEach, describe, expect, test } from "vitest";
import type { EventMessage } from "../../gateway/alerts/message-schemas.ts";
import { Payloads } from "../../gateway/alerts/payload.ts";
import { Places } from "../../gateway/alerts/places.ts";
import { MINUTE } from "../../model/time.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { AlarmPlant } from "./support/alarm-plant.ts";
import { SITE, SITE_RULES } from "./support/site.ts";

const payloads = new Payloads({ places: new Places(SITE), rules: SITE_RULES });
let clock: ManualClock;
let plant: AlarmPlant;

beforeEach(() => {
  clock = new ManualClock();
  plant = new AlarmPlant(() => clock.now());
});

function last(): EventMessage {
  return payloads.event(plant.log.at(-1)!, { uncommitted: false, resent: false }) as EventMessage;
}

describe("what duty staff read", () => {
  test("a leak: colour, place, detector, value, limit, which alarm, when, and what to do", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    expect(last().text.zh).toBe(
      "【红色】老街3号阀井 1号探测器，可燃气体浓度 62 %LEL，超过 50 %LEL（高报），5月21日14:30:00。请立即疏散人员，严禁明火和开关电器，通知燃气抢修，切勿贸然下井或进入。",
    );
    expect(last().text.en).toBe(
      "[red] Old Street well 3 detector 1: combustible gas 62 %LEL, above 50 %LEL (high alarm), 21 May 14:30:00. Get people out now, no flames and no switches, call the gas emergency crew; do not enter.",
    );
  });

  test("the lowest limit of a graded gas rule is the low alarm, the middle one has only its colour", () => {
    plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 10, limit: 10 });
    expect(last().text.zh).toContain(
      "【黄色】老街3号阀井 1号探测器，可燃气体浓度 10 %LEL，达到 10 %LEL（低报）",
    );
    plant.assert("gas-leak", "gd-01.lel", "orange", { value: 26, limit: 25 });
    expect(last().text.zh).toContain("【橙色·升级】");
    expect(last().text.zh).toContain("超过 25 %LEL，由黄色升为橙色");
  });

  test("a level that still holds inside its deadband is called neither above nor below its limit", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 60, limit: 50 });
    plant.assert("gas-leak", "gd-01.lel", "yellow", { value: 9, limit: 10 });
    expect(last().text.zh).toContain("可燃气体浓度 9 %LEL，曾超过 10 %LEL（低报），由红色降为黄色，尚未解除");
  });

  test("a value beyond the detector's range is danger in words, never a number", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", {
      value: Number.POSITIVE_INFINITY,
      limit: 50,
      reason: "over_range",
    });
    expect(last()).toMatchObject({ value: null, valueText: { zh: "超量程", en: "over range" }, limit: 50 });
    expect(last().text.zh).toContain("可燃气体浓度 超量程，超过 50 %LEL（高报）");
  });

  test("doubtful data that raises is called doubtful", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50, reason: "clock_suspect" });
    expect(last().text.zh).toContain("（高报）（数据可疑：时钟可疑）");
    expect(last().quality).toMatchObject({ level: "uncertain", reason: "clock_suspect", opcua: 0x4000_0000 });
  });

  test("smoke is said without a number, with building, floor and room", () => {
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    expect(last().text.zh).toContain("【红色】幸福小区7号 3号楼 12层 1203室 烟感，烟雾报警，");
    expect(last().valueText.zh).toBe("报警");
    expect(last().limit).toBeNull();
  });

  test("a return tells how bad it was, how long it took, and that somebody must acknowledge", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    clock.advance(3 * MINUTE);
    plant.clear("gas-leak", "gd-01.lel", { value: 3, limit: 10 });
    expect(last().text.zh).toBe(
      "【恢复】老街3号阀井 1号探测器，可燃气体浓度 3 %LEL，已恢复正常。最高红色，历时3分。请值班员确认。",
    );
  });

  test("a latched alarm whose condition has gone asks for a look on the spot and a reset", () => {
    plant.assert("fire", "smoke-7.smoke", "red", { value: 1 });
    plant.clear("fire", "smoke-7.smoke", { value: 0 });
    expect(last().text.zh).toMatch(
      /^【保持】.*烟雾报警：正常，已恢复正常，报警保持。.*请现场核查无误后复位。$/,
    );
  });

  test("lost monitoring says that danger cannot be seen, why, and for how many devices", () => {
    plant.assert("monitoring-lost", "link@bus-1", "yellow", { reason: "not_connected", covers: 2 });
    expect(last().text.zh).toBe(
      "【黄色·监测中断】示范站 485总线1，监测中断（链路未连接），5月21日14:30:00，涉及 2 台设备。中断期间无法发现险情。请检查供电和通信，恢复前请人工巡查。",
    );
    expect(last().where).toMatchObject({ kind: "link", point: { id: "gateway" }, link: { id: "bus-1" } });
  });

  test("a faulty instrument: what, and what it says of itself", () => {
    plant.assert("instrument-fault", "gd-02.lel", "yellow", { reason: "sensor_failure" });
    expect(last().text.zh).toContain(
      "【黄色·故障】老街3号阀井 2号探测器，可燃气体浓度 仪表故障（传感器故障），",
    );
    expect(last().quality).toMatchObject({ level: "bad", ne107: "F", opcua: 0x808c_0000 });
  });

  test("a rule's own guidance comes before the usual one", () => {
    plant.assert("battery", "smoke-7.battery", "blue", { value: 12, limit: 20 });
    expect(last().text.zh).toContain("电池电量 12 %，低于 20 %");
    expect(last().text.zh).toMatch(/请上门更换电池。$/);
    expect(last().guidance.en).toBe("Change the battery.");
  });

  test("an acknowledgement names the person and says whether it is over", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    plant.command({
      verb: "acknowledge",
      id: "1",
      user: "王强",
      rule: "gas-leak",
      subject: "gd-01.lel",
      occurrence: 1,
      note: "已派人",
    });
    expect(last().text.zh).toBe(
      "【已确认】老街3号阀井 1号探测器，燃气泄漏，王强已确认，尚未解除。备注：已派人。",
    );
  });

  test("a withdrawn alarm does not pretend that the danger is over", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    plant.withdraw("gas-leak", "gd-01.lel");
    expect(last().text.zh).toContain("这不表示险情已经解除");
  });

  test("what was found in late data is for the record", () => {
    plant.historical("flood", "gauge-1.level", "red", { value: 177.4, limit: 177 });
    expect(last().text.zh).toMatch(
      /^【红色·补报】石羊沟断面 水位计，水位 177\.4 m，超过 177 m，发生于5月21日14:30:00。/,
    );
  });

  test("an exercise is called an exercise, first of all", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    const event = { ...plant.log[0]!, mode: "exercise" as const };
    const { text } = payloads.event(event, { uncommitted: false, resent: false });
    expect(text.zh).toMatch(/^【演练·红色】/);
    expect(text.en).toMatch(/^\[EXERCISE · red\]/);
  });
});

describe("what machines read", () => {
  test("an event carries everything that design and schema promise", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    expect(last()).toMatchObject({
      format: "tocsin.event.1",
      id: "demo-1",
      occurrence: "demo-o1",
      seq: 1,
      prev: 0,
      transition: "raise",
      from: "normal",
      to: "unacknowledged",
      mode: "live",
      class: "danger",
      severity: "red",
      highest: "red",
      value: 62,
      unit: { name: "%LEL", symbol: "%LEL", ucum: "%{LEL}" },
      limit: 50,
      what: { quantity: "gas_lel", gas: "CH4" },
      rule: { id: "gas-leak", basis: "GB/T 50493-2019 5.5.2" },
      where: {
        point: { id: "well-3" },
        device: { id: "gd-01" },
        subject: "gd-01.lel",
        location: { longitude: 109.88 },
        codes: { "county-platform": "WS-0012" },
        groups: [{ id: "old-street" }],
      },
      since: "2026-05-21T06:30:00.000000Z",
      revision: "r1",
      uncommitted: false,
      resent: false,
    });
  });

  test("the site's order of languages is the order in the text", () => {
    const english = new Payloads({ places: new Places(SITE), rules: SITE_RULES, languages: ["en", "zh"] });
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    const message = english.event(plant.log[0]!, { uncommitted: false, resent: false });
    expect(Object.keys(message.text)).toEqual(["en", "zh"]);
  });

  test("keys of an earlier configuration are still named", () => {
    plant.assert("gas-leak", "gd-01.lel", "red", { value: 62, limit: 50 });
    const gone = {
      ...plant.log[0]!,
      rule: "old-rule",
      subject: "old.lel",
      point: "old-point",
      domain: "gas",
    };
    const message = payloads.event(gone, { uncommitted: false, resent: true }) as EventMessage;
    expect(message.where).toMatchObject({ kind: "gateway", point: { id: "old-point" }, subject: "old.lel" });
    expect(message.rule.name.zh).toBe("old-rule");
  });
});
