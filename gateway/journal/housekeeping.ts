import { describe } from "../../model/error.ts";
import { MINUTE, type Micros } from "../../model/time.ts";
import type { Digest } from "./chain.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { OpenSegment } from "./open-segment.ts";
import { prepareSegment } from "./open-segment.ts";
import type { JournalOptions } from "./options.ts";
import { type LoggedPage, loggedEntries } from "./page.ts";
import type { NumberKind, Tell } from "./protocol.ts";
import type { Store } from "./recovery.ts";
import { keepReserve } from "./reserve.ts";
import { seal } from "./sealing.ts";
import { reconcile } from "./segment-search.ts";
import { Trimming } from "./trimming.ts";

/** A task that failed is left alone for this long, ms. */
const PAUSE_MS = 5_000;
/** How often age is looked at; size is after each sealed segment. */
const RETENTION_INTERVAL = MINUTE;

/** One kind of work between commits. `step` does a bounded slice and says whether there was something to do. */
interface Task {
  readonly name: string;
  step(): boolean;
  failing: boolean;
  /** `performance.now()` before which it is left alone. */
  notBefore: number;
}

/**
 * Everything the writer does besides commits, in slices of a few milliseconds, so that no commit waits long: leases, the alarm
 * log, the write-ahead log, checkpoints, the next segment, sealing, retention. A task that fails says so once, and is tried
 * again later; the others go on.
 */
export class Housekeeping {
  readonly #store: Store;
  readonly #options: JournalOptions;
  readonly #tell: Tell;
  readonly #segment: () => OpenSegment | undefined;
  readonly #durable: () => number;
  readonly #trimming: Trimming;
  readonly #leases = new Map<NumberKind, number>();
  readonly #tasks: readonly Task[];
  #checkpoint: Checkpoint | undefined;
  #alarmLogBehind = false;
  #retentionDue = true;
  #retentionAt = Number.NEGATIVE_INFINITY;
  #alarmTrimDue = true;
  #newestReceived = Number.NEGATIVE_INFINITY;
  #sealing: { first: number; steps: Generator<void, unknown> } | undefined;

  constructor(parts: {
    store: Store;
    options: JournalOptions;
    tell: Tell;
    segment: () => OpenSegment | undefined;
    durable: () => number;
  }) {
    this.#store = parts.store;
    this.#options = parts.options;
    this.#tell = parts.tell;
    this.#segment = parts.segment;
    this.#durable = parts.durable;
    this.#trimming = new Trimming(parts.store.folder);
    // What others wait for comes first.
    this.#tasks = (
      [
        ["number leases", () => this.#extendLeases()],
        ["alarm log", () => this.#fillAlarmLog()],
        ["checkpoint", () => this.#writeCheckpoint()],
        ["write-ahead log", () => this.#copyLog()],
        ["next segment", () => this.#prepare()],
        ["reserve", () => keepReserve(this.#store.folder)],
        ["sealing", () => this.#seal()],
        ["retention", () => this.#trim()],
        ["alarm log retention", () => this.#trimAlarmLog()],
      ] as const
    ).map(([name, step]) => ({ name, step, failing: false, notBefore: 0 }));
  }

  /** Does one slice of the first task that has something to do. Returns whether any had. */
  step(): boolean {
    const now = performance.now();
    for (const task of this.#tasks) {
      if (task.notBefore > now) continue;
      try {
        const done = task.step();
        if (done && task.failing) {
          task.failing = false;
          this.#log("info", { task: task.name }, "the journal's housekeeping works again");
        }
        if (done) return true;
      } catch (thrown) {
        task.notBefore = now + PAUSE_MS;
        if (!task.failing) {
          this.#log(
            "warn",
            { task: task.name, err: describe(thrown) },
            "the journal's housekeeping cannot go on; it is tried again",
          );
        }
        task.failing = true;
      }
    }
    return false;
  }

  /** Milliseconds until a task that failed is due again; undefined when none is. */
  get wait(): number | undefined {
    const failing = this.#tasks.filter((task) => task.failing);
    if (failing.length === 0) return undefined;
    return Math.max(0, Math.min(...failing.map((task) => task.notBefore)) - performance.now());
  }

  /** Whether the alarm log has the events of everything committed. */
  get logged(): boolean {
    return !this.#alarmLogBehind;
  }

  /** These pages, whose columns are gone by now, are on disk; the newest record in them was received at `received`. */
  committed(pages: readonly LoggedPage[], received: Micros): void {
    this.#newestReceived = Math.max(this.#newestReceived, received);
    if (this.#newestReceived - this.#retentionAt >= RETENTION_INTERVAL) {
      this.#retentionAt = this.#newestReceived;
      this.#retentionDue = true;
    }
    if (!pages.some((page) => loggedEntries(page) > 0)) return;
    this.#alarmTrimDue = true;
    if (this.#alarmLogBehind) return;
    try {
      this.#store.alarmLog.add(pages, this.#durable());
      this.#tell({ kind: "logged", sequence: this.#durable() });
    } catch {
      // They are safe in the segment; the task takes them from there, and tells when it cannot.
      this.#alarmLogBehind = true;
    }
  }

  /** The digest of a day that has ended, on disk. @throws HostError JOURNAL_DAMAGED or an SQLite error */
  digest(date: string, at: number): Digest {
    this.#fillAlarmLog();
    return this.#store.alarmLog.digest(date, at);
  }

  lease(of: NumberKind, to: number): void {
    this.#leases.set(of, Math.max(to, this.#leases.get(of) ?? 0));
  }

  /** A newer state replaces one that has not been written yet. */
  checkpoint(checkpoint: Checkpoint): void {
    this.#checkpoint = checkpoint;
  }

  /** Last slice before the end: what is quick and saves work at the next start. Returns whether it all worked. */
  finish(): boolean {
    this.#sealing?.steps.return(undefined);
    this.#sealing = undefined;
    try {
      this.#fillAlarmLog();
      this.#writeCheckpoint();
      return true;
    } catch (thrown) {
      this.#log("error", { err: describe(thrown) }, "the last checkpoint could not be written");
      return false;
    }
  }

  #log(level: "info" | "warn" | "error", fields: object, message: string): void {
    this.#tell({ kind: "log", level, fields, message });
  }

  #extendLeases(): boolean {
    for (const [of, to] of this.#leases) {
      this.#store.leases.extend(of, to);
      this.#leases.delete(of);
      this.#tell({ kind: "leased", of, to: this.#store.leases.top(of) });
      return true;
    }
    return false;
  }

  #fillAlarmLog(): boolean {
    if (!this.#alarmLogBehind) return false;
    reconcile(this.#store.alarmLog, this.#store.folder, this.#durable());
    this.#alarmLogBehind = false;
    this.#tell({ kind: "logged", sequence: this.#durable() });
    return true;
  }

  #writeCheckpoint(): boolean {
    const checkpoint = this.#checkpoint;
    // A state must not be ahead of the record that explains it.
    if (checkpoint === undefined || checkpoint.sequence > this.#durable()) return false;
    this.#store.checkpoints.write(checkpoint);
    this.#checkpoint = undefined;
    return true;
  }

  #copyLog(): boolean {
    const segment = this.#segment();
    if (segment === undefined || !segment.checkpointDue) return false;
    segment.checkpoint();
    return true;
  }

  #prepare(): boolean {
    const segment = this.#segment();
    // From half on, so that a site that is stopped and started often does not make one each time.
    if (segment === undefined || segment.bytes * 2 < this.#options.segment.size) return false;
    return prepareSegment(this.#store.folder);
  }

  #seal(): boolean {
    const { full, folder, alarmLog } = this.#store;
    if (this.#sealing === undefined) {
      const first = full[0];
      if (first === undefined) return false;
      // A sealed segment is not looked through at start: the alarm log has its events for certain.
      reconcile(alarmLog, folder, this.#durable());
      alarmLog.sync();
      this.#sealing = { first, steps: seal(folder, first) };
      return true;
    }
    const { first, steps } = this.#sealing;
    try {
      if (steps.next().done !== true) return true;
    } catch (thrown) {
      this.#sealing = undefined;
      // It is tried again at its turn; meanwhile it can be read as it is.
      full.push(full.shift()!);
      throw thrown;
    }
    this.#sealing = undefined;
    full.splice(full.indexOf(first), 1);
    this.#retentionDue = true;
    this.#tell({ kind: "segments" });
    return true;
  }

  #trim(): boolean {
    if (!this.#retentionDue) return false;
    const { age, size } = this.#options.retention;
    const trimmed = this.#trimming.step({ before: this.#newestReceived - age, size });
    if (trimmed === undefined) {
      this.#retentionDue = false;
      return false;
    }
    this.#tell({ kind: "trimmed", ...trimmed });
    return true;
  }

  #trimAlarmLog(): boolean {
    if (!this.#alarmTrimDue) return false;
    const { age, size } = this.#options.alarmLog;
    this.#alarmTrimDue = this.#store.alarmLog.trim(this.#newestReceived - age, size);
    return this.#alarmTrimDue;
  }
}
