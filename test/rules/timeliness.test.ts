import { describe, expect, test } from "vitest";
import { REASON, type ReasonName } from "../../model/quality.ts";
import {
  FLAG_CLOCK_SUSPECT,
  FLAG_DEVICE_TIME,
  FLAG_LATE,
  FLAG_ORDER_UNKNOWN,
  FLAG_TIME_REFUSED,
  NO_TIME,
  ReadingBatch,
} from "../../model/reading.ts";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { Timeliness } from "../../rules/timeliness.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

const site = siteOf({
  devices: [
    { id: "d", channels: [{ id: "a" }, { id: "polled", greatestDelay: 10 * MINUTE }] },
    { id: "panel", channels: [{ id: "fire", quantity: "fire", report: "on-change" }] },
  ],
});

/** Judges readings given as seconds after START: [device time, received]. */
class Judge {
  readonly timeliness = new Timeliness(site);
  readonly batch = new ReadingBatch();

  one(time: Micros, received: Micros, more: { channel?: number; reason?: ReasonName; value?: number } = {}) {
    const { batch } = this;
    batch.clear();
    batch.add(more.channel ?? 0, more.value ?? 1, REASON[more.reason ?? "good"], time);
    this.timeliness.judge(batch, received);
    return { time: batch.time[0]!, flags: batch.flags[0]! };
  }

  at(seconds: number, received: number, more = {}) {
    const { time, flags } = this.one(START + seconds * SECOND, START + received * SECOND, more);
    return { time: (time - START) / SECOND, flags };
  }
}

describe("semantics 12: late", () => {
  test("older than the last evaluated reading is late; equal time is evaluated", () => {
    const judge = new Judge();
    expect(judge.at(10, 11).flags).toBe(FLAG_DEVICE_TIME);
    expect(judge.at(9.999999, 12)).toEqual({ time: 9.999999, flags: FLAG_DEVICE_TIME | FLAG_LATE });
    expect(judge.at(10, 13).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("delayed but newer is not late: a smoke alarm an hour on the way", () => {
    const judge = new Judge();
    judge.at(0, 1);
    expect(judge.at(10, 3610)).toEqual({ time: 10, flags: FLAG_DEVICE_TIME });
  });

  test("without a device time the reading is dated as it is received", () => {
    const judge = new Judge();
    expect(judge.one(NO_TIME, START)).toEqual({ time: START, flags: 0 });
  });
});

describe("semantics 13: refused times", () => {
  test("the future bound is ten minutes", () => {
    const judge = new Judge();
    expect(judge.at(600, 0).flags).toBe(FLAG_DEVICE_TIME);
    expect(judge.at(601.000001, 1)).toEqual({ time: 1, flags: FLAG_TIME_REFUSED });
  });

  test("before 2020 is refused, the first instant of 2020 is not too early in itself", () => {
    const judge = new Judge();
    const year2020 = Date.UTC(2020, 0, 1) * 1_000;
    expect(judge.one(Date.UTC(2000, 0, 1) * 1_000, START).flags).toBe(FLAG_TIME_REFUSED);
    expect(judge.one(year2020 - 1, year2020 + SECOND).flags).toBe(FLAG_TIME_REFUSED);
    expect(new Judge().one(year2020, year2020 + SECOND).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("older than the greatest delay is refused: a day, or ten minutes for polled devices", () => {
    const judge = new Judge();
    expect(judge.one(START - DAY, START).flags).toBe(FLAG_DEVICE_TIME);
    expect(judge.one(START - DAY - 1, START).flags).toBe(FLAG_TIME_REFUSED);
    expect(judge.one(START - 10 * MINUTE, START, { channel: 1 }).flags).toBe(FLAG_DEVICE_TIME);
    expect(judge.one(START - 10 * MINUTE - 1, START, { channel: 1 }).flags).toBe(FLAG_TIME_REFUSED);
  });

  test("both times are kept for the journal", () => {
    const { timeliness, batch } = new Judge();
    batch.add(0, 1, 0, START);
    batch.add(1, 1, 0, 946_684_800_000_000);
    timeliness.judge(batch, START);
    expect([timeliness.claimedIndex, timeliness.claimed]).toEqual([[1], [946_684_800_000_000]]);
    expect(batch.time[1]).toBe(START);
    batch.clear();
    timeliness.judge(batch, START);
    expect(timeliness.claimed).toEqual([]);
  });

  test("a refused time does not move the order mark", () => {
    const judge = new Judge();
    judge.at(10, 10);
    judge.at(9_999, 20);
    expect(judge.at(11, 30).flags & FLAG_LATE).toBe(0);
  });

  test("an infinite time is refused", () => {
    const judge = new Judge();
    expect(judge.one(Number.POSITIVE_INFINITY, START).flags).toBe(FLAG_TIME_REFUSED);
    expect(judge.one(Number.NEGATIVE_INFINITY, START).flags).toBe(FLAG_TIME_REFUSED);
  });
});

describe("semantics 14: a clock that was set back", () => {
  test("three late readings in a row whose own times advance reset the order mark", () => {
    const judge = new Judge();
    judge.at(1000, 1000);
    expect(judge.at(400, 1001).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
    expect(judge.at(401, 1002).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
    expect(judge.at(402, 1003).flags).toBe(FLAG_DEVICE_TIME | FLAG_CLOCK_SUSPECT);
    expect(judge.at(403, 1004).flags).toBe(FLAG_DEVICE_TIME | FLAG_CLOCK_SUSPECT);
    // The clock was put right again.
    expect(judge.at(1005, 1005).flags).toBe(FLAG_DEVICE_TIME);
    expect(judge.at(1006, 1006).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("what a logger had kept while it was cut off comes faster than it was measured: late, however much of it", () => {
    const judge = new Judge();
    judge.at(1000, 1000);
    for (let i = 0; i < 10; i++) {
      expect(judge.at(400 + i * 5, 1001 + i).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
    }
    expect(judge.at(1015, 1015).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("several samples in one message hide no clock that was set back: the next message shows it", () => {
    const judge = new Judge();
    judge.at(1000, 1000);
    for (const time of [400, 401, 402, 403]) {
      expect(judge.at(time, 1004).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
    }
    expect(judge.at(404, 1008).flags).toBe(FLAG_DEVICE_TIME | FLAG_CLOCK_SUSPECT);
  });

  test("late readings whose times do not advance, or that are not in a row, are only late", () => {
    const judge = new Judge();
    judge.at(1000, 1000);
    for (const [time, received] of [
      [400, 1001],
      [400, 1002],
      [399, 1003],
      [398, 1004],
    ] as const) {
      expect(judge.at(time, received).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
    }
    judge.at(1005, 1005);
    judge.at(500, 1006);
    judge.at(501, 1007);
    judge.at(1008, 1008);
    expect(judge.at(502, 1009).flags).toBe(FLAG_DEVICE_TIME | FLAG_LATE);
  });
});

describe("semantics 15 and unique times", () => {
  test("two readings of one channel in the same instant are two points in InfluxDB", () => {
    const judge = new Judge();
    const times = [judge.at(10, 11), judge.at(10, 12), judge.at(10, 13)].map(({ time }) => time);
    expect(times).toEqual([10, 10.000001, 10.000002]);
    // The offset is not mistaken for the device's own time.
    expect(judge.at(10, 14).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("times given by the gateway are unique, too", () => {
    const judge = new Judge();
    expect([1, 2, 3].map(() => judge.one(NO_TIME, START).time - START)).toEqual([0, 1, 2]);
  });

  test("a reading dated by the gateway does not fall on one that the device dated", () => {
    const judge = new Judge();
    judge.one(START, START);
    expect(judge.one(NO_TIME, START).time).toBe(START + 1);
    expect(judge.one(START + SECOND, START + SECOND).time).toBe(START + SECOND);
    const other = new Judge();
    other.one(NO_TIME, START);
    expect(other.one(START, START + 1).time).toBe(START + 1);
  });
});

describe("readings with and without a time of their own", () => {
  test("an older dated reading after an undated one may raise but not clear", () => {
    const judge = new Judge();
    judge.one(NO_TIME, START + 100 * SECOND);
    expect(judge.at(90, 101).flags).toBe(FLAG_DEVICE_TIME | FLAG_ORDER_UNKNOWN);
    expect(judge.at(102, 103).flags).toBe(FLAG_DEVICE_TIME);
  });

  test("what a driver could not read says nothing about the order", () => {
    const judge = new Judge();
    judge.one(NO_TIME, START + 100 * SECOND, { reason: "not_connected", value: Number.NaN });
    expect(judge.at(90, 101).flags).toBe(FLAG_DEVICE_TIME);
  });
});

describe("after a restart", () => {
  test("a checkpoint, or the journal behind it, brings back the same judgement", () => {
    const script: [number, number][] = [
      [1000, 1000],
      [1000, 1001],
      [1000, 1001.5],
      [400, 1002],
      [401, 1003],
      [99_999, 1004],
      [402, 1005],
      [402, 1006],
      [403, 1007],
      [300, 1008],
      [2000, 2000],
      [1999, 2001],
      [2000, 2002],
    ];
    const judge = (cut: number, how: "checkpoint" | "journal") => {
      const before = new Judge();
      const after = new Judge();
      return script.map(([time, received], i) => {
        const result = (i < cut ? before : after).at(time, received);
        if (i < cut && how === "journal") after.timeliness.replayed(before.batch, START + received * SECOND);
        if (i === cut - 1 && how === "checkpoint") {
          after.timeliness.restore(JSON.parse(JSON.stringify(before.timeliness.checkpoint())));
        }
        return result;
      });
    };
    const whole = judge(script.length, "checkpoint");
    for (let cut = 1; cut < script.length; cut++) {
      expect(judge(cut, "checkpoint"), `checkpoint after ${cut}`).toEqual(whole);
      expect(judge(cut, "journal"), `journal up to ${cut}`).toEqual(whole);
    }
  });
});

describe("through the rules", () => {
  const rules = {
    gas: { applies: { channel: "d.a" }, above: { red: 50 } },
    fire: { applies: { quantity: "fire" }, equals: { red: "active" } },
  };

  /** Judges, then evaluates, as the intake does. */
  function enter(
    run: EngineRun,
    timeliness: Timeliness,
    reading: { channel: string; value: number; time: Micros },
  ) {
    const batch = new ReadingBatch();
    batch.add(run.index(reading.channel), reading.value, 0, reading.time);
    timeliness.judge(batch, run.now);
    run.engine.readings(batch, 0, 1, run.now);
  }

  test("a panel whose clock says 2000 still alarms, and gets a clock fault", () => {
    const run = new EngineRun(site, rules);
    const timeliness = new Timeliness(site);
    enter(run.at(5), timeliness, { channel: "panel.fire", value: 1, time: Date.UTC(2000, 0, 1) * 1_000 });
    expect(run.told()).toEqual(["5 fire@panel.fire raise red", "5 clock-fault@panel raise blue"]);
    expect(run.events[0]).toMatchObject({ reason: REASON.clock_suspect, measured: START + 5 * SECOND });
    // At most uncertain: it does not clear until its clock is right.
    enter(run.at(6), timeliness, { channel: "panel.fire", value: 0, time: Date.UTC(2000, 0, 1) * 1_000 });
    expect(run.told()).toEqual([]);
    enter(run.at(7), timeliness, { channel: "panel.fire", value: 0, time: START + 7 * SECOND });
    expect(run.told()).toEqual(["7 fire@panel.fire return red", "7 clock-fault@panel return blue"]);
  });

  test("a smoke alarm delayed by an hour still alarms", () => {
    const run = new EngineRun(site, rules);
    const timeliness = new Timeliness(site);
    enter(run.at(0), timeliness, { channel: "panel.fire", value: 0, time: START });
    enter(run.at(3700), timeliness, { channel: "panel.fire", value: 1, time: START + 100 * SECOND });
    expect(run.told().filter((line) => line.includes("fire@"))).toEqual(["3700 fire@panel.fire raise red"]);
    expect(run.events.find((event) => event.rule === "fire")).toMatchObject({
      measured: START + 100 * SECOND,
      time: START + HOUR + 100 * SECOND,
    });
  });

  test("a late reading never clears a live alarm", () => {
    const run = new EngineRun(site, rules);
    const timeliness = new Timeliness(site);
    enter(run.at(10), timeliness, { channel: "d.a", value: 60, time: START + 10 * SECOND });
    enter(run.at(11), timeliness, { channel: "d.a", value: 0, time: START + 9 * SECOND });
    expect(run.told()).toEqual(["10 gas@d.a raise red"]);
    expect(run.engine.channel(0)).toMatchObject({ value: 60 });
  });

  test("a backlog tells what it holds once, as history, and leaves the live alarm alone", () => {
    const run = new EngineRun(site, { gas: { applies: { channel: "d.a" }, above: { yellow: 10, red: 50 } } });
    const late = (t: number, time: number, value: number) =>
      run.at(t).message({ channel: "d.a", value, time, flags: FLAG_DEVICE_TIME | FLAG_LATE });
    run.at(100).read("d.a", 1);
    late(100.1, 10, 20);
    late(100.2, 11, 60);
    late(100.3, 12, 61);
    late(100.4, 13, 0);
    late(100.5, 14, 55);
    expect(run.told()).toEqual([
      "100.1 gas@d.a historical yellow",
      "100.2 gas@d.a historical red",
      "100.5 gas@d.a historical red",
    ]);
    expect(run.engine.alarm("gas", "d.a")).toMatchObject({ state: "normal" });
    expect(run.events.map((event) => event.occurrence)).toEqual([1, 2, 3]);
  });

  test("late data about what a live occurrence has told already is no news", () => {
    const run = new EngineRun(site, rules);
    run.at(10).read("d.a", 60).at(12).read("d.a", 60);
    const late = (time: number, value: number) =>
      run.at(12.5).message({ channel: "d.a", value, time, flags: FLAG_DEVICE_TIME | FLAG_LATE });
    late(11, 70);
    expect(run.told()).toEqual(["10 gas@d.a raise red"]);
    late(9, 0);
    late(9.5, 70);
    expect(run.told()).toEqual(["12.5 gas@d.a historical red"]);
  });

  test("a late exceedance shorter than the on-delay is no historical event", () => {
    const run = new EngineRun(site, {
      gas: { applies: { channel: "d.a" }, above: { red: 50 }, onDelay: "10s" },
    });
    const late = (time: number, value: number) =>
      run.at(100).message({ channel: "d.a", value, time, flags: FLAG_DEVICE_TIME | FLAG_LATE });
    run.at(99).read("d.a", 1);
    late(10, 60);
    late(19, 60);
    late(20, 0);
    late(30, 60);
    expect(run.told()).toEqual([]);
    late(40, 60);
    expect(run.told()).toEqual(["100 gas@d.a historical red"]);
  });
});
