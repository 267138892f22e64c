import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { readRecording, recordedAt } from "../../simulators/recording.ts";
import { datasetPath, missingDataset } from "../servers/datasets.ts";
import { play } from "./play.ts";

const read = (text: string, where?: Record<string, string>) =>
  readRecording(text, { time: "t", value: "v", where }, "x.csv");

test("times as seconds, as RFC 3339 with and without a zone, and as a date", () => {
  expect([...read("t,v\n1.5,1\n3,2\n").time]).toEqual([0, 1.5 * SECOND]);
  expect([...read("t,v\r\n2025-11-23T05:31:09Z,1\r\n2025-11-23T13:31:10+08:00,2\r\n").time]).toEqual([
    0,
    SECOND,
  ]);
  expect([...read("t,v\n2010-07-24T00:00,0\n2010-07-24 01:00:00,1").time]).toEqual([0, HOUR]);
  expect([...read("t,v\n2010-07-24,0\n2010-07-25,1").time]).toEqual([0, 24 * HOUR]);
});

test("quoted cells, a byte-order mark, empty cells, rows out of order and of others", () => {
  const text = '\ufeffname,v,t\n"a ""b"", c",1,20\n"a ""b"", c",,30\nother,9,5\n\n"a ""b"", c",0,10\n';
  const recording = read(text, { name: 'a "b", c' });
  expect([...recording.time]).toEqual([0, 10 * SECOND, 20 * SECOND]);
  expect([...recording.value]).toEqual([0, 1, Number.NaN]);
});

test("before its first row a recording shows it, after its last one it stays", () => {
  const recording = read("t,v\n0,1\n10,2\n");
  expect([-5, 0, 9.9, 10, 99].map((s) => recordedAt(recording, s * SECOND, "hold"))).toEqual([1, 1, 1, 2, 2]);
  expect([-5, 5, 99].map((s) => recordedAt(recording, s * SECOND, "line"))).toEqual([1, 1.5, 2]);
});

test.each([
  ["t,v\n1,1\n2,x\n", 'x.csv:3: column "v" is not a number: "x"'],
  ["t,v\nsoon,1\n", 'x.csv:2: column "t" is not a time: "soon"'],
  ['t,v\n"1",2\n"a\nb",2\n', 'x.csv:3: column "t" is not a time'],
  ["time,v\n1,1\n", 'x.csv: there is no column "t"'],
  ["", 'x.csv: there is no column "t"'],
  ["t,v\n", "x.csv: no row of it is left"],
])("what is wrong is named by line and column: %j", (text, message) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({ code: "CONFIG_SYNTAX", message: expect.stringContaining(message) }),
  );
});

describe.skipIf(missingDataset("lk-rivers-nov2025"))("a real flood", () => {
  test("is played back through a gauge, hour by hour in seconds", async () => {
    const file = datasetPath("lk-rivers-nov2025", "levels.csv");
    const rows = readFileSync(file, "utf8")
      .split("\n")
      .map((row) => row.trim().split(","))
      .filter(([, station]) => station === "Badalgama")
      .map(([time, , level]) => ({ time: Date.parse(time!) * 1_000, level: Number(level) }));
    expect(rows.length).toBe(165);
    await using played = await play(`
links: { bus: { type: modbus-tcp, listen: "127.0.0.1:0" } }
devices:
  wl-1:
    profile: keller-series30
    link: bus
    channels:
      pressure:
        - recorded:
            { file: ${JSON.stringify(file)}, time: time_utc, value: water_level_m, where: { station: Badalgama }, speed: 3600, scale: 9.81 }
`);
    const first = rows[0]!.time;
    for (let minute = 0; minute < 4; minute++) {
      const recordedTime = first + minute * MINUTE * 3600;
      const level = rows.findLast(({ time }) => time <= recordedTime)!.level;
      expect(played.simulation.value("wl-1.pressure")).toBeCloseTo(level * 9.81, 9);
      played.clock.advance(MINUTE);
    }
  });
});
