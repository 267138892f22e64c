import { mkdirSync } from "node:fs";
import { AlarmLog } from "../../gateway/journal/alarm-log.ts";
import { openDatabase } from "../../gateway/journal/database.ts";
import { Dictionary, type SeriesDefinition } from "../../gateway/journal/dictionary.ts";
import { OpenSegment } from "../../gateway/journal/open-segment.ts";
import { type Page, pageEnd } from "../../gateway/journal/page.ts";
import { removeDatabase, seal } from "../../gateway/journal/sealing.ts";
import { OPEN_SUFFIX, SEALED_SUFFIX, SEGMENTS_FOLDER, segmentPath } from "../../gateway/journal/segment.ts";
import { REASON } from "../../model/quality.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A reading as tests write it. */
export interface WrittenReading {
  series: number;
  time: number;
  value: number;
  reason?: number;
  flags?: number;
}

/** Definition of a channel of device `dev`. */
export function definition(device: string, more: Partial<SeriesDefinition> = {}): SeriesDefinition {
  return {
    site: "demo",
    point: `at-${device}`,
    device,
    channel: "level",
    domain: "water",
    quantity: "water_level",
    unit: "m",
    key: `${device}.level`,
    ...more,
  };
}

/** A data folder with real journal files, written page by page by whoever tests reading. */
export class WrittenJournal implements Disposable {
  readonly #folder = temporaryFolder("history");
  readonly dictionary: Dictionary;
  readonly alarmLog: AlarmLog;
  #open: OpenSegment;
  #next = 1;
  #closed = false;

  constructor() {
    mkdirSync(this.#folder.join(SEGMENTS_FOLDER));
    this.dictionary = new Dictionary(this.folder);
    this.alarmLog = new AlarmLog(this.folder);
    this.#open = OpenSegment.begin(this.folder, 1, 0);
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** Sequence of the next record. */
  get next(): number {
    return this.#next;
  }

  /** Ids of some series. */
  series(...definitions: SeriesDefinition[]): number[] {
    return [...this.dictionary.ids(definitions, this.dictionary.highest)];
  }

  /** Commits one page. Returns the sequence of its last record. */
  write(readings: readonly WrittenReading[], events: readonly AlarmEvent[] = []): number {
    const page: Page = {
      first: this.#next,
      readings: readings.length,
      series: Uint32Array.from(readings, (reading) => reading.series),
      value: Float64Array.from(readings, (reading) => reading.value),
      reason: Uint8Array.from(readings, (reading) => reading.reason ?? REASON.good),
      flags: Uint8Array.from(readings, (reading) => reading.flags ?? 0),
      time: Float64Array.from(readings, (reading) => reading.time),
      claimedIndex: new Uint32Array(0),
      claimed: new Float64Array(0),
      messages: readings.length > 0 ? 1 : 0,
      end: Uint32Array.of(readings.length),
      received: Float64Array.of(readings.at(-1)?.time ?? 0),
      identityHigh: Uint32Array.of(0),
      identityLow: Uint32Array.of(0),
      // What is evaluated without readings is an input: events never come of nothing.
      inputs: readings.length > 0 ? [] : [{ before: 0, input: { kind: "tick", at: 0 } }],
      events,
    };
    this.#open.append([page], this.dictionary);
    this.alarmLog.add([page], pageEnd(page) - 1);
    this.#next = pageEnd(page);
    return this.#next - 1;
  }

  /** Seals the open segment and begins another. */
  seal(): void {
    const { first } = this.#open;
    const last = this.#open.last;
    this.#open.close();
    this.#open = OpenSegment.begin(this.folder, this.#next, last);
    const steps = seal(this.folder, first);
    while (steps.next().done !== true);
  }

  /** Changes the stored bytes of the block that begins with this record, in the open segment. */
  spoil(sequence: number): void {
    const db = openDatabase(this.#open.path);
    db.prepare("UPDATE blocks SET blob = zeroblob(length(blob)) WHERE sequence = ?").run(sequence);
    db.close();
  }

  /** Removes the segment that begins with this record. */
  trim(first: number): void {
    removeDatabase(segmentPath(this.folder, first, SEALED_SUFFIX));
    removeDatabase(segmentPath(this.folder, first, OPEN_SUFFIX));
  }

  /** Closes the files; the folder stays until disposal. Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#open.close();
    this.dictionary.close();
    this.alarmLog.close();
  }

  [Symbol.dispose](): void {
    try {
      this.close();
    } finally {
      this.#folder.remove();
    }
  }
}
