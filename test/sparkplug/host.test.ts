import { describe, expect, test } from "vitest";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import { DAY, MINUTE, SECOND } from "../../model/time.ts";
import { BIRTH, HostStand } from "./site.ts";

const LEL = { alias: 1 };
const ALARM = { alias: 2 };

describe("a node that is born", () => {
  test("gives present values under names, and its devices are there", () => {
    const stand = new HostStand();
    stand.born();
    expect(stand.last()).toEqual([
      "other.lel 1.5 good",
      "other.alarm 0 good",
      "other.volume 7 good",
      "other.inner 40.5 good",
      "other.cell 21.5 good",
    ]);
    expect(stand.health).toEqual(["0 true", "1 true"]);
    expect(stand.count("unmapped")).toBe(2);
  });

  test("is then heard by aliases; values of two devices under one alias do not mix", () => {
    const stand = new HostStand();
    stand.born();
    stand.data([{ ...LEL, value: 12.5, dataType: DATA_TYPE.double }]);
    expect(stand.last()).toEqual(["panel.lel 12.5 good"]);
    stand.data([{ ...ALARM, value: true }], "other");
    expect(stand.last()).toEqual(["other.alarm 1 good"]);
  });

  test("all values of one message enter together", () => {
    const stand = new HostStand();
    stand.born();
    const before = stand.intake.messages.length;
    stand.data([
      { ...LEL, value: 60, dataType: DATA_TYPE.double },
      { ...ALARM, value: true },
    ]);
    expect(stand.intake.messages.length).toBe(before + 1);
    expect(stand.last()).toEqual(["panel.lel 60 good", "panel.alarm 1 good"]);
  });

  test("what it does not have is a fault of the configuration, not silence", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", BIRTH.slice(1), { device: "panel" });
    expect(stand.last().at(-1)).toBe("panel.lel NaN configuration_error");
    expect(stand.count("missing_metrics")).toBe(1);
  });

  test("a state that has stood for a month is of now; one hour old is of then", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    const month = stand.now - (30 * DAY) / 1000;
    const hour = stand.now - 3_600_000;
    stand.hear(
      "DBIRTH",
      BIRTH.map((metric, i) => ({ ...metric, timestamp: i === 1 ? month : hour })),
      { device: "panel" },
    );
    const times = stand.intake.messages.at(-1)!.readings.map(({ time }) => time / 1000);
    expect(times[0]).toBe(hour);
    expect(times[1]).toBeNaN();
  });

  test("with a clock that is wrong altogether keeps its times, so that the gateway refuses them", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", BIRTH, { device: "panel", timestamp: 86_400_000 });
    expect(stand.intake.messages.at(-1)!.readings[0]!.time).toBe(86_400_000_000);
  });

  test("an alias given to two metrics stands for neither, and it is asked again", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", [...BIRTH, { name: "Twin", alias: 1, dataType: DATA_TYPE.double, value: 0 }], {
      device: "panel",
    });
    const before = stand.intake.messages.length;
    stand.clock.advance(10 * SECOND);
    const asked = stand.asked;
    stand.data([{ ...LEL, dataType: DATA_TYPE.double, value: 0 }]);
    expect(stand.intake.messages.length).toBe(before);
    expect(stand.count("ambiguous_aliases")).toBe(1);
    expect(stand.count("unknown_aliases")).toBe(1);
    expect(stand.asked).toBe(asked + 1);
  });
});

describe("a message that was lost", () => {
  test("makes what follows uncertain, and a birth is asked for", () => {
    const stand = new HostStand();
    stand.born();
    const asked = stand.asked;
    stand.clock.advance(MINUTE);
    stand.seq++;
    stand.data([
      { ...ALARM, value: true },
      { ...LEL, value: 0, dataType: DATA_TYPE.double },
    ]);
    expect(stand.last()).toEqual(["panel.alarm 1 last_usable", "panel.lel 0 last_usable"]);
    expect(stand.count("gaps")).toBe(1);
    expect(stand.asked).toBe(asked + 1);
    stand.born();
    stand.data([{ ...LEL, value: 2, dataType: DATA_TYPE.double }]);
    expect(stand.last()).toEqual(["panel.lel 2 good"]);
  });

  test("the number after 255 is 0", () => {
    const stand = new HostStand();
    stand.born();
    for (let i = 0; i < 600; i++) stand.data([{ ...LEL, value: i / 10, dataType: DATA_TYPE.double }]);
    expect(stand.count("gaps")).toBe(0);
    expect(stand.last()).toEqual(["panel.lel 59.9 good"]);
  });

  test("a message of a device the site does not have counts in the sequence", () => {
    const stand = new HostStand();
    stand.born();
    stand.hear("DDATA", [{ name: "x", value: 1 }], { device: "stranger" });
    stand.data([{ ...LEL, value: 3, dataType: DATA_TYPE.double }]);
    expect(stand.count("gaps")).toBe(0);
    expect(stand.last()).toEqual(["panel.lel 3 good"]);
    expect(stand.host.strangers().map(({ address }) => address)).toEqual([
      '{ group: "plant", node: "edge", device: "stranger" }',
    ]);
  });

  test("a repeat of the message before it is neither a gap nor a reading", () => {
    const stand = new HostStand();
    stand.born();
    stand.data([{ ...LEL, value: 3, dataType: DATA_TYPE.double }]);
    const before = stand.intake.messages.length;
    stand.hear("DDATA", [{ ...LEL, value: 3, dataType: DATA_TYPE.double }], {
      device: "panel",
      seq: stand.seq - 1,
      dup: true,
    });
    expect(stand.intake.messages.length).toBe(before);
    expect([stand.count("repeats"), stand.count("gaps")]).toEqual([1, 0]);
  });

  test("requests are spaced: at most one in the interval, the pause doubling while nobody answers", () => {
    const stand = new HostStand({ rebirth: { interval: "10s", greatest: "1m" } });
    expect(stand.asked).toBe(1);
    for (let i = 0; i < 500; i++) stand.hear("DDATA", [], { device: "panel", seq: 7 });
    expect(stand.asked).toBe(1);
    stand.clock.advance(20 * SECOND);
    expect(stand.asked).toBe(2);
    stand.clock.advance(40 * SECOND);
    expect(stand.asked).toBe(3);
    stand.clock.advance(10 * MINUTE);
    expect(stand.asked).toBe(13);
  });

  test("where asking is off nothing is ever sent", () => {
    const stand = new HostStand({ rebirth: { enabled: false } });
    stand.hear("DDATA", [], { device: "panel", seq: 7 });
    stand.clock.advance(10 * MINUTE);
    expect(stand.asked).toBe(0);
  });
});

describe("death", () => {
  const death = (bdSeq: number) => [{ name: "bdSeq", dataType: DATA_TYPE.int64, value: bdSeq }];

  test("of a node takes all its devices, once", () => {
    const stand = new HostStand();
    stand.born(3);
    stand.hear("NDEATH", death(3));
    expect(stand.health).toEqual(["0 true", "1 true", "0 false", "1 false"]);
    expect(stand.last()).toHaveLength(10);
    expect(stand.last().every((said) => said.endsWith("NaN no_communication"))).toBe(true);
    const before = stand.intake.messages.length;
    stand.hear("NDEATH", death(3));
    expect(stand.intake.messages.length).toBe(before);
    stand.born(4);
    expect(stand.health.slice(4)).toEqual(["0 true", "1 true"]);
  });

  test("of the session before this one is left", () => {
    const stand = new HostStand();
    stand.born(4);
    stand.hear("NDEATH", death(3));
    expect(stand.health).toEqual(["0 true", "1 true"]);
    expect(stand.count("stale_deaths")).toBe(1);
    stand.data([{ ...LEL, value: 3, dataType: DATA_TYPE.double }]);
    expect(stand.last()).toEqual(["panel.lel 3 good"]);
  });

  test("of a device leaves the others alone; its data afterwards is doubted until it is born again", () => {
    const stand = new HostStand();
    stand.born();
    stand.hear("DDEATH", [], { device: "panel" });
    expect(stand.health).toEqual(["0 true", "1 true", "0 false"]);
    stand.data([{ ...LEL, value: 3, dataType: DATA_TYPE.double }], "other");
    expect(stand.last()).toEqual(["other.lel 3 good"]);
    stand.data([{ ...LEL, value: 3, dataType: DATA_TYPE.double }]);
    expect(stand.last()).toEqual(["panel.lel 3 last_usable"]);
    stand.hear("DBIRTH", BIRTH, { device: "panel" });
    expect(stand.health.at(-1)).toBe("0 true");
    stand.data([{ ...LEL, value: 4, dataType: DATA_TYPE.double }]);
    expect(stand.last()).toEqual(["panel.lel 4 good"]);
  });

  test("a node that never comes is lost after the patience of the link", () => {
    const stand = new HostStand({ patience: "30s" });
    stand.clock.advance(29 * SECOND);
    expect(stand.health).toEqual([]);
    stand.clock.advance(SECOND);
    expect(stand.health).toEqual(["0 false", "1 false"]);
    expect(stand.last()).toHaveLength(10);
  });

  test("a device that does not follow its node's birth is lost too", () => {
    const stand = new HostStand({ patience: "30s" });
    stand.born();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", BIRTH, { device: "other" });
    stand.clock.advance(30 * SECOND);
    expect(stand.health.slice(2)).toEqual(["0 false"]);
  });

  test("a birth that the broker kept says nothing about now", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0, retained: true });
    stand.hear("DBIRTH", BIRTH, { device: "panel", retained: true });
    expect(stand.intake.messages).toEqual([]);
    expect(stand.count("retained")).toBe(2);
  });

  test("while the connection is away nobody is given up: the link is", () => {
    const stand = new HostStand({ patience: "30s" });
    stand.born();
    stand.host.disconnected();
    stand.clock.advance(10 * MINUTE);
    expect(stand.health).toEqual(["0 true", "1 true"]);
    stand.host.connected();
    stand.clock.advance(30 * SECOND);
    expect(stand.health.slice(2)).toEqual(["0 false", "1 false"]);
  });
});

describe("values", () => {
  test.each([
    ["Int8 -1 in 32 bits", { dataType: DATA_TYPE.int8, value: -1 }, "-1 good"],
    ["Int16", { dataType: DATA_TYPE.int16, value: -3 }, "-3 good"],
    ["Int32", { dataType: DATA_TYPE.int32, value: -4 }, "-4 good"],
    ["Int64", { dataType: DATA_TYPE.int64, value: -2 }, "-2 good"],
    ["UInt8", { dataType: DATA_TYPE.uint8, value: 90 }, "90 good"],
    ["float", { dataType: DATA_TYPE.float, value: 2.5 }, "2.5 good"],
    ["NaN", { dataType: DATA_TYPE.double, value: Number.NaN }, "NaN not_a_number"],
    ["infinity", { dataType: DATA_TYPE.double, value: Infinity }, "Infinity over_range"],
    ["null", { dataType: DATA_TYPE.double, value: null }, "NaN missing_value"],
    ["nothing", { dataType: DATA_TYPE.double }, "NaN missing_value"],
    ["text", { dataType: DATA_TYPE.string, value: "12.5" }, "12.5 good"],
    ["no number", { dataType: DATA_TYPE.string, value: "high" }, "NaN not_a_number"],
    ["a yes for a number", { dataType: DATA_TYPE.boolean, value: false }, "NaN undecodable"],
    ["an array", { dataType: 32, value: new Uint8Array(16) }, "NaN undecodable"],
    ["bad", { dataType: DATA_TYPE.double, value: 3, quality: 0 }, "NaN bad"],
    ["stale", { dataType: DATA_TYPE.double, value: 3, quality: 500 }, "NaN no_communication"],
    ["good", { dataType: DATA_TYPE.double, value: 3, quality: 192 }, "3 good"],
    ["uncertain as OPC has it", { dataType: DATA_TYPE.double, value: 3, quality: 64 }, "3 uncertain"],
    ["bad as OPC UA has it", { dataType: DATA_TYPE.double, value: 3, quality: 0x808c_0000 }, "NaN bad"],
  ])("%s", (_, metric, said) => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    stand.hear("DBIRTH", [{ name: "Gas/LEL", ...metric }], { device: "panel" });
    expect(stand.last()[0]).toBe(`panel.lel ${said}`);
  });

  test("the whole range of UInt64 stays positive", () => {
    const stand = new HostStand();
    stand.born();
    stand.data([{ alias: 3, dataType: DATA_TYPE.uint64, value: 2n ** 64n - 1n }]);
    expect(stand.last()).toEqual([`panel.volume ${2 ** 64} good`]);
  });

  test("the type of the birth decides where data says none", () => {
    const stand = new HostStand();
    stand.hear("NBIRTH", [], { seq: 0 });
    const metric = { name: "Gas/LEL", alias: 1, dataType: DATA_TYPE.int16, value: 0 };
    stand.hear("DBIRTH", [metric], { device: "panel" });
    stand.data([{ alias: 1, value: -2 }]);
    expect(stand.last()).toEqual(["panel.lel -2 good"]);
  });

  test("danger that the device asserts stays danger beside a bad quality", () => {
    const stand = new HostStand();
    stand.born();
    stand.data([{ ...ALARM, value: true, quality: 0 }]);
    expect(stand.last()).toEqual(["panel.alarm 1 bad"]);
    stand.data([{ ...ALARM, value: false, quality: 0 }]);
    expect(stand.last()).toEqual(["panel.alarm NaN bad"]);
  });

  test("historical values come in the order of their times", () => {
    const stand = new HostStand();
    stand.born();
    const at = (ago: number, value: number) => ({
      ...LEL,
      dataType: DATA_TYPE.double,
      value,
      timestamp: stand.now - ago,
      historical: true,
    });
    stand.data([at(1000, 3), at(3000, 1), at(2000, 2)]);
    expect(stand.last()).toEqual(["panel.lel 1 good", "panel.lel 2 good", "panel.lel 3 good"]);
    expect(stand.count("historical")).toBe(3);
  });

  test("new danger under a clock that was set back is of now, or it would be too late to be heard", () => {
    const stand = new HostStand();
    stand.born();
    stand.data([{ ...ALARM, value: true, timestamp: stand.now - 60_000 }]);
    expect(stand.intake.readings.at(-1)).toMatchObject({ value: 1, time: Number.NaN });
    stand.data([{ ...ALARM, value: true, timestamp: stand.now - 50_000, historical: true }]);
    expect(stand.intake.readings.at(-1)!.time).toBe(stand.clock.now() - 50 * SECOND);
  });
});

describe("who is not of the site", () => {
  test("is counted, named with its address, and bounded", () => {
    const stand = new HostStand({ limits: { strangers: 10 } });
    for (let i = 0; i < 50; i++) {
      stand.host.take({
        topic: `spBv1.0/plant/NBIRTH/node ${i}`,
        payload: new Uint8Array(),
        qos: 0,
        dup: false,
        retained: false,
      });
    }
    expect(stand.count("unknown_nodes")).toBe(50);
    expect(stand.host.strangers()).toHaveLength(10);
    expect(stand.host.strangers().at(-1)?.address).toBe('{ group: "plant", node: "node 49" }');
    expect(stand.asked).toBe(1);
  });
});

test("what the disk does not take is evaluated and not acknowledged", () => {
  const stand = new HostStand();
  stand.intake.refusing = true;
  expect(stand.hear("NDEATH", [])).toBe(-1);
  expect(stand.count("dropped")).toBe(1);
});
