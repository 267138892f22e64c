import fc from "fast-check";
import { expect, test } from "vitest";
import { pageEnd } from "../../gateway/journal/page.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import {
  copyFolder,
  type OpenedJournal,
  openJournal,
  records,
  recordsOf,
  standStill,
  T0,
} from "./journal-fixture.ts";
import { type Draft, draft, placed } from "./page-arbitrary.ts";

/*
 * The journal against a list. Whatever happens in whatever order (commits, stops, power cuts, segments being filled, sealed and
 * trimmed behind the scenes), every durable record is there exactly once, in order, and no number is given out twice.
 */

type Step =
  | { readonly kind: "commit"; readonly draft: Draft; readonly wait: boolean; readonly now: boolean }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "stop" }
  /** The folder as it was at some instant, seen by the next start. */
  | { readonly kind: "power-cut" }
  | { readonly kind: "stall"; readonly draft: Draft };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("commit" as const),
      draft,
      wait: fc.boolean(),
      now: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "checkpoint" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "stop" as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: "power-cut" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stall" as const), draft }) },
);

/** Every few pages a new segment; retention so small that the oldest go during a run. */
const OPTIONS = {
  segment: { size: 1_500, age: Number.MAX_SAFE_INTEGER },
  retention: { size: 150_000, age: Number.MAX_SAFE_INTEGER },
};

class Run implements AsyncDisposable {
  /** Records handed over, in order; `#durable` of them are known to be on disk. */
  #handed: string[] = [];
  #durable = 0;
  /** End of each page by how many records were handed over with it. */
  readonly #pageEnds = new Map<number, number>();
  #next = 1;
  #seq = 1;
  #occurrence = 1;
  #received = T0;
  #checkpoint = 0;
  #generation = 0;
  readonly #folder: TemporaryFolder = temporaryFolder("journal-model");
  #opened: OpenedJournal | undefined;

  get #journal() {
    return this.#opened!.journal;
  }

  async start(): Promise<void> {
    this.#opened = await openJournal(this.#folder.join(String(this.#generation)), { options: OPTIONS });
    const { recovery } = this.#journal;
    expect(recovery.setAside).toEqual([]);
    expect(recovery.lost).toEqual([]);
    expect(recovery.seq).toBeGreaterThanOrEqual(this.#seq);
    expect(recovery.occurrence).toBeGreaterThanOrEqual(this.#occurrence);
    this.#seq = recovery.seq;
    this.#occurrence = recovery.occurrence;
    expect(recovery.checkpoint?.sequence ?? 0).toBeGreaterThanOrEqual(this.#checkpoint);
    if (recovery.checkpoint !== undefined) {
      expect(recovery.checkpoint.state).toEqual({ at: recovery.checkpoint.sequence });
    }
    await this.#compare();
    // What was handed over and did not get there is gone with the process that had it.
    this.#next = recovery.lastSequence + 1;
  }

  async run(one: Step): Promise<void> {
    switch (one.kind) {
      case "commit":
        this.#commit(one.draft, one.now);
        if (one.wait) await this.#settle();
        return;
      case "checkpoint":
        await this.#settle();
        this.#journal.checkpoint({ at: this.#next - 1 }, this.#next - 1);
        return;
      case "stop":
        await this.#journal.close();
        this.#durable = this.#handed.length;
        await this.start();
        return;
      case "power-cut":
        await this.#cut();
        return;
      case "stall": {
        await standStill(this.#journal);
        const before = this.#journal.durable;
        this.#commit(one.draft, true);
        await this.#cut(() => expect(this.#journal.durable).toBe(before));
      }
    }
  }

  async finish(): Promise<void> {
    await this.#settle();
    await this.#compare();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.journal.close();
    this.#folder.remove();
  }

  #commit(one: Draft, now: boolean): void {
    const page = placed(one, { first: this.#next, seq: this.#seq, received: this.#received });
    this.#handed.push(...recordsOf(page));
    this.#next = pageEnd(page);
    this.#received += 60_000_000;
    this.#pageEnds.set(this.#next - 1, this.#handed.length);
    for (const event of page.events) {
      this.#seq = event.seq + 1;
      this.#occurrence = Math.max(this.#occurrence, event.occurrence + 1);
    }
    this.#journal.commit(page, now ? "now" : "soon");
  }

  async #settle(): Promise<void> {
    await until("all is on disk", () => this.#journal.durable >= this.#next - 1);
    this.#durable = this.#handed.length;
  }

  async #cut(check: () => void = () => {}): Promise<void> {
    await standStill(this.#journal);
    // Messages on their way are taken in before we look at what has been promised.
    await new Promise((resolve) => setImmediate(resolve));
    this.#durable = Math.max(this.#durable, this.#pageEnds.get(this.#journal.durable) ?? 0);
    check();
    const from = this.#folder.join(String(this.#generation));
    const to = this.#folder.join(String(++this.#generation));
    await copyFolder(from, to);
    await this.#journal.close();
    await this.start();
  }

  /** What is in the journal against the list: nothing before what was trimmed, all that is durable, and then only whole pages. */
  async #compare(): Promise<void> {
    const found = await records(this.#journal);
    const trimmed = found.length === 0 ? 0 : this.#handed.indexOf(found[0]!);
    expect(trimmed, "the first record was never handed over").toBeGreaterThanOrEqual(0);
    expect(found).toEqual(this.#handed.slice(trimmed, trimmed + found.length));
    expect(trimmed + found.length).toBeGreaterThanOrEqual(this.#durable);
    const end = this.#journal.recovery.lastSequence;
    if (trimmed + found.length > this.#durable && found.length > 0) {
      expect(this.#pageEnds.get(end), "a page is cut").toBe(trimmed + found.length);
    }
    this.#handed = this.#handed.slice(0, trimmed + found.length);
    this.#durable = this.#handed.length;
  }
}

test("every durable record is in the journal exactly once and in order, whatever happens", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: "max" }), async (steps) => {
      await using run = new Run();
      await run.start();
      for (const one of steps) await run.run(one);
      await run.finish();
    }),
    { numRuns: 6, endOnFailure: true },
  );
});
