import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { CommandRecord } from "../../gateway/journal/command-record.ts";
import type { SeriesDefinition } from "../../gateway/journal/dictionary.ts";
import { Journal } from "../../gateway/journal/journal.ts";
import { type JournalOptions, journalOptionsSchema } from "../../gateway/journal/options.ts";
import { type Page, pageEnd } from "../../gateway/journal/page.ts";
import type { Recovered } from "../../gateway/journal/protocol.ts";
import { closeFiles, openStore } from "../../gateway/journal/recovery.ts";
import { SegmentReader } from "../../gateway/journal/segment-reader.ts";
import { CounterRegistry } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { until } from "../support/until.ts";

/** What a journal said to the log. */
export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: object;
}

export interface OpenedJournal extends AsyncDisposable {
  readonly journal: Journal;
  readonly log: LoggedLine[];
  readonly counters: CounterRegistry;
}

/** A log that keeps what it is told. */
export function keepingLog(): { log: Log; lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (level: LoggedLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, log: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") } };
}

/** Definitions of some gas channels. */
export function definitions(count: number): SeriesDefinition[] {
  return Array.from({ length: count }, (_, i) => ({
    site: "demo",
    point: `well-${i}`,
    device: `gd-${i}`,
    channel: "lel",
    domain: "gas",
    quantity: "gas_lel",
    unit: "%LEL",
    key: `gd-${i}/lel`,
  }));
}

/** Segments so small that a few pages fill one. */
export const SMALL_SEGMENTS = { segment: { size: 3_000, age: Number.MAX_SAFE_INTEGER } } as const;

export interface JournalSettings {
  readonly options?: Partial<JournalOptions>;
  readonly series?: readonly SeriesDefinition[];
}

/** Opens a journal on a folder, without sinks. */
export async function openJournal(folder: string, settings: JournalSettings = {}): Promise<OpenedJournal> {
  const { log, lines } = keepingLog();
  const counters = new CounterRegistry();
  const journal = await Journal.open({
    folder,
    options: { ...journalOptionsSchema.parse({}), ...settings.options },
    series: settings.series ?? definitions(8),
    clock: new SystemClock(),
    log,
    counters,
    sinks: [],
    secret: () => "",
  });
  return { journal, log: lines, counters, [Symbol.asyncDispose]: () => journal.close() };
}

/** What a start finds in a folder: the recovery and all records, without threads. Everything is closed again. */
export function recover(
  folder: string,
  series: readonly SeriesDefinition[] = definitions(8),
): { readonly recovered: Recovered; readonly records: readonly string[] } {
  const store = openStore({ folder, series, at: T0 });
  const reader = new SegmentReader(folder);
  try {
    const found: string[] = [];
    for (let at = 0; ; ) {
      const pages = reader.pagesFrom(at, 10_000);
      if (pages.length === 0) return { recovered: store.recovered, records: found };
      for (const page of pages) found.push(...recordsOf(page));
      at = pageEnd(pages.at(-1)!);
    }
  } finally {
    reader.close();
    store.open?.close();
    closeFiles(store);
  }
}

/** A copy of a data folder as it is now: what a power cut would leave of it. By another process: see database.ts on POSIX locks. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-r", from, to]);
}

/** Stops the writer where it is; nothing is written until `resume`. */
export async function standStill(journal: Journal): Promise<void> {
  journal.pause();
  await until("the writer stands still", () => journal.paused);
}

export interface PlainPage {
  /** Readings of each message, as [series, value]. */
  readonly messages: readonly (readonly (readonly [series: number, value: number])[])[];
  readonly received?: number;
  readonly identity?: number;
  readonly events?: readonly AlarmEvent[];
  readonly ticks?: number;
}

/** Some instant, µs. */
export const T0 = 1_760_000_000_000_000;

/** A page as the intake would make it, with values that are told apart. */
export function pageOf(first: number, plain: PlainPage): Page {
  const received = plain.received ?? T0 + first;
  const flat = plain.messages.flat();
  let end = 0;
  return inOneBuffer({
    first,
    readings: flat.length,
    series: Uint32Array.from(flat, ([series]) => series),
    value: Float64Array.from(flat, ([, value]) => value),
    reason: new Uint8Array(flat.length),
    flags: new Uint8Array(flat.length),
    time: Float64Array.from(flat, (_, i) => received + i),
    claimedIndex: new Uint32Array(0),
    claimed: new Float64Array(0),
    messages: plain.messages.length,
    end: Uint32Array.from(plain.messages, (message) => (end += message.length)),
    received: Float64Array.from(plain.messages, (_, m) => received + m),
    identityHigh: Uint32Array.from(plain.messages, (_, m) => (plain.identity === undefined ? 0 : m + 1)),
    identityLow: Uint32Array.from(plain.messages, () => plain.identity ?? 0),
    inputs: Array.from({ length: plain.ticks ?? 0 }, (_, i) => ({
      before: 0,
      input: { kind: "tick" as const, at: received + i },
    })),
    events: plain.events ?? [],
  });
}

/** The page with all its columns in one buffer, as the intake makes them: when that buffer goes, all of them go. */
function inOneBuffer(page: Page): Page {
  const columns = Object.entries(page).filter(([, column]) => ArrayBuffer.isView(column)) as [
    string,
    Float64Array | Uint32Array | Uint8Array,
  ][];
  // Widest first, so that each column is aligned.
  columns.sort(([, a], [, b]) => b.BYTES_PER_ELEMENT - a.BYTES_PER_ELEMENT);
  const bytes = columns.reduce((sum, [, { byteLength }]) => sum + byteLength, 0);
  const buffer = new ArrayBuffer(bytes);
  let at = 0;
  const moved = columns.map(([name, column]) => {
    const Column = column.constructor as new (
      buffer: ArrayBuffer,
      at: number,
      length: number,
    ) => typeof column;
    const copy = new Column(buffer, at, column.length);
    copy.set(column);
    at += column.byteLength;
    return [name, copy];
  });
  return { ...page, ...Object.fromEntries(moved) };
}

/** Commits a page and waits until it is on disk. */
export async function committed(journal: Journal, page: Page): Promise<void> {
  const last = pageEnd(page) - 1;
  journal.commit(page, "now");
  await until(`record ${last} is on disk`, () => journal.durable >= last);
}

/** An event of an occurrence. */
export function alarmEvent(seq: number, fields: Partial<AlarmEvent> = {}): AlarmEvent {
  return {
    seq,
    prev: 0,
    transition: "raise",
    occurrence: seq,
    rule: "gas-leak",
    subject: "gd-0/lel",
    point: "well-0",
    domain: "gas",
    class: "danger",
    mode: "live",
    severity: "red",
    highest: "red",
    from: "normal",
    to: "unacknowledged",
    time: T0 + seq,
    since: T0 + seq,
    value: Number.NaN,
    reason: 0,
    measured: T0,
    limit: Number.POSITIVE_INFINITY,
    revision: "r1",
    ...fields,
  };
}

/** What became of a command. */
export function commandRecord(at: number): CommandRecord {
  return { at, route: "hub", user: "wang", verb: "acknowledge", accepted: false, reason: "not-active" };
}

/** All that a journal holds behind `after`, one line a record: what must be there exactly once, in order. */
export async function records(journal: Journal, after = -1): Promise<string[]> {
  const lines: string[] = [];
  for await (const page of journal.tail(after)) lines.push(...recordsOf(page));
  return lines;
}

/** The records of a page, one line each, with everything that belongs to them. */
export function recordsOf(page: Page): string[] {
  const lines: string[] = [];
  let m = 0;
  for (let i = 0; i < page.readings; i++) {
    while (page.end[m]! <= i) m++;
    const claim = page.claimedIndex.indexOf(i);
    lines.push(
      [
        page.first + i,
        page.series[i],
        Object.is(page.value[i], -0) ? "-0" : page.value[i],
        page.reason[i],
        page.flags[i],
        page.time[i],
        page.received[m],
        page.identityHigh[m],
        page.identityLow[m],
        claim < 0 ? "" : page.claimed[claim],
      ].join(" "),
    );
  }
  page.inputs.forEach((input, j) => {
    lines.push(`${page.first + page.readings + j} ${JSON.stringify(input)}`);
  });
  return lines;
}
