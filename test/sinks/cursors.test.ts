import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Cursors } from "../../gateway/journal/cursors.ts";
import { SystemClock } from "../../model/time.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { Logged } from "./delivery-bench.ts";

const JOURNAL = { oldest: 100, end: 500, oldestEvent: 3, eventsEnd: 9 };
const OPTIONS = { start: "from-now" as const, quarantine: 3, journal: JOURNAL };

let folder: TemporaryFolder;
let log: Logged;
const open = () => new Cursors({ folder: folder.path, clock: new SystemClock(), log });

beforeEach(() => {
  folder = temporaryFolder("cursors");
  log = new Logged();
});
afterEach(() => folder.remove());

/** Changes the file as a failing disk would. */
function change(sql: string): void {
  const db = new DatabaseSync(folder.join("sinks.db"));
  db.exec(sql);
  db.close();
}

test("a new sink begins as configured, and that beginning survives a crash at once", () => {
  const cursors = open();
  expect(cursors.sink("now", OPTIONS)).toMatchObject({
    position: { end: 500, undelivered: [] },
    nextEvent: 9,
  });
  expect(cursors.sink("all", { ...OPTIONS, start: "from-oldest" })).toMatchObject({
    position: { end: 500, undelivered: [[100, 500]] },
    nextEvent: 3,
  });
  // The process is gone without a word; the journal has grown.
  const again = open();
  const journal = { ...JOURNAL, end: 900, eventsEnd: 20 };
  expect(again.sink("now", { ...OPTIONS, journal })).toMatchObject({
    position: { end: 500, undelivered: [] },
    nextEvent: 9,
  });
  again.close();
  cursors.close();
});

test("what a sink has done is kept with its position, and counts go on", () => {
  const cursors = open();
  const cursor = cursors.sink("sink", OPTIONS);
  cursor.keepFrom(() => ({ position: { end: 700, undelivered: [[600, 650]] }, nextEvent: 12 }));
  cursor.tally({ delivered: 10, lost: 2 });
  for (let n = 0; n < 5; n++) cursor.quarantine({ sequence: n, line: `m v=${n} 1`, words: "no" });
  cursor.quarantine({ sequence: 4, line: "m v=4 1", words: "still no" });
  cursors.close();
  const again = open();
  const kept = again.sink("sink", { ...OPTIONS, journal: { ...JOURNAL, end: 800 } });
  expect(kept).toMatchObject({ position: { end: 700, undelivered: [[600, 650]] }, nextEvent: 12 });
  expect(kept.tallied).toEqual({ delivered: 10, quarantined: 0, lost: 2 });
  expect(again.quarantined({ limit: 10 }).map(({ sequence, words }) => `${sequence} ${words}`)).toEqual([
    "4 still no",
    "3 no",
  ]);
  expect(again.quarantined({ sink: "other", limit: 10 })).toEqual([]);
  again.close();
});

test("a position from another journal is not believed", () => {
  const cursors = open();
  cursors.sink("sink", OPTIONS);
  cursors.close();
  const again = open();
  const journal = { oldest: 1, end: 20, oldestEvent: 0, eventsEnd: 2 };
  expect(again.sink("sink", { ...OPTIONS, journal }).position).toEqual({ end: 20, undelivered: [[1, 20]] });
  expect(log.lines.at(-1)).toMatchObject({ level: "error", fields: { sink: "sink" } });
  again.close();
});

test("a position with a flipped digit is not believed, nor is a cursor", () => {
  const cursors = open();
  cursors.sink("sink", OPTIONS);
  cursors.setCursor("uplink/county", 41);
  expect(cursors.commit()).toBe(true);
  cursors.close();
  change(`UPDATE sink SET state = replace(state, '500', '499'); UPDATE cursor SET sequence = 42;`);
  const again = open();
  expect(again.sink("sink", OPTIONS).position).toEqual({ end: 500, undelivered: [[100, 500]] });
  expect(again.cursor("uplink/county")).toBe(0);
  expect(log.lines.filter(({ level }) => level === "error")).toHaveLength(2);
  again.close();
});

test("while the file cannot be written all is kept in memory; a file damaged meanwhile is begun anew with it", () => {
  const cursors = open();
  const cursor = cursors.sink("sink", OPTIONS);
  cursor.keepFrom(() => ({ position: { end: 600, undelivered: [] }, nextEvent: 9 }));
  cursors.setCursor("uplink/county", 41);
  // The tables are gone: as damaged as can be, for a file that opens.
  change("DROP TABLE sink; DROP TABLE cursor;");
  expect(cursors.commit()).toBe(false);
  expect(cursors.commit()).toBe(true);
  cursors.close();
  const again = open();
  expect(again.sink("sink", { ...OPTIONS, journal: { ...JOURNAL, end: 900 } }).position.end).toBe(600);
  expect(again.cursor("uplink/county")).toBe(41);
  again.close();
  expect(log.lines.map(({ level }) => level)).toEqual(["error", "error", "info"]);
});

test("messages that no profile could decode are kept up to a bound, newest first", () => {
  const cursors = open();
  for (let n = 0; n < 1_010; n++)
    cursors.keepUndecodable({
      link: "broker",
      source: `t/${n}`,
      error: "no JSON",
      payload: new Uint8Array(5_000),
    });
  const kept = cursors.undecodable(2_000);
  expect(kept).toHaveLength(1_000);
  expect(kept[0]?.source).toBe("t/1009");
  expect(kept[0]?.payload).toHaveLength(4_096);
  cursors.close();
});
