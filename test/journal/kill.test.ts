import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Child, startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { recover } from "./journal-fixture.ts";

const PROGRAM = fileURLToPath(new URL("./writing-program.ts", import.meta.url));
/** Small enough that segments are filled and sealed between two kills. */
const SEGMENT = 20_000;
const ROUNDS = 8;

function startWriting(folder: string): Child {
  return startChild(process.execPath, [PROGRAM, folder, String(SEGMENT)]);
}

/** Highest number behind a word in what the program said. */
function highest(child: Child, word: string): number {
  let found = 0;
  for (const line of child.lines("stdout")) {
    const [first, number] = line.split(" ");
    if (first === word) found = Math.max(found, Number(number));
  }
  return found;
}

test("a writer that is killed again and again loses nothing it promised, and uses no number twice", {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder("kill");
  const data = folder.join("data");
  let promised = 0;
  let used = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const child = startWriting(data);
    const [, first, seq, occurrence] = await child.waitForLine(/^start (\d+) (\d+) (\d+)$/);
    expect(Number(first), "a sequence that was promised to another record").toBeGreaterThan(promised);
    expect(Number(seq), "an event number that was used").toBeGreaterThan(used);
    expect(Number(occurrence)).toBeGreaterThan(used);
    // At some point in the work, a different one each round.
    const until = Number(first) + 1_000 * (round + 1);
    let seen = child.lines("stdout").length;
    await new Promise<void>((resolve) => {
      const stop = child.onLine(({ text }) => {
        seen++;
        const [word, number] = text.split(" ");
        if (word !== "durable" || Number(number) < until) return;
        stop();
        resolve();
      });
      void child.exited.then(() => resolve());
    });
    expect(child.running, child.tail()).toBe(true);
    await child.kill();
    expect(seen).toBeGreaterThan(0);
    promised = highest(child, "durable");
    used = highest(child, "used");
  }
  const { recovered, records } = recover(data);
  expect(recovered).toMatchObject({ setAside: [], lost: [] });
  expect(recovered.seq).toBeGreaterThan(used);
  const sequences = records.map((record) => Number(record.split(" ")[0]));
  expect(sequences.at(-1)).toBeGreaterThanOrEqual(promised);
  expect(sequences).toEqual(Array.from(sequences, (_, i) => i + 1));
  // An occurrence for each event that was committed; those of the last page may be published and lost, never the other way.
  const open = recovered.openOccurrences.map((event) => event.occurrence);
  expect(new Set(open).size).toBe(open.length);
  expect(open.length).toBe(sequences.length / 200);
});

test("a writer that is asked to stop has everything on disk and leaves no gap", async () => {
  using folder = temporaryFolder("kill");
  const data = folder.join("data");
  const child = startWriting(data);
  await child.waitForLine(/^durable \d{4,}$/);
  child.signal("SIGTERM");
  await child.waitForLine(/^closed$/);
  const used = highest(child, "used");
  const { recovered, records } = recover(data);
  expect(recovered.seq).toBe(used + 1);
  expect(records.length).toBe(used * 200);
  expect(recovered.lastSequence).toBe(used * 200);
});

test("a folder that a killed writer had is free; one that a living writer has is not", async () => {
  using folder = temporaryFolder("kill");
  const data = folder.join("data");
  const child = startWriting(data);
  await child.waitForLine(/^start /);
  try {
    recover(data);
    expect.unreachable("two writers on one folder");
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "ALREADY_RUNNING" });
  }
  await child.kill();
  expect(recover(data).recovered.lastSequence).toBeGreaterThanOrEqual(0);
});
