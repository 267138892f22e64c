import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exportHistory } from "../../gateway/command/export.ts";
import { localInstant } from "../../gateway/command/local-instant.ts";
import { REASON } from "../../model/quality.ts";
import { FLAG_MODE_SHIFT } from "../../model/reading.ts";
import { MINUTE } from "../../model/time.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { definition, WrittenJournal } from "./written-journal.ts";

/** 2026-05-21T04:00:00Z. */
const NOON = 1_779_336_000_000_000;

/** A site file that cannot be read does not keep its history from being exported, when the folder is named. */
const NO_SITE = "no-such-site.yaml";

async function exported(
  journal: WrittenJournal,
  options: Parameters<typeof exportHistory>[1] = {},
): Promise<string[]> {
  using folder = temporaryFolder("export");
  const output = folder.join("history.csv");
  expect(await exportHistory(NO_SITE, { data: journal.folder, output, ...options })).toBe(0);
  expect(existsSync(`${output}.part`)).toBe(false);
  return readFileSync(output, "utf8").split("\n");
}

test("the history is a table of time, channel, value, unit, quality, reason and mode, while the journal is written", async () => {
  using journal = new WrittenJournal();
  const [river, gas] = journal.series(
    definition("river-1"),
    definition("gd-01", {
      key: "gd-01.lel",
      channel: "lel",
      domain: "gas",
      quantity: "gas_lel",
      unit: "%LEL",
    }),
  ) as [number, number];
  journal.write([
    { series: river, time: NOON, value: 175.25 },
    { series: gas, time: NOON + 123, value: 12.5, reason: REASON.over_range, flags: 1 << FLAG_MODE_SHIFT },
  ]);
  journal.seal();
  journal.write([
    { series: gas, time: NOON + MINUTE, value: Number.NaN, reason: REASON.sensor_failure },
    { series: gas, time: NOON + MINUTE + 1, value: Number.POSITIVE_INFINITY, reason: REASON.over_range },
  ]);
  expect(await exported(journal)).toEqual([
    "time,channel,value,unit,quality,reason,mode",
    "2026-05-21T04:00:00.000000Z,river-1.level,175.25,m,good,good,live",
    "2026-05-21T04:00:00.000123Z,gd-01.lel,12.5,%LEL,uncertain,over_range,test",
    "2026-05-21T04:01:00.000000Z,gd-01.lel,,%LEL,bad,sensor_failure,live",
    "2026-05-21T04:01:00.000001Z,gd-01.lel,inf,%LEL,uncertain,over_range,live",
    "",
  ]);
  expect(await exported(journal, { channel: ["river-*"] })).toHaveLength(3);
  expect(await exported(journal, { quality: "good" })).toHaveLength(3);
  expect(await exported(journal, { quality: "usable", channel: ["gd-01.lel"] })).toHaveLength(4);
  expect(await exported(journal, { from: "2026-05-21T12:01:00+08:00", to: "2026-05-21 04:02" })).toHaveLength(
    4,
  );
  expect(await exported(journal, { from: "1s" })).toHaveLength(2);
});

test("a channel that was another series once (its point was changed) is exported whole, in order of time", async () => {
  using journal = new WrittenJournal();
  const [before, after] = journal.series(
    definition("river-1"),
    definition("river-1", { point: "elsewhere" }),
  ) as [number, number];
  journal.write([{ series: before, time: NOON, value: 1 }]);
  journal.write([{ series: after, time: NOON + 2, value: 3 }]);
  journal.write([{ series: before, time: NOON + 1, value: 2 }]);
  const rows = await exported(journal, { channel: ["river-1.level"] });
  expect(rows.slice(1, -1).map((row) => row.split(",")[2])).toEqual(["1", "2", "3"]);
});

test("a site of more channels than are merged by time is exported whole, in the order of acceptance", async () => {
  using journal = new WrittenJournal();
  const series = journal.series(...Array.from({ length: 100 }, (_, i) => definition(`d-${i}`)));
  for (let n = 0; n < 30; n++) {
    journal.write(series.map((one, i) => ({ series: one, time: NOON + n * MINUTE + i, value: n * 100 + i })));
    if (n === 20) journal.seal();
  }
  const values = (await exported(journal)).slice(1, -1).map((row) => Number(row.split(",")[2]));
  expect(values).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
});

test("a channel that was never recorded, a time that is none, a folder without a journal: an error with a code", async () => {
  using journal = new WrittenJournal();
  using empty = temporaryFolder("empty");
  journal.series(definition("river-1"));
  const data = journal.folder;
  await expect(exportHistory(NO_SITE, { data, channel: ["river-2.level"] })).rejects.toMatchObject({
    code: "COMMAND_USAGE",
    hint: expect.stringContaining("river-1.level"),
  });
  await expect(exportHistory(NO_SITE, { data, from: "yesterday" })).rejects.toMatchObject({
    code: "COMMAND_USAGE",
  });
  await expect(exportHistory(NO_SITE, { data, to: "2026-02-30" })).rejects.toMatchObject({
    code: "COMMAND_USAGE",
  });
  await expect(exportHistory(NO_SITE, { data, quality: "fine" })).rejects.toMatchObject({
    code: "COMMAND_USAGE",
  });
  await expect(exportHistory(NO_SITE, { data: empty.path })).rejects.toMatchObject({
    code: "JOURNAL_UNAVAILABLE",
  });
  await expect(exportHistory(NO_SITE, {})).rejects.toMatchObject({ fault: "configuration" });
  const output = empty.join("no", "such", "folder.csv");
  await expect(exportHistory(NO_SITE, { data, output })).rejects.toMatchObject({
    code: "JOURNAL_UNAVAILABLE",
  });
});

test("an export that fails leaves the file of the last one alone", async () => {
  using journal = new WrittenJournal();
  using folder = temporaryFolder("export");
  const output = folder.join("history.csv");
  writeFileSync(output, "the last one");
  const [series] = journal.series(definition("river-1")) as [number];
  journal.write([{ series, time: NOON, value: 1 }]);
  journal.close();
  writeFileSync(`${journal.folder}/dictionary.db`, "no database".repeat(1_000));
  await expect(exportHistory(NO_SITE, { data: journal.folder, output })).rejects.toMatchObject({
    code: "JOURNAL_DAMAGED",
  });
  expect(readFileSync(output, "utf8")).toBe("the last one");
});

test("times of the site's clock are read in its zone, also around a change of clocks", () => {
  const iso = (text: string, zone: string) => {
    const instant = localInstant(text, zone);
    return instant === undefined ? undefined : new Date(instant / 1_000).toISOString();
  };
  expect(iso("2026-05-21", "Asia/Shanghai")).toBe("2026-05-20T16:00:00.000Z");
  expect(iso("2026-05-21 08:30", "Asia/Shanghai")).toBe("2026-05-21T00:30:00.000Z");
  expect(iso("2026-03-29T01:30:00", "Europe/Berlin")).toBe("2026-03-29T00:30:00.000Z");
  expect(iso("2026-03-29T03:30:00", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
  expect(iso("2026-10-25T12:00:00", "Europe/Berlin")).toBe("2026-10-25T11:00:00.000Z");
  expect(iso("2026-13-01", "UTC")).toBeUndefined();
});
