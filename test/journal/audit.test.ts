import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { describe, expect, test } from "vitest";
import { AlarmLog } from "../../gateway/journal/alarm-log.ts";
import { alarmLogPath } from "../../gateway/journal/alarm-log-row.ts";
import { salvageAlarmLog } from "../../gateway/journal/alarm-log-salvage.ts";
import { type AuditReport, auditLog } from "../../gateway/journal/audit.ts";
import type { Digest } from "../../gateway/journal/chain.ts";
import { removeDatabase } from "../../gateway/journal/sealing.ts";
import { DAY } from "../../model/time.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { alarmEvent, commandRecord, committed, openJournal, pageOf, T0 } from "./journal-fixture.ts";

const NEVER_FULL = Number.MAX_SAFE_INTEGER;

interface Written extends Disposable {
  readonly folder: string;
  readonly digest: Digest;
}

/** A log of events 1 to `events` with a command after every third, and the digest of a day two thirds through. */
function written(events: number): Written {
  const folder: TemporaryFolder = temporaryFolder("audit");
  using log = closing(new AlarmLog(folder.path, { at: T0 }));
  let digest: Digest | undefined;
  for (let seq = 1; seq <= events; seq++) {
    const records = seq % 3 === 0 ? [commandRecord(T0 + seq)] : [];
    const ended = { occurrence: 1, to: "normal" as const };
    log.log.add([{ first: seq, events: [alarmEvent(seq, ended)], records }], seq);
    if (seq === Math.floor((events * 2) / 3)) digest = log.log.digest("2026-05-20", T0 + seq);
  }
  return { folder: folder.path, digest: digest!, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function closing(log: AlarmLog): { log: AlarmLog } & Disposable {
  return { log, [Symbol.dispose]: () => log.close() };
}

function audited(folder: string, ...digests: Digest[]): AuditReport {
  return auditLog({ folder, digests, onRow: () => {} });
}

/** What an intruder does to the file. */
function tamper(folder: string, ...statements: string[]): void {
  const db = new DatabaseSync(alarmLogPath(folder));
  for (const statement of statements) db.exec(statement);
  db.close();
}

/** Positions of the first faults with what they are. */
function faults(report: AuditReport): string[] {
  return report.faults.map(({ kind, position }) => `${kind} ${position}`);
}

describe("a log that nobody has touched", () => {
  test("verifies, with its digest", () => {
    using log = written(12);
    const report = audited(log.folder, log.digest);
    expect(report.faults).toEqual([]);
    expect(report).toMatchObject({ events: 12, commands: 4, rows: 18, first: 1, faultsInAll: 0 });
    expect(report.head).toMatchObject({ position: 18, trimmed: 0 });
    expect(report.start).toMatchObject({ why: "new", unchained: 0, at: T0 });
    expect(report.checked.map(({ verdict }) => verdict)).toEqual(["verified"]);
    expect(report.digests).toEqual([log.digest]);
  });

  test("takes the same pages again without growing", () => {
    using log = written(6);
    using again = closing(new AlarmLog(log.folder, { at: T0 }));
    const ended = { occurrence: 1, to: "normal" as const };
    again.log.add([{ first: 6, events: [alarmEvent(6, ended)], records: [commandRecord(T0 + 6)] }], 6);
    expect(audited(log.folder, log.digest)).toMatchObject({ events: 6, commands: 2, faultsInAll: 0 });
  });

  test("verifies after retention has taken its oldest rows, open occurrences standing among them", () => {
    using folder = temporaryFolder("audit");
    using log = closing(new AlarmLog(folder.path, { at: T0 }));
    for (let seq = 1; seq <= 10; seq++) {
      const event = alarmEvent(seq, {
        occurrence: seq,
        to: seq === 3 ? "unacknowledged" : "normal",
        time: seq * DAY,
      });
      log.log.add([{ first: seq, events: [event], records: [commandRecord(seq * DAY)] }], seq);
    }
    const early = log.log.digest("2026-05-20", 6 * DAY);
    while (log.log.trim(6 * DAY, NEVER_FULL));
    const late = log.log.digest("2026-05-21", 11 * DAY);
    const report = audited(folder.path, early, late);
    expect(faults(report)).toEqual([]);
    expect(report.head.trimmed).toBe(11);
    // The row that begins the chain, the open event of the third, and what is young enough.
    expect(report.events).toBe(6);
    expect(report.checked.map(({ verdict }) => verdict)).toEqual(["verified", "verified"]);
    expect(late.trimmed).toBe(11);
  });

  test("has nothing to say about a digest whose row retention has taken", () => {
    using folder = temporaryFolder("audit");
    using log = closing(new AlarmLog(folder.path, { at: 0 }));
    const ended = { occurrence: 1, to: "normal" as const };
    log.log.add([{ first: 1, events: [alarmEvent(1, { ...ended, time: DAY })] }], 1);
    const digest = log.log.digest("1970-01-02", DAY);
    for (let seq = 2; seq <= 5; seq++)
      log.log.add([{ first: seq, events: [alarmEvent(seq, { ...ended, time: seq * DAY })] }], seq);
    while (log.log.trim(4 * DAY, NEVER_FULL));
    expect(audited(folder.path, digest).checked[0]?.verdict).toBe("unknown");
    expect(audited(folder.path, digest).faultsInAll).toBe(0);
  });
});

describe("a log that somebody has touched", () => {
  test("a letter of an event, its checksum made to fit", () => {
    using log = written(12);
    const db = new DatabaseSync(alarmLogPath(log.folder));
    const body = String(db.prepare("SELECT body FROM events WHERE seq = 5").get()?.body);
    const altered = body.replaceAll('"red"', '"blue"');
    expect(altered).not.toBe(body);
    db.prepare("UPDATE events SET body = ?, crc = ? WHERE seq = 5").run(altered, crc32(altered));
    db.close();
    const report = audited(log.folder, log.digest);
    expect(report.faults).toMatchObject([{ kind: "altered", position: 7, seq: 5 }]);
  });

  test("a column that the body contradicts", () => {
    using log = written(12);
    tamper(log.folder, "UPDATE events SET time = time + 1 WHERE seq = 4");
    expect(audited(log.folder).faults).toMatchObject([{ kind: "altered", seq: 4 }]);
  });

  test("a word in what became of a command", () => {
    using log = written(12);
    tamper(log.folder, "UPDATE entries SET body = replace(body, 'wang', 'zhao') WHERE kind = 'command'");
    expect(faults(audited(log.folder))).toEqual(["altered 5", "altered 9", "altered 14", "altered 18"]);
  });

  test("an event that is gone", () => {
    using log = written(12);
    tamper(log.folder, "DELETE FROM events WHERE seq = 5");
    expect(audited(log.folder).faults).toMatchObject([{ kind: "missing", position: 7, to: 7 }]);
  });

  test("a row that is gone, the rows behind it moved up and chained to the one before", () => {
    using log = written(12);
    tamper(
      log.folder,
      "UPDATE events SET before = (SELECT chain FROM events WHERE seq = 4) WHERE seq = 6",
      "DELETE FROM events WHERE seq = 5",
      "UPDATE events SET position = 7 WHERE seq = 6",
    );
    expect(faults(audited(log.folder))).toContain("altered 7");
  });

  test("two events whose contents changed places", () => {
    using log = written(12);
    tamper(
      log.folder,
      "CREATE TEMP TABLE two AS SELECT * FROM events WHERE seq IN (4, 5)",
      "UPDATE events SET body = (SELECT body FROM two WHERE seq = 5), crc = (SELECT crc FROM two WHERE seq = 5) WHERE seq = 4",
      "UPDATE events SET body = (SELECT body FROM two WHERE seq = 4), crc = (SELECT crc FROM two WHERE seq = 4) WHERE seq = 5",
    );
    expect(audited(log.folder).faults[0]).toMatchObject({ kind: "altered", position: 6, seq: 4 });
  });

  test("two rows whose places were exchanged", () => {
    using log = written(12);
    tamper(
      log.folder,
      "UPDATE events SET position = 99 WHERE seq = 4",
      "UPDATE events SET position = 6 WHERE seq = 5",
      "UPDATE events SET position = 7 WHERE seq = 4",
    );
    expect(audited(log.folder).faults[0]).toMatchObject({ position: 6 });
    expect(faults(audited(log.folder))).toEqual(expect.arrayContaining(["unlinked 6", "altered 6"]));
  });

  test("an event put in beside the chain", () => {
    using log = written(12);
    tamper(
      log.folder,
      "INSERT INTO events (seq, occurrence, time, crc, body) SELECT 99, occurrence, time, crc, body FROM events WHERE seq = 1",
    );
    expect(audited(log.folder).faults).toMatchObject([{ kind: "unchained", seq: 99 }]);
  });

  test("an end that was cut off shows by the log's own head", () => {
    using log = written(12);
    tamper(log.folder, "DELETE FROM events WHERE seq = 12", "DELETE FROM entries WHERE position = 18");
    expect(audited(log.folder).faults).toMatchObject([{ kind: "end", position: 17, to: 18 }]);
  });

  test("an end that was cut off with the head made to fit is found by a digest, and only by one", () => {
    using log = written(12);
    tamper(
      log.folder,
      "DELETE FROM events WHERE position > 9",
      "DELETE FROM entries WHERE position > 9",
      "UPDATE head SET position = 9, chain = (SELECT chain FROM entries WHERE position = 9)",
    );
    expect(audited(log.folder).faultsInAll).toBe(0);
    const report = audited(log.folder, log.digest);
    expect(report.faults).toMatchObject([{ kind: "digest", position: 10 }]);
    expect(report.checked[0]?.verdict).toBe("broken");
  });

  test("a log rewritten as a whole verifies by itself and not by the digest", () => {
    using log = written(12);
    using other = temporaryFolder("audit");
    using rewritten = closing(new AlarmLog(other.path, { at: T0 }));
    for (let seq = 1; seq <= 20; seq++)
      rewritten.log.add([{ first: seq, events: [alarmEvent(seq, { severity: "blue" })] }], seq);
    expect(audited(other.path).faultsInAll).toBe(0);
    expect(audited(other.path, log.digest).faults).toMatchObject([{ kind: "digest" }]);
  });

  test("rows that were made to look like retention's are missed only as far as the log claims it", () => {
    using log = written(12);
    tamper(log.folder, "DELETE FROM events WHERE seq IN (5, 7)", "UPDATE head SET trimmed = 8");
    expect(audited(log.folder).faults).toMatchObject([{ kind: "missing", position: 10 }]);
  });
});

test("a log of before the chain: the chain begins behind it and says so; who adds to the old part is found", () => {
  using folder = temporaryFolder("audit");
  const db = new DatabaseSync(alarmLogPath(folder.path));
  db.exec(`
    CREATE TABLE events (seq INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL, time REAL, crc INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE open (occurrence INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
    CREATE TABLE mark (one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL);`);
  db.close();
  {
    using model = temporaryFolder("audit");
    using log = closing(new AlarmLog(model.path, { at: T0 }));
    log.log.add([{ first: 1, events: [alarmEvent(1), alarmEvent(2)] }], 2);
    tamper(
      folder.path,
      `ATTACH '${alarmLogPath(model.path)}' AS model`,
      "INSERT INTO events SELECT seq, occurrence, time, crc, body FROM model.events",
    );
  }
  using log = closing(new AlarmLog(folder.path, { at: T0 }));
  expect(log.log.lastSeq).toBe(2);
  log.log.add([{ first: 3, events: [alarmEvent(3)] }], 3);
  const report = audited(folder.path);
  expect(report).toMatchObject({ faultsInAll: 0, events: 1, start: { why: "upgrade", unchained: 2 } });
  // The old rows leave first, and nobody misses them.
  expect(log.log.trim(T0 + 2, NEVER_FULL)).toBe(true);
  expect(log.log.trim(T0 + 2, NEVER_FULL)).toBe(false);
  expect(audited(folder.path)).toMatchObject({ faultsInAll: 0, events: 1, head: { trimmed: 0 } });
  tamper(folder.path, "UPDATE events SET position = NULL WHERE seq = 3");
  expect(faults(audited(folder.path))).toContain("unchained 0");
});

test("a damaged file: what could be read goes on in the chain, what is gone is admitted", () => {
  using log = written(30);
  tamper(log.folder, "UPDATE events SET crc = 0 WHERE seq IN (10, 11)");
  const salvaged = salvageAlarmLog(log.folder);
  removeDatabase(alarmLogPath(log.folder));
  expect(existsSync(alarmLogPath(log.folder))).toBe(false);
  {
    using fresh = closing(new AlarmLog(log.folder, { at: T0 + DAY, salvaged }));
    fresh.log.add([{ first: 31, events: [alarmEvent(31)] }], 31);
  }
  const report = audited(log.folder, log.digest);
  expect(faults(report)).toEqual([]);
  expect(report).toMatchObject({ events: 29, damage: [{ at: T0 + DAY, lost: [[14, 15]] }] });
  expect(report.checked[0]?.verdict).toBe("verified");
  // What is missing beyond what was admitted is missing.
  tamper(log.folder, "DELETE FROM events WHERE seq = 12");
  expect(faults(audited(log.folder))).toEqual(["missing 16"]);
});

test("the running journal fills it, commands of a page without events too, and makes the digest of a day", async () => {
  using folder = temporaryFolder("audit");
  let digest: Digest;
  {
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    const first = journal.recovery.lastSequence + 1;
    await committed(
      journal,
      pageOf(first, { messages: [[[1, 1]]], events: [alarmEvent(journal.recovery.seq)] }),
    );
    await committed(journal, {
      ...pageOf(first + 1, { messages: [], ticks: 1 }),
      records: [commandRecord(T0)],
    });
    digest = await journal.digest("2026-05-20");
    expect(audited(folder.path, digest)).toMatchObject({ faultsInAll: 0, events: 1, commands: 1 });
  }
  await using again = await openJournal(folder.path);
  expect(again.journal.recovery.digests).toEqual([digest]);
  const report = audited(folder.path, digest);
  expect(report).toMatchObject({ faultsInAll: 0, events: 1, commands: 1 });
});
