import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startChild } from "../support/child.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { alarmEvent, committed, openJournal, pageOf, recordsOf, recover } from "./journal-fixture.ts";

const PROGRAM = fileURLToPath(new URL("./writing-program.ts", import.meta.url));

/** A real file system of this size, where we may mount one. */
const MOUNT_BYTES = "6m";

function mounted(path: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${MOUNT_BYTES}`, "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function mayMount(): boolean {
  using probe = temporaryFolder("mount");
  if (!mounted(probe.path)) return false;
  execFileSync("umount", [probe.path]);
  return true;
}

describe.skipIf(!mayMount())("a disk that is full", () => {
  let folder: TemporaryFolder;

  beforeAll(() => {
    folder = temporaryFolder("disk-full");
    mounted(folder.path);
  });
  afterAll(() => {
    execFileSync("umount", ["-l", folder.path]);
    folder.remove();
  });

  test("stops promises and nothing else; with space again everything is written, in order", async () => {
    const data = folder.join("data");
    mkdirSync(data);
    const expected: string[] = [];
    {
      await using opened = await openJournal(data);
      const { journal } = opened;
      const failures: (string | undefined)[] = [];
      journal.onFailure((failure) => failures.push(failure?.code));
      let next = 1;
      const commit = (events = 0) => {
        const messages = Array.from({ length: 300 }, (_, m) => [[(m % 8) + 1, Math.sin(next + m)] as const]);
        const page = pageOf(next, {
          messages,
          events: Array.from({ length: events }, (_, i) => alarmEvent(next + i)),
        });
        expected.push(...recordsOf(page));
        next += 300;
        journal.commit(page, "now");
      };
      commit();
      await until("the first page is on disk", () => journal.durable === 300);
      // Somebody else fills the disk, to the last byte.
      const ballast = folder.join("ballast");
      expect(() => writeFileSync(ballast, Buffer.alloc(64 * 2 ** 20))).toThrow(/ENOSPC/);
      for (let i = 0; i < 20 && journal.failure === undefined; i++) {
        commit(1);
        await until(
          "it is written or fails",
          () => journal.failure !== undefined || journal.durable === next - 1,
        );
      }
      expect(journal.failure?.code).toBe("JOURNAL_UNAVAILABLE");
      expect(journal.failure?.message).toContain("full");
      const stuck = journal.durable;
      commit(1);
      commit();
      journal.checkpoint({ at: next - 1 }, next - 1);
      expect(journal.inFlight.pages).toBeGreaterThanOrEqual(3);
      await until("it has tried again", () => opened.journal.failure !== undefined && failures.length === 1);
      expect(journal.durable).toBe(stuck);
      rmSync(ballast);
      await until("everything is on disk", () => journal.durable === next - 1);
      expect(failures).toEqual(["JOURNAL_UNAVAILABLE", undefined]);
      expect(journal.failure).toBeUndefined();
      expect(journal.inFlight).toEqual({ pages: 0, readings: 0, bytes: 0 });
    }
    const { recovered, records } = recover(data);
    expect(records).toEqual(expected);
    expect(recovered).toMatchObject({ setAside: [], lost: [] });
    // Events may have been published while nothing could be written: their numbers are not used again.
    expect(recovered.seq).toBeGreaterThan(10_000);
    expect(recovered.checkpoint?.sequence).toBe(expected.length);
  });

  test("does not keep the gateway from starting and watching", async () => {
    const data = folder.join("started");
    mkdirSync(data);
    {
      await using opened = await openJournal(data);
      await committed(opened.journal, pageOf(1, { messages: [[[1, 1]]] }));
      await until("space is reserved", () => existsSync(join(data, "reserve")));
    }
    const ballast = folder.join("ballast");
    expect(() => writeFileSync(ballast, Buffer.alloc(64 * 2 ** 20))).toThrow(/ENOSPC/);
    {
      await using opened = await openJournal(data);
      const { recovery } = opened.journal;
      expect(recovery).toMatchObject({ lastSequence: 1, setAside: [], lost: [] });
      rmSync(ballast);
      await committed(opened.journal, pageOf(2, { messages: [[[1, 2]]] }));
      await until("space is reserved again", () => existsSync(join(data, "reserve")), { withinMs: 20_000 });
    }
    rmSync(data, { recursive: true });
  });

  test("does not harm what is there when the gateway is killed on it", { timeout: 60_000 }, async () => {
    const data = folder.join("killed");
    const child = startChild(process.execPath, [PROGRAM, data, "100000"]);
    await child.waitForLine(/^failed JOURNAL_UNAVAILABLE$/, 40_000);
    await child.kill();
    const promised = child
      .lines("stdout")
      .filter((line) => line.startsWith("durable "))
      .map((line) => Number(line.split(" ")[1]))
      .reduce((a, b) => Math.max(a, b), 0);
    rmSync(folder.join("data"), { recursive: true, force: true });
    const { recovered, records } = recover(data);
    expect(recovered).toMatchObject({ setAside: [], lost: [] });
    expect(records.length).toBeGreaterThanOrEqual(promised);
  });
});

/** 512-byte blocks (`ulimit -f` of a POSIX shell): a file can grow to 400 kB. */
const FILE_BLOCKS = 800;

test.skipIf(process.platform === "win32")(
  "a file that may not grow any more fails commits; what was promised is there afterwards",
  { timeout: 60_000 },
  async () => {
    using folder = temporaryFolder("file-limit");
    const data = folder.join("data");
    const child = startChild("sh", [
      "-c",
      `ulimit -f ${FILE_BLOCKS}; exec "$0" "$@"`,
      process.execPath,
      PROGRAM,
      data,
      "100000000",
    ]);
    await child.waitForLine(/^failed JOURNAL_UNAVAILABLE$/, 40_000);
    const promised = child.lines("stdout").findLast((line) => line.startsWith("durable "));
    await child.kill();
    const { recovered, records } = recover(data);
    expect(recovered).toMatchObject({ setAside: [], lost: [] });
    expect(records.length).toBeGreaterThanOrEqual(Number(promised?.split(" ")[1]));
  },
);
