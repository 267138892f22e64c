import { existsSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { HostError, InternalError } from "../../model/error.ts";
import { DAY } from "../../model/time.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import {
  alarmEvent,
  committed,
  copyFolder,
  definitions,
  openJournal,
  pageOf,
  records,
  recordsOf,
  SMALL_SEGMENTS,
  standStill,
  T0,
} from "./journal-fixture.ts";

function codeOf(thrown: unknown): unknown {
  return thrown instanceof HostError ? thrown.code : thrown;
}

/** Kinds of segment files, in order. */
function segmentKinds(folder: string): string[] {
  return readdirSync(`${folder}/segments`)
    .filter((name) => name.endsWith(".db") && name !== "new.db")
    .sort()
    .map((name) => name.split(".")[1]!);
}

describe("a journal that is stopped and started", () => {
  test("goes on behind its last record and leaves no gap in the numbers of events", async () => {
    using folder = temporaryFolder("journal");
    {
      await using opened = await openJournal(folder.path);
      const { journal } = opened;
      expect(journal.recovery).toMatchObject({ lastSequence: 0, seq: 1, occurrence: 1 });
      await committed(
        journal,
        pageOf(1, {
          messages: [[[1, 2.5]]],
          ticks: 1,
          events: [alarmEvent(1), alarmEvent(2, { occurrence: 1 })],
        }),
      );
      expect(journal.inFlight).toEqual({ pages: 0, readings: 0, bytes: 0 });
    }
    await using opened = await openJournal(folder.path);
    const { recovery } = opened.journal;
    expect(recovery).toMatchObject({ lastSequence: 2, seq: 3, occurrence: 2, setAside: [], lost: [] });
    expect(opened.log).toEqual([]);
  });

  test("gives back the newest checkpoint, and the records behind it", async () => {
    using folder = temporaryFolder("journal");
    const second = pageOf(2, { messages: [[[2, 20]]] });
    const behind = recordsOf(second);
    {
      await using opened = await openJournal(folder.path);
      await committed(opened.journal, pageOf(1, { messages: [[[1, 10]]] }));
      opened.journal.checkpoint({ alarms: ["one"] }, 1);
      await committed(opened.journal, second);
    }
    await using opened = await openJournal(folder.path);
    expect(opened.journal.recovery.checkpoint).toEqual({ sequence: 1, state: { alarms: ["one"] } });
    expect(await records(opened.journal, 1)).toEqual(behind);
  });

  test("knows the identities of the messages it received last, oldest first, sealed ones too", async () => {
    using folder = temporaryFolder("journal");
    const pages = 30;
    {
      await using opened = await openJournal(folder.path, { options: SMALL_SEGMENTS });
      for (let i = 0; i < pages; i++) {
        const messages = Array.from({ length: 20 }, (_, m) => [[(m % 8) + 1, Math.sin(i * 20 + m)] as const]);
        await committed(opened.journal, pageOf(1 + i * 20, { messages, identity: 1_000 + i }));
      }
      await until("a segment is sealed", () => segmentKinds(folder.path).includes("sealed"));
    }
    await using opened = await openJournal(folder.path);
    const { low, high } = opened.journal.recovery.identities;
    expect(low.length).toBeGreaterThanOrEqual(20);
    expect(low.at(-1)).toBe(1_000 + pages - 1);
    expect([...low]).toEqual([...low].sort((a, b) => a - b));
    expect([...high.subarray(-20)]).toEqual(Array.from({ length: 20 }, (_, m) => m + 1));
  });

  test("lists the last event of each occurrence that has not ended", async () => {
    using folder = temporaryFolder("journal");
    const upgraded = alarmEvent(3, { occurrence: 1, transition: "upgrade" });
    const returned = alarmEvent(5, { occurrence: 2, transition: "return", to: "returned" });
    {
      await using opened = await openJournal(folder.path);
      const events = [
        alarmEvent(1),
        alarmEvent(2),
        upgraded,
        alarmEvent(4, { occurrence: 3, transition: "withdraw", to: "normal" }),
        returned,
        alarmEvent(6, { occurrence: 0, transition: "historical" }),
        alarmEvent(7, { occurrence: 0, transition: "void", voidTo: 9 }),
      ];
      await committed(opened.journal, pageOf(1, { messages: [[[1, 1]]], events }));
    }
    await using opened = await openJournal(folder.path);
    expect(opened.journal.recovery.openOccurrences).toEqual([upgraded, returned]);
    expect(opened.journal.recovery.seq).toBe(10);
    const log = await opened.journal.reader.events({ from: 1, to: 100, limit: 10 });
    expect(log.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(log[0]).toEqual(alarmEvent(1));
  });
});

describe("the ids of series", () => {
  test("stay with what they stand for, and a changed point, unit, quantity or domain is another series", async () => {
    using folder = temporaryFolder("journal");
    const [a, b] = definitions(2);
    const changed = [
      { ...a!, point: "well-9" },
      { ...a!, unit: "ppm" },
      { ...a!, quantity: "gas_fraction" },
      { ...a!, domain: "fire" },
    ];
    let first: Uint32Array;
    {
      await using opened = await openJournal(folder.path, { series: [a!, b!] });
      first = opened.journal.series;
    }
    await using opened = await openJournal(folder.path, { series: [b!, ...changed, a!] });
    const { series } = opened.journal;
    expect(series[0]).toBe(first[1]);
    expect(series.at(-1)).toBe(first[0]);
    expect(new Set(series).size).toBe(6);
    // Back to an old definition is the old series; one never seen is none of the others.
    const more = await opened.journal.extend([changed[1]!, { ...a!, unit: "%vol" }]);
    expect(more[0]).toBe(series[2]);
    expect([...series]).not.toContain(more[1]);
  });
});

describe("commits", () => {
  test("of a writer that stands still are not durable; when it goes on, all are, in order", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    const seen: number[] = [];
    journal.onDurable((durable) => seen.push(durable));
    await standStill(journal);
    const pages = Array.from({ length: 50 }, (_, i) =>
      pageOf(1 + i * 2, { messages: [[[1, i] as const, [2, i] as const]] }),
    );
    const expected = pages.flatMap(recordsOf);
    for (const [i, page] of pages.entries()) journal.commit(page, i % 10 === 0 ? "now" : "soon");
    expect(journal.inFlight).toMatchObject({ pages: 50, readings: 100 });
    expect(journal.inFlight.bytes).toBeGreaterThan(100 * 20);
    // What it would leave behind if the power went now holds none of them.
    using copies = temporaryFolder("journal-copy");
    const copy = copies.join("data");
    await copyFolder(folder.path, copy);
    expect(journal.durable).toBe(0);
    journal.resume();
    await until("all is on disk", () => journal.durable === 100);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(await records(journal)).toEqual(expected);
    await using before = await openJournal(copy);
    expect(await records(before.journal)).toEqual([]);
  });

  test("that do not follow each other are refused as the caller's mistake", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    await committed(
      journal,
      pageOf(1, {
        messages: [
          [
            [1, 1],
            [2, 2],
          ],
        ],
      }),
    );
    expect(() => journal.commit(pageOf(2, { messages: [[[1, 1]]] }), "soon")).toThrow(InternalError);
    expect(() => journal.commit(pageOf(3, { messages: [], events: [alarmEvent(1)] }), "now")).toThrow(
      InternalError,
    );
    await committed(journal, pageOf(3, { messages: [[[1, 3]]] }));
  });

  test("give their buffers back", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path);
    const returned: ArrayBuffer[] = [];
    opened.journal.onReturned((buffer) => returned.push(buffer));
    const page = pageOf(1, { messages: [[[1, 1]]] });
    const bytes = page.value.buffer.byteLength;
    await committed(opened.journal, page);
    expect(page.value.length, "handed over").toBe(0);
    expect(returned.map((buffer) => buffer.byteLength)).toEqual([bytes]);
  });

  test("handed over before closing are on disk afterwards", async () => {
    using folder = temporaryFolder("journal");
    const pages = Array.from({ length: 200 }, (_, i) => pageOf(1 + i, { messages: [[[1, i]]] }));
    const expected = pages.flatMap(recordsOf);
    {
      await using opened = await openJournal(folder.path);
      for (const page of pages) opened.journal.commit(page, "soon");
    }
    await using opened = await openJournal(folder.path);
    expect(await records(opened.journal)).toEqual(expected);
  });

  test("with a state ahead of the disk do not become a checkpoint before the disk has caught up", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    journal.checkpoint({ ahead: true }, 5);
    await committed(journal, pageOf(1, { messages: [[[1, 1]]] }));
    await until("housekeeping has passed", async () => (await records(journal)).length === 1);
    expect(existsSync(folder.join("checkpoint-0"))).toBe(false);
    await committed(
      journal,
      pageOf(2, {
        messages: [
          [
            [1, 2],
            [1, 3],
            [1, 4],
            [1, 5],
          ],
        ],
      }),
    );
    await until("the checkpoint is written", () => existsSync(folder.join("checkpoint-0")));
  });
});

describe("numbers of events", () => {
  test("are leased ahead of their use", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path);
    const { journal } = opened;
    const top = journal.reservedTo("event");
    journal.lease("event");
    journal.lease("event");
    await until("more is reserved", () => journal.reservedTo("event") > top);
    const more = journal.reservedTo("event");
    await committed(
      journal,
      pageOf(1, { messages: [[[1, 1]]], events: [alarmEvent(more - 10, { occurrence: 1 })] }),
    );
    await until("use has reserved more", () => journal.reservedTo("event") > more);
    expect(journal.reservedTo("occurrence")).toBe(top);
  });
});

describe("a second gateway on the same folder", () => {
  test("is refused, and told which process has it; afterwards it is let in", async () => {
    using folder = temporaryFolder("journal");
    {
      await using _first = await openJournal(folder.path);
      const refusal = await openJournal(folder.path).catch((thrown: unknown) => thrown);
      expect(codeOf(refusal)).toBe("ALREADY_RUNNING");
      expect((refusal as Error).message).toContain(String(process.pid));
    }
    await using second = await openJournal(folder.path);
    expect(second.journal.recovery.lastSequence).toBe(0);
  });

  test("does not get in because the first one's files are copied or read", async () => {
    using folder = temporaryFolder("journal");
    await using _first = await openJournal(folder.path);
    using copies = temporaryFolder("journal-copy");
    await copyFolder(folder.path, copies.join("data"));
    const refusal = await openJournal(folder.path).catch((thrown: unknown) => thrown);
    expect(codeOf(refusal)).toBe("ALREADY_RUNNING");
    // A copy is nobody's.
    await using copy = await openJournal(copies.join("data"));
    expect(copy.journal.recovery.setAside).toEqual([]);
  });
});

describe("segments", () => {
  test("that are full are sealed, and hold the same records as before", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path, { options: SMALL_SEGMENTS });
    const { journal } = opened;
    const expected: string[] = [];
    for (let i = 0; i < 60; i++) {
      const messages = Array.from({ length: 10 }, (_, m) => [[(m % 8) + 1, Math.sin(i * 10 + m)] as const]);
      const page = pageOf(1 + i * 11, { messages, ticks: 1, identity: i });
      expected.push(...recordsOf(page));
      await committed(journal, page);
    }
    await until("only the last one is open", () => {
      const kinds = segmentKinds(folder.path);
      return kinds.length > 2 && kinds.filter((kind) => kind === "open").length === 1;
    });
    expect(await records(journal)).toEqual(expected);
    const [series] = journal.series;
    const history = await journal.reader.history({
      series: [series!],
      from: 0,
      to: 2 * T0,
      limit: 1_000,
      order: "oldest",
    });
    expect(history.length).toBe(120);
  });

  test("begin anew when the open one has its age", async () => {
    using folder = temporaryFolder("journal");
    await using opened = await openJournal(folder.path, { options: { segment: { size: 1e9, age: DAY } } });
    await committed(opened.journal, pageOf(1, { messages: [[[1, 1]]], received: T0 }));
    await committed(opened.journal, pageOf(2, { messages: [[[1, 2]]], received: T0 + DAY }));
    await until("the first is sealed", () => segmentKinds(folder.path).join() === "sealed,open");
  });

  test("older than the retention go, oldest first, and are counted; alarm events stay", async () => {
    using folder = temporaryFolder("journal");
    const options = { ...SMALL_SEGMENTS, retention: { size: 60_000, age: Number.MAX_SAFE_INTEGER } };
    await using opened = await openJournal(folder.path, { options });
    const { journal, counters } = opened;
    const trimmed = counters.counter({ name: "journal_trimmed", help: "" });
    let next = 1;
    await committed(journal, pageOf(next++, { messages: [[[1, 1]]], events: [alarmEvent(1)] }));
    const expected: string[] = [];
    await until("something had to go", async () => {
      const messages = Array.from({ length: 50 }, (_, m) => [[(m % 8) + 1, Math.sin(next + m)] as const]);
      const page = pageOf(next, { messages });
      next += 50;
      expected.push(...recordsOf(page));
      await committed(journal, page);
      return trimmed.total > 500;
    });
    const before = trimmed.total;
    const left = await records(journal);
    // Whatever is left is the end of it, without holes; what went is counted (more may go while we look).
    expect(left).toEqual(expected.slice(-left.length));
    expect(1 + expected.length - left.length).toBeGreaterThanOrEqual(before);
    await until(
      "the count is right",
      async () => trimmed.total + (await records(journal)).length === 1 + expected.length,
    );
    expect((await journal.reader.events({ from: 1, to: 10, limit: 10 })).map((event) => event.seq)).toEqual([
      1,
    ]);
  });

  test("older than the retention's age go when time has passed", async () => {
    using folder = temporaryFolder("journal");
    const options = { segment: { size: 1e9, age: DAY }, retention: { size: 1e9, age: 10 * DAY } };
    await using opened = await openJournal(folder.path, { options });
    const { journal } = opened;
    for (let day = 0; day < 14; day++) {
      await committed(journal, pageOf(1 + day, { messages: [[[1, day]]], received: T0 + day * DAY }));
    }
    // Day 13 is the newest: days 0 to 2 are older than ten days.
    await until("the oldest are gone", async () => (await records(journal))[0]?.startsWith("4 ") === true);
    expect((await records(journal)).length).toBe(11);
  });
});
