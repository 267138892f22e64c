import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Page, pageEnd } from "../../gateway/journal/page.ts";
import { SegmentReader } from "../../gateway/journal/segment-reader.ts";
import { DamagedRecords } from "../../gateway/journal/segment-view.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import {
  alarmEvent,
  committed,
  copyFolder,
  definitions,
  type OpenedJournal,
  openJournal,
  pageOf,
  records,
  recordsOf,
  recover,
  SMALL_SEGMENTS,
  standStill,
} from "./journal-fixture.ts";

/** SQLite's default page. */
const PAGE = 4_096;

/** A page with values that do not compress, so that a few fill several pages of the file. */
function noisy(first: number, events: Page["events"] = []): Page {
  const messages = Array.from({ length: 60 }, (_, m) => [[(m % 8) + 1, Math.sin(first * 60 + m)] as const]);
  return pageOf(first, { messages, events });
}

interface Written {
  readonly records: string[];
  readonly next: number;
}

/** Fills a journal and leaves it in good order. */
async function fill(
  folder: string,
  o: { pages: number; options?: typeof SMALL_SEGMENTS; events?: boolean; checkpoints?: boolean },
): Promise<Written> {
  await using opened = await openJournal(folder, o.options === undefined ? {} : { options: o.options });
  return await write(opened, o);
}

async function write(
  { journal }: OpenedJournal,
  o: { pages: number; events?: boolean; checkpoints?: boolean },
): Promise<Written> {
  const all: string[] = [];
  let next = journal.recovery.lastSequence + 1;
  let seq = journal.recovery.seq;
  for (let i = 0; i < o.pages; i++) {
    const page = noisy(next, o.events === true ? [alarmEvent(seq++)] : []);
    all.push(...recordsOf(page));
    next = pageEnd(page);
    await committed(journal, page);
    if (o.checkpoints === true) {
      journal.checkpoint({ at: next - 1 }, next - 1);
      await records(journal, next - 1);
    }
  }
  return { records: all, next };
}

function segmentFile(folder: string, kind: "open" | "sealed"): string {
  const name = readdirSync(join(folder, "segments"))
    .sort()
    .find((one) => one.endsWith(`.${kind}.db`));
  return join(folder, "segments", name!);
}

/** Overwrites bytes of a file that nobody has open. */
function overwrite(path: string, at: number, length: number): void {
  const bytes = readFileSync(path);
  for (let i = at; i < Math.min(at + length, bytes.length); i++) bytes[i] = bytes[i]! ^ 0xa5;
  writeFileSync(path, bytes);
}

/** SQLite takes an empty file for a new database: nothing to set aside. */
const EMPTIED = (path: string): void => truncateSync(path, 0);

const ways = [
  ["has lost its first page", (path: string) => overwrite(path, 0, PAGE)],
  ["has a wrong header", (path: string) => overwrite(path, 0, 16)],
  ["is cut short", (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2 / PAGE) * PAGE)],
  ["is cut within a page", (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2) + 17)],
  ["is empty", EMPTIED],
  ["is something else", (path: string) => writeFileSync(path, "no database at all\n".repeat(1_000))],
] as const;

describe("an open segment", () => {
  test.each(ways)(
    "that %s is set aside; the journal goes on behind what it may have held",
    async (_, hurt) => {
      using folder = temporaryFolder("damage");
      const written = await fill(folder.path, { pages: 30 });
      hurt(segmentFile(folder.path, "open"));
      await using opened = await openJournal(folder.path);
      const { recovery } = opened.journal;
      expect(recovery.setAside.length).toBe(1);
      expect(existsSync(recovery.setAside[0]!)).toBe(true);
      // Loss is told as ranges, and no number that was accepted comes again.
      expect(recovery.lastSequence).toBeGreaterThanOrEqual(written.next - 1);
      const kept = await records(opened.journal);
      const lost = (line: string) => {
        const sequence = Number(line.split(" ")[0]);
        return recovery.lost.some(({ first, last }) => first <= sequence && sequence <= last);
      };
      expect(kept).toEqual(written.records.filter((line) => !lost(line)));
      expect(kept.length).toBeLessThan(written.records.length);
      // And it works as before.
      const more = await write(opened, { pages: 3 });
      expect(await records(opened.journal)).toEqual([...kept, ...more.records]);
    },
  );

  test("with one bad page anywhere loses the blocks on that page and no others, unless it is the root", async () => {
    using folder = temporaryFolder("damage");
    const source = folder.join("source");
    const written = await fill(source, { pages: 30 });
    const pages = Math.floor(statSync(segmentFile(source, "open")).size / PAGE);
    expect(pages).toBeGreaterThan(5);
    // Blocks lie close together; the first and the last of a page may reach into others.
    const blocksOnPage = Math.ceil(30 / (pages - 4)) + 2;
    let unharmed = 0;
    let severed = 0;
    for (let page = 1; page < pages; page++) {
      const copy = folder.join(`page-${page}`);
      await copyFolder(source, copy);
      overwrite(segmentFile(copy, "open"), page * PAGE, PAGE);
      const { recovered, records: kept } = recover(copy);
      const lost = written.records.filter((line) => !kept.includes(line));
      expect(kept).toEqual(written.records.filter((line) => !lost.includes(line)));
      if (lost.length > blocksOnPage * 60) severed++;
      const told = recovered.lost.reduce((sum, { first, last }) => sum + last - first + 1, 0);
      expect(told, `page ${page}`).toBeGreaterThanOrEqual(lost.length);
      if (lost.length === 0) unharmed++;
      // What was mended is whole.
      expect(recover(copy).recovered).toMatchObject({ setAside: [], lost: [] });
      rmSync(copy, { recursive: true });
    }
    // The root of the table is the one page that leads to all others.
    expect(severed, "pages that cost more than the blocks on them").toBeLessThanOrEqual(1);
    expect(unharmed, "pages that hold no block are few").toBeLessThan(pages / 4);
  });

  test("whose salvage was cut off before its last step is complete at the next start", async () => {
    using folder = temporaryFolder("damage");
    const written = await fill(folder.path, { pages: 10 });
    const path = segmentFile(folder.path, "open");
    // Cut off after the copy was complete: both stand there, the damaged one still in its place.
    copyFileSync(path, path.replace(".open.db", ".salvaged.db"));
    overwrite(path, 0, PAGE);
    await using opened = await openJournal(folder.path);
    expect(await records(opened.journal)).toEqual(written.records);
    expect(readdirSync(folder.join("damaged")).length).toBe(1);
  });

  test("whose log is missing is short of what was accepted, and that does not pass in silence", async () => {
    using folder = temporaryFolder("damage");
    using copies = temporaryFolder("damage-copy");
    const copy = copies.join("data");
    let next: number;
    {
      await using opened = await openJournal(folder.path);
      ({ next } = await write(opened, { pages: 5, checkpoints: true }));
      await standStill(opened.journal);
      await copyFolder(folder.path, copy);
    }
    const path = segmentFile(copy, "open");
    rmSync(`${path}-wal`);
    rmSync(`${path}-shm`);
    await using opened = await openJournal(copy);
    const { recovery } = opened.journal;
    expect(await records(opened.journal)).toEqual([]);
    expect(recovery.lost).toEqual([{ first: 1, last: recovery.lastSequence }]);
    expect(recovery.lastSequence).toBeGreaterThanOrEqual(next - 1);
    expect(recovery.checkpoint?.sequence).toBeGreaterThan(0);
  });

  test("whose log is torn holds everything up to the last whole commit", async () => {
    using folder = temporaryFolder("damage");
    using copies = temporaryFolder("damage-copy");
    const copy = copies.join("data");
    let written: Written;
    {
      await using opened = await openJournal(folder.path);
      written = await write(opened, { pages: 5 });
      await standStill(opened.journal);
      await copyFolder(folder.path, copy);
    }
    const wal = `${segmentFile(copy, "open")}-wal`;
    truncateSync(wal, statSync(wal).size - 100);
    await using opened = await openJournal(copy);
    // The last commit of five is the one that was being written.
    expect(await records(opened.journal)).toEqual(written.records.slice(0, 4 * 60));
    expect(opened.journal.recovery.setAside).toEqual([]);
  });
});

/** Everything a reader can read, and how many records it is told are damaged. */
function readAll(folder: string): { read: string[]; damaged: number } {
  const reader = new SegmentReader(folder);
  const read: string[] = [];
  let damaged = 0;
  try {
    for (let at = 1; ; ) {
      try {
        const pages = reader.pagesFrom(at, 10);
        if (pages.length === 0) return { read, damaged };
        for (const page of pages) read.push(...recordsOf(page));
        at = pageEnd(pages.at(-1)!);
      } catch (thrown) {
        if (!(thrown instanceof DamagedRecords)) throw thrown;
        damaged += thrown.to - thrown.from;
        at = thrown.to;
      }
    }
  } finally {
    reader.close();
  }
}

describe("a sealed segment", () => {
  async function sealed(folder: string): Promise<Written> {
    await using opened = await openJournal(folder, { options: SMALL_SEGMENTS });
    const written = await write(opened, { pages: 30 });
    await until("one is open", () => {
      const names = readdirSync(join(folder, "segments"));
      return (
        names.some((name) => name.endsWith(".sealed.db")) &&
        names.filter((name) => name.endsWith(".open.db")).length === 1
      );
    });
    return written;
  }

  test("with a bad page is readable but for the records on it, which are named", async () => {
    using folder = temporaryFolder("damage");
    const written = await sealed(folder.path);
    const path = segmentFile(folder.path, "sealed");
    const whole = readFileSync(path);
    let harmful = 0;
    for (let page = 1; page < whole.length / PAGE; page++) {
      overwrite(path, page * PAGE, PAGE);
      const { read, damaged } = readAll(folder.path);
      expect(read.length + damaged, `page ${page}`).toBe(written.records.length);
      const lines = new Set(read);
      expect(read).toEqual(written.records.filter((line) => lines.has(line)));
      if (damaged > 0) harmful++;
      writeFileSync(path, whole);
    }
    expect(harmful).toBeGreaterThan(0);
    expect(readAll(folder.path)).toEqual({ read: written.records, damaged: 0 });
  });

  test.each(ways)(
    "that %s leaves the others readable, and the journal opens and goes on",
    async (_, hurt) => {
      using folder = temporaryFolder("damage");
      const written = await sealed(folder.path);
      hurt(segmentFile(folder.path, "sealed"));
      await using opened = await openJournal(folder.path, { options: SMALL_SEGMENTS });
      const read = await records(opened.journal);
      expect(read.length).toBeGreaterThan(0);
      expect(read.length).toBeLessThan(written.records.length);
      expect(read).toEqual(written.records.slice(-read.length));
      expect(
        opened.log.some((line) => line.level === "error" && line.message.includes("cannot be read")),
      ).toBe(true);
      const more = await write(opened, { pages: 2 });
      expect((await records(opened.journal)).slice(-120)).toEqual(more.records);
    },
  );
});

describe("the other files", () => {
  test.each(ways)("a state.db that %s: numbers go on behind all that were leased", async (_, hurt) => {
    using folder = temporaryFolder("damage");
    const written = await fill(folder.path, { pages: 5, events: true });
    hurt(join(folder.path, "state.db"));
    const { recovered, records: kept } = recover(folder.path);
    expect(recovered.seq).toBeGreaterThan(10_000);
    expect(recovered.occurrence).toBeGreaterThan(10_000);
    expect(recovered.lastSequence).toBe(written.next - 1);
    expect(kept).toEqual(written.records);
  });

  test("state.db and dictionary.db both gone: numbers go on behind those in the journal", async () => {
    using folder = temporaryFolder("damage");
    const written = await fill(folder.path, { pages: 5, events: true });
    overwrite(join(folder.path, "state.db"), 0, PAGE);
    overwrite(join(folder.path, "dictionary.db"), 0, PAGE);
    const { recovered, records: kept } = recover(folder.path);
    expect(recovered.setAside.length).toBe(2);
    expect(recovered.seq).toBeGreaterThan(5 + 10_000);
    expect(kept).toEqual(written.records);
  });

  test.each(ways)(
    "a dictionary.db that %s is rebuilt from the segments; new series get new ids",
    async (_, hurt) => {
      using folder = temporaryFolder("damage");
      await fill(folder.path, { pages: 30, options: SMALL_SEGMENTS });
      hurt(join(folder.path, "dictionary.db"));
      const [first] = definitions(1);
      const unused = { ...first!, point: "elsewhere" };
      const { recovered } = recover(folder.path, [...definitions(8).reverse(), unused]);
      expect(recovered.setAside.length).toBe(hurt === EMPTIED ? 0 : 1);
      expect([...recovered.series]).toEqual([8, 7, 6, 5, 4, 3, 2, 1, expect.any(Number)]);
      expect(recovered.series[8]).toBeGreaterThan(8);
    },
  );

  test.each(ways)("an alarms.db that %s is filled again from the journal", async (_, hurt) => {
    using folder = temporaryFolder("damage");
    await fill(folder.path, { pages: 30, options: SMALL_SEGMENTS, events: true });
    hurt(join(folder.path, "alarms.db"));
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    expect(journal.recovery.openOccurrences.map((event) => event.occurrence)).toEqual(
      Array.from({ length: 30 }, (_, i) => i + 1),
    );
    const events = await journal.reader.events({ from: 1, to: 100, limit: 100 });
    expect(events).toEqual(Array.from({ length: 30 }, (_, i) => alarmEvent(i + 1)));
    expect(journal.recovery.seq).toBe(31);
  });

  test("a checkpoint that is damaged gives way to the one before it", async () => {
    using folder = temporaryFolder("damage");
    await fill(folder.path, { pages: 4, checkpoints: true });
    const newest = [0, 1]
      .map((slot) => folder.join(`checkpoint-${slot}`))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]!;
    overwrite(newest, 10, 4);
    await using opened = await openJournal(folder.path);
    const { checkpoint, setAside } = opened.journal.recovery;
    expect(setAside.length).toBe(1);
    expect(checkpoint).toEqual({ sequence: 180, state: { at: 180 } });
  });

  test("a lock.db that is something else is replaced", async () => {
    using folder = temporaryFolder("damage");
    await fill(folder.path, { pages: 1 });
    writeFileSync(folder.join("lock.db"), "no database at all\n".repeat(1_000));
    await using opened = await openJournal(folder.path);
    expect(opened.journal.recovery.lastSequence).toBe(60);
  });

  test("half-done files of a former run are thrown away", async () => {
    using folder = temporaryFolder("damage");
    const written = await fill(folder.path, { pages: 30, options: SMALL_SEGMENTS });
    const open = segmentFile(folder.path, "open");
    writeFileSync(open.replace(".open.db", ".sealing.db"), "half");
    writeFileSync(folder.join("segments", "new.db"), "half");
    writeFileSync(folder.join("segments", "new.db.making"), "half");
    await using opened = await openJournal(folder.path, { options: SMALL_SEGMENTS });
    expect(opened.journal.recovery.setAside).toEqual([]);
    const more = await write(opened, { pages: 30 });
    expect(await records(opened.journal)).toEqual([...written.records, ...more.records]);
  });
});
