import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TocsinError } from "../../model/error.ts";
import { AlarmLog } from "./alarm-log.ts";
import { alarmLogPath } from "./alarm-log-row.ts";
import { salvageAlarmLog } from "./alarm-log-salvage.ts";
import { Checkpoints } from "./checkpoint.ts";
import { setAside } from "./damage.ts";
import { isDamage, isFull, unavailable } from "./database.ts";
import {
  Dictionary,
  dictionaryPath,
  type Series,
  type SeriesDefinition,
  salvageDictionary,
} from "./dictionary.ts";
import { Leases } from "./leases.ts";
import { Lock } from "./lock.ts";
import { OpenSegment } from "./open-segment.ts";
import { NUMBER_SPAN, type Recovered } from "./protocol.ts";
import { releaseReserve } from "./reserve.ts";
import { finishSalvage, type LostRecords, salvage } from "./salvage.ts";
import { removeDatabase, sealedSize } from "./sealing.ts";
import {
  listSegments,
  OPEN_SUFFIX,
  SALVAGED_SUFFIX,
  SEALED_SUFFIX,
  SEGMENTS_FOLDER,
  type SegmentFile,
  segmentPath,
} from "./segment.ts";
import { definitionsInSegments, recentIdentities, reconcile } from "./segment-search.ts";
import { State, statePath } from "./state.ts";

/** Sequences leased at once: 80 s at 100,000 records a second; they are skipped only when accepted records were lost. */
export const SEQUENCE_SPAN = 8 * 2 ** 20;
/** When every record of what was leased is gone: numbers this far on have not been used. */
const BLIND_SPAN = 100_000;

/** The journal's files, open for writing. */
export interface Store {
  readonly folder: string;
  readonly lock: Lock;
  readonly state: State;
  readonly dictionary: Dictionary;
  readonly leases: Leases;
  readonly alarmLog: AlarmLog;
  readonly checkpoints: Checkpoints;
  /** The segment to go on with. */
  readonly open: OpenSegment | undefined;
  /** Open segments that are full and wait to be sealed, by first record. */
  readonly full: number[];
  readonly recovered: Recovered;
}

/** What `openStore` needs. */
export interface StoreSetup {
  readonly folder: string;
  readonly series: readonly SeriesDefinition[];
  /** Wall clock, µs. */
  readonly at: number;
}

/**
 * Opens the journal in a data folder and puts right what a crash or damage has left: what is half done is thrown away, what is
 * damaged is set aside with everything readable kept, and nothing that was lost passes in silence. On a full disk the reserve
 * is given up for it.
 * @throws HostError ALREADY_RUNNING; JOURNAL_UNAVAILABLE when the folder cannot be written
 */
export function openStore(setup: StoreSetup): Store {
  try {
    return attempt(setup);
  } catch (thrown) {
    if (isFull(thrown) && releaseReserve(setup.folder)) return attempt(setup);
    throw thrown;
  }
}

function attempt(setup: StoreSetup): Store {
  const { folder } = setup;
  const open: { close(): void }[] = [];
  try {
    mkdirSync(join(folder, SEGMENTS_FOLDER), { recursive: true });
    const lock = new Lock(folder);
    open.push({ close: () => lock.release() });
    return new Recovery(folder, lock, open).run(setup);
  } catch (thrown) {
    closeAll(open.reverse());
    if (thrown instanceof TocsinError) throw thrown;
    throw unavailable(thrown, `the journal in ${folder} cannot be opened`);
  }
}

/** Closes what `openStore` opened, but for the segment, which may be another by now. The next one is let in. */
export function closeFiles({ state, dictionary, alarmLog, lock }: Store): void {
  const [failure] = closeAll([alarmLog, dictionary, state, { close: () => lock.release() }]);
  if (failure !== undefined) throw unavailable(failure, "the journal cannot be closed");
}

/** Closes all of them, whatever fails; returns what did. */
function closeAll(parts: readonly { close(): void }[]): unknown[] {
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      part.close();
    } catch (thrown) {
      failures.push(thrown);
    }
  }
  return failures;
}

class Recovery {
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #open: { close(): void }[];
  readonly #setAside: string[] = [];
  readonly #lost: LostRecords[] = [];
  /** Accepted records behind the last readable one may be lost. */
  #tailInDoubt = false;

  constructor(folder: string, lock: Lock, open: { close(): void }[]) {
    this.#folder = folder;
    this.#lock = lock;
    this.#open = open;
  }

  run({ series, at }: StoreSetup): Store {
    const folder = this.#folder;
    const state = this.#part(
      () => new State(folder),
      () => this.#aside(statePath(folder)),
    );
    this.#clearLeftovers();
    const { segment, full, last } = this.#segments();
    const dictionary = this.#dictionary();
    const leases = new Leases([state.db, dictionary.db]);
    const alarmLog = this.#alarmLog(last, at);
    const checkpoints = new Checkpoints(folder);
    for (const path of checkpoints.damaged) this.#aside(path);

    const clean = state.cleanStop();
    const expected = Math.max(checkpoints.latest?.sequence ?? 0, clean?.sequence ?? 0, alarmLog.mark);
    const lastSequence = this.#lastSequence({ last, expected, leased: leases.top("sequence") });
    leases.extend("sequence", lastSequence + SEQUENCE_SPAN);

    // Lost leases leave only what was committed to go by; what was published and not committed lies within a span of it.
    const blind = leases.top("event") === 0 && this.#setAside.length > 0 ? BLIND_SPAN : 0;
    const logged = { event: alarmLog.lastSeq, occurrence: blind === 0 ? 0 : alarmLog.lastOccurrence };
    const used = {
      event: Math.max(logged.event, clean?.event ?? leases.top("event")) + blind,
      occurrence: Math.max(logged.occurrence, clean?.occurrence ?? leases.top("occurrence")) + blind,
    };
    const leased = { event: used.event + NUMBER_SPAN, occurrence: used.occurrence + NUMBER_SPAN };
    leases.extend("event", leased.event);
    leases.extend("occurrence", leased.occurrence);
    const bootId = randomUUID();
    state.begin({
      boot: bootId,
      at,
      sequence: lastSequence + 1,
      event: used.event + 1,
      occurrence: used.occurrence + 1,
    });

    const seriesFloor = leases.top("series") + (leases.top("series") === 0 ? blind : 0);
    const ids = seriesIds({ dictionary, leases, definitions: series, floor: seriesFloor });
    return {
      folder,
      lock: this.#lock,
      state,
      dictionary,
      leases,
      alarmLog,
      checkpoints,
      open: segment,
      full,
      recovered: {
        series: ids,
        lastSequence,
        ...(checkpoints.latest === undefined ? {} : { checkpoint: checkpoints.latest }),
        seq: used.event + 1,
        occurrence: used.occurrence + 1,
        bootId,
        openOccurrences: alarmLog.openOccurrences(),
        lastEvent: logged.event,
        openCases: alarmLog.openCases(),
        digests: alarmLog.digests(),
        identities: recentIdentities(folder),
        setAside: this.#setAside,
        lost: this.#lost,
        leased,
      },
    };
  }

  /** Opens a part; a damaged one is first mended by `mend`, which sets it aside. */
  #part<T extends { close(): void }>(make: () => T, mend: () => void): T {
    let part: T;
    try {
      part = make();
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      mend();
      part = make();
    }
    this.#open.push(part);
    return part;
  }

  #aside(path: string): void {
    this.#setAside.push(setAside(this.#folder, path));
  }

  /** Half-done work of a former run goes; what was complete but for the last step is completed. */
  #clearLeftovers(): void {
    const segments = join(this.#folder, SEGMENTS_FOLDER);
    for (const name of readdirSync(segments)) {
      const first = Number.parseInt(name, 10);
      if (name.endsWith(SALVAGED_SUFFIX)) finishSalvage(this.#folder, first);
      // The prepared segment may have been cut off, too; making one anew takes milliseconds.
      else if (/\.sealing\.db|^new\.db/.test(name)) rmSync(join(segments, name), { force: true });
    }
    for (const name of readdirSync(segments)) {
      if (!name.endsWith(SEALED_SUFFIX)) continue;
      removeDatabase(segmentPath(this.#folder, Number.parseInt(name, 10), OPEN_SUFFIX));
    }
  }

  /** Verifies the open segments. `last`: the last record that can be read. */
  #segments(): { segment: OpenSegment | undefined; full: number[]; last: number } {
    const files = listSegments(this.#folder);
    const full: number[] = [];
    let segment: OpenSegment | undefined;
    let last = 0;
    for (const [i, file] of files.entries()) {
      const newest = i === files.length - 1;
      if (file.kind === "sealed") {
        if (newest) last = this.#lastOfSealed(file);
        continue;
      }
      const verified = this.#verified(file, file.first - 1);
      if (verified === undefined) continue;
      last = Math.max(last, verified.last);
      if (newest && !verified.empty) {
        segment = verified;
        this.#open.push(verified);
        continue;
      }
      const { empty } = verified;
      verified.close();
      if (empty) removeDatabase(file.path);
      else full.push(file.first);
    }
    return { segment, full, last };
  }

  #lastOfSealed(file: SegmentFile): number {
    try {
      return sealedSize(file.path).last;
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      // It stays: what can be read of it is read, and the rest is told then.
      this.#tailInDoubt = true;
      return file.first;
    }
  }

  /** The open segment, or what could be salvaged of it; undefined when that is nothing. */
  #verified(file: SegmentFile, after: number): OpenSegment | undefined {
    try {
      return OpenSegment.open(file.path, file.first, after);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      const saved = salvage(this.#folder, file.first);
      this.#setAside.push(saved.setAside);
      this.#lost.push(...saved.lost);
      this.#tailInDoubt = true;
      return saved.kept ? OpenSegment.open(file.path, file.first, after) : undefined;
    }
  }

  /**
   * The last sequence that may have been used. Where records are known or feared to be missing behind the last readable one, that
   * is the end of the lease: a number used again would pass for delivered.
   */
  #lastSequence({ last, expected, leased }: { last: number; expected: number; leased: number }): number {
    if (last >= expected && !this.#tailInDoubt) return last;
    const end = leased > last ? leased : Math.max(last, expected) + SEQUENCE_SPAN;
    this.#lost.push({ first: last + 1, last: end });
    return end;
  }

  #dictionary(): Dictionary {
    const folder = this.#folder;
    let found: Series[] = [];
    const dictionary = this.#part(
      () => new Dictionary(folder),
      () => {
        found = [...salvageDictionary(folder), ...definitionsInSegments(folder)];
        this.#aside(dictionaryPath(folder));
      },
    );
    // A dictionary that has vanished is as empty as a new one; only then do segments know more.
    if (dictionary.highest === 0) found = [...found, ...definitionsInSegments(folder)];
    dictionary.restore(found);
    return dictionary;
  }

  #alarmLog(last: number, at: number): AlarmLog {
    const folder = this.#folder;
    const make = () => {
      const log = new AlarmLog(folder, { at });
      try {
        // Whatever is needed at start is read now, so that damage shows now.
        log.openOccurrences();
        void log.lastSeq;
        reconcile(log, folder, last);
      } catch (thrown) {
        log.close();
        throw thrown;
      }
      return log;
    };
    return this.#part(make, () => {
      const salvaged = salvageAlarmLog(folder);
      this.#aside(alarmLogPath(folder));
      new AlarmLog(folder, { at, salvaged }).close();
    });
  }
}

/** Ids of the definitions; ids for new ones are leased first, so that they are not reused even if the dictionary is lost. */
export function seriesIds(o: {
  dictionary: Dictionary;
  leases: Leases;
  definitions: readonly SeriesDefinition[];
  floor: number;
}): Uint32Array {
  const above = Math.max(o.floor, o.dictionary.highest);
  const missing = o.dictionary.missing(o.definitions);
  if (missing > 0) o.leases.extend("series", above + missing);
  return o.dictionary.ids(o.definitions, above);
}
