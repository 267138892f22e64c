import { describe, type TocsinError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { Digest } from "./chain.ts";
import { isDamage, unavailable } from "./database.ts";
import type { SeriesDefinition } from "./dictionary.ts";
import { Housekeeping } from "./housekeeping.ts";
import { OpenSegment } from "./open-segment.ts";
import type { JournalOptions } from "./options.ts";
import { loggedEntries, type Page, pageBytes, pageEnd } from "./page.ts";
import type { NumberKind, SentError, Tell } from "./protocol.ts";
import { closeFiles, SEQUENCE_SPAN, type Store, seriesIds } from "./recovery.ts";
import { salvage } from "./salvage.ts";

/** Pages and readings that share a transaction at most: what 80,000 readings a second bring in a second. */
const BATCH_PAGES = 256;
const BATCH_READINGS = 80_000;
/** First wait after a failed commit, ms; it doubles up to the longest. */
const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 5_000;

interface Queued {
  readonly page: Page;
  readonly now: boolean;
}

/**
 * Commits pages in the order in which they come, whatever fails in between, and keeps the folder between commits.
 *
 * A page that fails stays at the head of the queue and is tried again for ever; what waits is bounded by the intake. A page of
 * urgency *now* ends the transaction that it is in: it waits for nothing that came later.
 */
export class Writer {
  readonly #store: Store;
  readonly #options: JournalOptions;
  readonly #tell: Tell;
  readonly #housekeeping: Housekeeping;
  readonly #queue: Queued[] = [];
  #segment: OpenSegment | undefined;
  #durable: number;
  /** Highest numbers of committed events. */
  #used: Record<NumberKind, number>;
  #failing = false;
  #failedEver = false;
  #retryMs = RETRY_FIRST_MS;
  #retry: NodeJS.Timeout | undefined;

  constructor(store: Store, options: JournalOptions, tell: Tell) {
    this.#store = store;
    this.#options = options;
    this.#tell = tell;
    this.#segment = store.open;
    this.#durable = store.recovered.lastSequence;
    this.#used = { event: store.recovered.seq - 1, occurrence: store.recovered.occurrence - 1 };
    this.#housekeeping = new Housekeeping({
      store,
      options,
      tell,
      segment: () => this.#segment,
      durable: () => this.#durable,
    });
  }

  get housekeeping(): Housekeeping {
    return this.#housekeeping;
  }

  /** Whether pages wait that can be tried now. */
  get ready(): boolean {
    return this.#queue.length > 0 && this.#retry === undefined;
  }

  /** Queues a page; `commit` writes it. */
  enter(page: Page, now: boolean): void {
    this.#queue.push({ page, now });
  }

  /** Commits one batch from the head of the queue. `retry` is called when a failed one should be tried again. */
  commit(retry: () => void): void {
    if (!this.ready) return;
    const batch = this.#batch();
    try {
      this.#append(batch);
    } catch (thrown) {
      this.#failed(thrown, retry);
      return;
    }
    this.#queue.splice(0, batch.length);
    this.#retryMs = RETRY_FIRST_MS;
    if (this.#failing) {
      this.#failing = false;
      this.#tell({ kind: "recovered" });
    }
    this.#committed(batch);
  }

  /** Makes numbers up to `to` usable. */
  lease(of: NumberKind, to: number): void {
    this.#housekeeping.lease(of, to);
  }

  /** Ids of more series, durable. @throws an SQLite error */
  extend(series: readonly SeriesDefinition[]): Uint32Array {
    const { dictionary, leases } = this.#store;
    return seriesIds({ dictionary, leases, definitions: series, floor: leases.top("series") });
  }

  /** The digest of a day that has ended, on disk. @throws HostError JOURNAL_DAMAGED or an SQLite error */
  digest(date: string, at: number): Digest {
    return this.#housekeeping.digest(date, at);
  }

  /**
   * Commits what is left and marks the stop as clean, if that is so. Returns whether everything handed over is on disk and
   * marked.
   */
  close(): boolean {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    while (this.#queue.length > 0) {
      const before = this.#queue.length;
      this.commit(() => {});
      clearTimeout(this.#retry);
      this.#retry = undefined;
      if (this.#queue.length === before) break;
    }
    let clean = this.#queue.length === 0;
    clean = this.#housekeeping.finish() && clean;
    try {
      // After a failure numbers may have been published that never came here: the gap stays.
      if (clean && !this.#failedEver) {
        this.#store.state.markCleanStop({ sequence: this.#durable, ...this.#used });
      }
      this.#segment?.close();
    } catch (thrown) {
      clean = false;
      this.#closeFailed(thrown);
    }
    try {
      closeFiles(this.#store);
    } catch (thrown) {
      this.#closeFailed(thrown);
    }
    return clean;
  }

  #closeFailed(thrown: unknown): void {
    this.#tell({
      kind: "log",
      level: "error",
      fields: { err: describe(thrown) },
      message: "the journal was not closed in good order; the next start puts that right",
    });
  }

  #batch(): Queued[] {
    const batch: Queued[] = [];
    let readings = 0;
    for (const queued of this.#queue) {
      batch.push(queued);
      readings += queued.page.readings;
      if (queued.now || batch.length === BATCH_PAGES || readings >= BATCH_READINGS) break;
    }
    return batch;
  }

  #append(batch: readonly Queued[]): void {
    const { folder, leases, dictionary } = this.#store;
    const pages = batch.map(({ page }) => page);
    const end = pageEnd(pages.at(-1)!);
    if (end > leases.top("sequence")) leases.extend("sequence", end + SEQUENCE_SPAN);
    if (this.#segment !== undefined && this.#isFull(this.#segment, pages[0]!)) this.#roll(this.#segment);
    if (this.#segment === undefined) {
      this.#segment = OpenSegment.begin(folder, pages[0]!.first, this.#durable);
      this.#tell({ kind: "segments" });
    }
    this.#segment.append(pages, dictionary);
  }

  #isFull(segment: OpenSegment, next: Page): boolean {
    if (segment.empty) return false;
    const { size, age } = this.#options.segment;
    const received =
      next.messages > 0 ? next.received[0]! : (next.inputs[0]?.input.at ?? Number.NEGATIVE_INFINITY);
    return segment.bytes >= size || received - segment.receivedFrom >= age;
  }

  #roll(segment: OpenSegment): void {
    this.#segment = undefined;
    this.#store.full.push(segment.first);
    segment.close();
  }

  #committed(batch: readonly Queued[]): void {
    let readings = 0;
    let bytes = 0;
    const buffers: ArrayBuffer[] = [];
    for (const { page } of batch) {
      readings += page.readings;
      bytes += pageBytes(page);
      if (page.value.buffer instanceof ArrayBuffer) buffers.push(page.value.buffer);
    }
    const pages = batch.map(({ page }) => page);
    this.#durable = pageEnd(pages.at(-1)!) - 1;
    // The columns go back to main with the message: from then on nothing can be read in them.
    const received = newestReceived(pages);
    const logged = this.#housekeeping.logged && pages.every((page) => loggedEntries(page) === 0);
    this.#tell(
      { kind: "durable", sequence: this.#durable, pages: pages.length, readings, bytes, buffers, logged },
      buffers,
    );
    for (const { events } of pages) {
      for (const event of events) {
        this.#used.event = Math.max(this.#used.event, event.seq, event.voidTo ?? 0);
        this.#used.occurrence = Math.max(this.#used.occurrence, event.occurrence);
      }
    }
    this.#housekeeping.committed(pages, received);
  }

  #failed(thrown: unknown, retry: () => void): void {
    this.#failedEver = true;
    if (isDamage(thrown) && this.#segment !== undefined) this.#replaceDamaged(this.#segment, thrown);
    const error = unavailable(thrown, "the journal cannot write");
    if (!this.#failing) this.#tell({ kind: "failed", error: sent(error) });
    this.#failing = true;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      retry();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_LONGEST_MS);
  }

  /** The segment turned out to be damaged while it was written to: keep what can be read, go on in a fresh one. */
  #replaceDamaged(segment: OpenSegment, cause: unknown): void {
    this.#segment = undefined;
    try {
      segment.close();
      const saved = salvage(this.#store.folder, segment.first);
      if (saved.kept) this.#store.full.push(segment.first);
      this.#tell({ kind: "setAside", file: saved.setAside, lost: saved.lost });
      this.#tell({ kind: "segments" });
    } catch (thrown) {
      this.#tell({
        kind: "log",
        level: "error",
        fields: { file: segment.path, cause: String(cause), err: String(thrown) },
        message: "a damaged segment could not be set aside",
      });
    }
  }
}

/** When the newest record of the pages was received, µs; negative infinity when none has a time. */
function newestReceived(pages: readonly Page[]): Micros {
  let newest = Number.NEGATIVE_INFINITY;
  for (const { messages, received, inputs } of pages) {
    if (messages > 0) newest = Math.max(newest, received[messages - 1]!);
    for (const { input } of inputs) newest = Math.max(newest, input.at);
  }
  return newest;
}

/** An error as it crosses threads. */
export function sent(error: TocsinError): SentError {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}
