import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { mappingSchema } from "../../gateway/replay/mapping.ts";
import { replay } from "../../gateway/replay/run.ts";
import type { Span } from "../../gateway/replay/source.ts";
import { TableSource } from "../../gateway/replay/table-source.ts";
import { REASON_NAMES } from "../../model/quality.ts";
import { FLAG_LATE } from "../../model/reading.ts";
import { HOUR, SECOND } from "../../model/time.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";
import { rulesOf } from "../rules/engine-run.ts";
import { siteOf } from "../rules/site-builder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { ALL } from "./replayed.ts";

const SITE = siteOf({
  points: [{ id: "river", domain: "water" }],
  devices: [
    {
      id: "a",
      channels: [
        { id: "level", quantity: "water_level", stale: HOUR },
        { id: "beat", quantity: "heartbeat", heartbeat: 30 * SECOND },
        {
          id: "datum",
          quantity: "water_level",
          stale: HOUR,
          derived: { linear: "level", scale: 1, offset: 100 },
        },
      ],
    },
    { id: "b", channels: [{ id: "level", quantity: "water_level", stale: HOUR }] },
    {
      id: "s",
      channels: [
        { id: "smoke", quantity: "smoke", report: "on-change", states: { 0: "normal", 1: "active" } },
      ],
    },
  ],
});

interface Told {
  readonly lines: string[];
  readonly remarks: Record<string, number>;
  readonly examples: readonly string[];
  readonly alarms: readonly string[];
}

/** What the rules see of a table: `channel value reason at second`, and what is said of the rest. */
function read(table: string | Buffer, mapping: object, span: Span = ALL): Told {
  using folder = temporaryFolder("table");
  const path = folder.join("t.csv");
  writeFileSync(path, table);
  const lines: string[] = [];
  const source = new TableSource({ path, site: SITE, mapping: mappingSchema.parse(mapping), span });
  const outcome = replay({
    configuration: {
      site: SITE,
      rules: rulesOf(SITE, { high: { applies: { quantity: "water_level" }, above: { yellow: 5 } } }),
      alarms: alarmSettingsSchema.parse({}),
    },
    source,
    since: ALL.since,
    readings: ({ channel, value, reason, flags, time, length }, received) => {
      for (let i = 0; i < length; i++) {
        const late = (flags[i]! & FLAG_LATE) === 0 ? "" : ` late (received ${iso(received)})`;
        lines.push(
          `${SITE.channels[channel[i]!]!.key} ${value[i]} ${REASON_NAMES[reason[i]!]} ${iso(time[i]!)}${late}`,
        );
      }
    },
  });
  return {
    lines,
    remarks: Object.fromEntries(outcome.remarks.map(({ kind, count }) => [kind, count])),
    examples: outcome.remarks.flatMap(({ examples }) => examples.map((text) => text.replace(path, "t.csv"))),
    alarms: outcome.episodes.map(({ rule, subject }) => `${rule} ${subject}`),
  };
}

function iso(time: number): string {
  return new Date(time / 1_000).toISOString().replace(".000Z", "Z");
}

const LONG = { time: { column: "t", zone: "UTC" }, long: { channel: "c", value: "v" } };
const WIDE = { time: { column: "t", zone: "UTC" }, channels: { x: "a.level" } };

describe("a table with a row a reading", () => {
  test("becomes readings of the channels that its words name; derived channels are computed", () => {
    const { lines } = read("t,c,v\n2025-11-23 05:31,a.level,1.5\n2025-11-23 05:32,b.level,2\n", LONG);
    expect(lines).toEqual([
      "a.level 1.5 good 2025-11-23T05:31:00Z",
      "a.datum 101.5 good 2025-11-23T05:31:00Z",
      "b.level 2 good 2025-11-23T05:32:00Z",
    ]);
  });

  test("words are mapped, units converted", () => {
    const mapping = {
      ...LONG,
      long: { ...LONG.long, channels: { Kithulgala: { channel: "b.level", unit: "cm" } } },
    };
    expect(read("t,c,v\n2025-11-23,Kithulgala,150\n", mapping).lines).toEqual([
      "b.level 1.5 good 2025-11-23T00:00:00Z",
    ]);
  });

  test("what is late is late, as it would have been live: `received` is the largest time so far", () => {
    const { lines, alarms } = read(
      "t,c,v\n2025-01-01 00:10,b.level,1\n2025-01-01 00:05,b.level,9\n2025-01-01 00:11,b.level,1\n",
      LONG,
    );
    expect(lines[1]).toBe("b.level 9 good 2025-01-01T00:05:00Z late (received 2025-01-01T00:10:00Z)");
    expect(alarms).toEqual([]);
  });

  test("with `order: by-time` a table that holds one station after the other is put in order first", () => {
    const table =
      "t,c,v\n2025-01-01 00:00,a.level,1\n2025-01-01 00:20,a.level,2\n2025-01-01 00:10,b.level,3\n";
    const times = (told: Told) => told.lines.filter((line) => !line.startsWith("a.datum"));
    expect(times(read(table, { ...LONG, order: "by-time" }))).toEqual([
      "a.level 1 good 2025-01-01T00:00:00Z",
      "b.level 3 good 2025-01-01T00:10:00Z",
      "a.level 2 good 2025-01-01T00:20:00Z",
    ]);
  });

  test("has a `received` of its own where the table says so", () => {
    const mapping = { ...LONG, received: { column: "r", format: "unix" } };
    const { lines } = read(
      "t,c,v,r\n2025-01-01 00:00,b.level,1,1735689900\n2024-12-31 23:59,b.level,2,1735689901\n",
      mapping,
    );
    expect(lines[1]).toBe("b.level 2 good 2024-12-31T23:59:00Z late (received 2025-01-01T00:05:01Z)");
  });

  test("keeps readings outside of the span out, and says how many", () => {
    const hour = Date.UTC(2025, 0, 1, 1) * 1_000;
    const told = read(
      "t,c,v\n2025-01-01 00:59:59,b.level,1\n2025-01-01 01:00,b.level,2\n2025-01-01 02:00,b.level,3\n",
      LONG,
      {
        since: hour,
        until: hour + HOUR,
      },
    );
    expect(told.lines).toEqual(["b.level 2 good 2025-01-01T01:00:00Z"]);
    expect(told.remarks).toEqual({ "rows outside of the span that was asked for": 2 });
  });
});

describe("what is no reading is counted and named, with line and column", () => {
  test("times, cells, words and rows that cannot be read", () => {
    const { lines, remarks, examples } = read(
      [
        "t,c,v",
        "yesterday,b.level,1",
        "2025-02-30,b.level,1",
        "2025-01-01 00:00,b.level,1;5",
        "2025-01-01 00:01,b.level",
        "2025-01-01 00:02,c.level,3",
        "2025-01-01 00:03,a.datum,104",
        "2025-01-01 00:04,b.level,0x10",
        "",
        "2025-01-01 00:05,b.level,4",
        "",
      ].join("\r\n"),
      LONG,
    );
    expect(lines).toEqual(["b.level 4 good 2025-01-01T00:05:00Z"]);
    expect(remarks).toEqual({
      "rows without a time that can be read": 2,
      "cells that are neither a number nor a known word": 2,
      "rows with too few or too many cells": 1,
      "rows of a channel that the mapping does not name": 1,
      "rows of derived channels: they are computed from their inputs again": 1,
    });
    expect(examples).toEqual([
      't.csv:2:1: "yesterday"',
      't.csv:3:1: "2025-02-30"',
      't.csv:4:3: "1;5"',
      't.csv:8:3: "0x10"',
      "t.csv:5: 2 cells, not 3",
      't.csv:6:2: "c.level"',
      't.csv:7:2: "a.datum"',
    ]);
  });

  test("a table of which nothing can be read is refused, and says why", () => {
    expect(() => read("t,c,v\n1.1.2025,b.level,1\n", LONG)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringContaining(':2:1: "1.1.2025"'),
      }),
    );
  });

  test("a column, a channel or a unit that does not exist: all of it at once", () => {
    const mapping = {
      ...WIDE,
      channels: { y: "a.level", x: "a.levl", z: { channel: "b.level", unit: "Cel" } },
    };
    expect(() => read("t,x,z\n2025-01-01,1,2\n", mapping)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.stringMatching(
          /no column "y"[\s\S]*did you mean "a.level"[\s\S]*Cel cannot be converted/,
        ),
      }),
    );
  });

  test("a quote that is never closed names its line", () => {
    expect(() => read('t,c,v\n2025-01-01,b.level,1\n2025-01-01,"b.level,1\n', LONG)).toThrow(
      expect.objectContaining({ code: "CONFIG_SYNTAX", message: expect.stringMatching(/:3: the quote/) }),
    );
  });
});

describe("cells", () => {
  test("missing markers are bad readings; an empty cell is none, unless it is a marker", () => {
    const table = "t,x\n2025-01-01 00:00,1\n2025-01-01 00:01,-999\n2025-01-01 00:02,\n2025-01-01 00:03,2\n";
    const told = (missing: string[]) =>
      read(table, { ...WIDE, missing }).lines.filter((line) => line.startsWith("a.level"));
    expect(told(["-999"])).toEqual([
      "a.level 1 good 2025-01-01T00:00:00Z",
      "a.level NaN missing_value 2025-01-01T00:01:00Z",
      "a.level 2 good 2025-01-01T00:03:00Z",
    ]);
    // The second of two that say the same is left out, as the intake does it.
    expect(told(["-999", ""])).toEqual(told(["-999"]));
  });

  test("names of states, NaN and infinities are values", () => {
    const mapping = { ...LONG };
    const table =
      "t,c,v\n2025-01-01 00:00,s.smoke,active\n2025-01-01 00:01,b.level,NaN\n2025-01-01 00:02,b.level,inf\n";
    expect(read(table, mapping).lines).toEqual([
      "s.smoke 1 good 2025-01-01T00:00:00Z",
      "b.level NaN not_a_number 2025-01-01T00:01:00Z",
      "b.level Infinity over_range 2025-01-01T00:02:00Z",
    ]);
  });

  test("a quality column lowers what stands beside it, and never hides danger that is asserted", () => {
    const mapping = { ...LONG, quality: { column: "q", words: { ok: "good", broken: "sensor_failure" } } };
    const { lines, remarks } = read(
      "t,c,v,q\n2025-01-01 00:00,b.level,1,ok\n2025-01-01 00:01,b.level,2,broken\n2025-01-01 00:02,s.smoke,1,broken\n2025-01-01 00:03,b.level,3,perhaps\n",
      mapping,
    );
    expect(lines).toEqual([
      "b.level 1 good 2025-01-01T00:00:00Z",
      "b.level NaN sensor_failure 2025-01-01T00:01:00Z",
      "s.smoke 1 sensor_failure 2025-01-01T00:02:00Z",
    ]);
    expect(remarks).toEqual({ "rows with an unknown quality": 1 });
  });

  test("quotes, line breaks within them, a BOM, semicolons and GB 18030", () => {
    const quoted =
      '\ufeff"t","c","v"\n2025-01-01,"b.level","1"\n2025-01-02,"b.\nlevel",1\n2025-01-03,b.level,2\n';
    expect(read(quoted, LONG).lines).toHaveLength(2);
    const gbk = Buffer.concat([
      Buffer.from("t;"),
      Buffer.from([0xcb, 0xae, 0xce, 0xbb]),
      Buffer.from("\n2025年1月2日 8:00;1.25\n"),
    ]);
    // The date's own characters are written in that encoding, too.
    const table = Buffer.concat([
      gbk.subarray(0, 7),
      Buffer.from("2025"),
      Buffer.from([0xc4, 0xea]),
      Buffer.from("1"),
      Buffer.from([0xd4, 0xc2]),
      Buffer.from("2"),
      Buffer.from([0xc8, 0xd5]),
      Buffer.from(" 8:00;1.25\n"),
    ]);
    const mapping = {
      encoding: "gb18030",
      separator: ";",
      time: { column: "t" },
      channels: { 水位: "b.level" },
    };
    expect(read(table, mapping).lines).toEqual(["b.level 1.25 good 2025-01-02T00:00:00Z"]);
    expect(() => read(table, { ...mapping, encoding: "utf-8" })).toThrow(
      expect.objectContaining({ code: "CONFIG_SYNTAX" }),
    );
  });
});

describe("times", () => {
  const at = (text: string, time: object) =>
    read(`t,x\n"${text}",1\n`, { ...WIDE, time: { column: "t", ...time } })
      .lines[0]?.split(" ")
      .at(-1);

  test.each([
    ["2025-06-01T08:00:00+08:00", {}, "2025-06-01T00:00:00Z"],
    ["2025/6/1 8:00", {}, "2025-06-01T00:00:00Z"],
    ["2025-06-01 08:00:00.123456", {}, "2025-06-01T00:00:00.123Z"],
    ["2025-06-01 08:00", { zone: "America/Los_Angeles" }, "2025-06-01T15:00:00Z"],
    // Behind the change of clocks in March, and before it.
    ["2025-03-09 03:30", { zone: "America/Los_Angeles" }, "2025-03-09T10:30:00Z"],
    ["2025-03-09 01:30", { zone: "America/Los_Angeles" }, "2025-03-09T09:30:00Z"],
    ["31.12.2024 23:59:59", { format: "day-first", zone: "UTC" }, "2024-12-31T23:59:59Z"],
    ["12/31/2024", { format: "month-first", zone: "UTC" }, "2024-12-31T00:00:00Z"],
    ["20241231235959", { format: "compact", zone: "UTC" }, "2024-12-31T23:59:59Z"],
    ["1735689600", { format: "unix" }, "2025-01-01T00:00:00Z"],
    ["1735689600500", { format: "unix-ms" }, "2025-01-01T00:00:00.500Z"],
    ["2.5", { format: "seconds", start: "2025-01-01T00:00:00Z" }, "2025-01-01T00:00:02.500Z"],
  ])("%s %j", (text, time, expected) => {
    expect(at(text, time)).toBe(expected);
  });

  test("date and time in columns of their own", () => {
    const mapping = { time: { column: ["d", "t"], zone: "UTC" }, channels: { x: "b.level" } };
    expect(read("d,t,x\n2025-01-01,8:00,1\n", mapping).lines).toEqual([
      "b.level 1 good 2025-01-01T08:00:00Z",
    ]);
  });

  test("a zone that does not exist, and a mapping with both layouts, are refused", () => {
    expect(() => at("2025-01-01", { zone: "Mars/Olympus" })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    expect(mappingSchema.safeParse({ ...WIDE, ...LONG }).success).toBe(false);
  });
});

test("what a table does not have is not watched, neither its silence nor a heartbeat that was never recorded; what it has is", () => {
  const levels = (minutes: readonly number[]) =>
    `t,x\n${minutes.map((minute) => `${iso(Date.UTC(2025, 0, 1, 0, minute) * 1_000)},1\n`).join("")}`;
  const lost = (minutes: readonly number[]) =>
    read(levels(minutes), WIDE).alarms.filter((alarm) => alarm.startsWith("monitoring-lost"));
  const threeHours = Array.from({ length: 180 }, (_, minute) => minute);
  expect(lost(threeHours)).toEqual([]);
  expect(lost(threeHours.filter((minute) => minute < 60 || minute > 130))).toEqual(["monitoring-lost a"]);
});
