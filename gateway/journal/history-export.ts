import { MODES, type Mode } from "../../model/domain.ts";
import { BAD, GOOD, QUALITY_NAMES, type Quality, qualityOf, reasonRow } from "../../model/quality.ts";
import { FLAG_MODE_MASK, FLAG_MODE_SHIFT } from "../../model/reading.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import { DictionaryReader, type Series } from "./dictionary.ts";
import { type HistoryMark, historyPage, MOST_ROWS, MOST_SERIES } from "./history.ts";
import { type Page, pageEnd } from "./page.ts";
import { SegmentReader } from "./segment-reader.ts";
import { DamagedRecords } from "./segment-view.ts";

/*
 * The history as CSV, straight from the data folder: while a gateway runs there, or without one. Nothing in the folder is
 * changed, and memory is bounded whatever the size of the journal.
 */

/** Readings taken from the journal at once. */
const STRETCH = 65_536;

export interface ExportQuery {
  /** Data folder. */
  readonly folder: string;
  /** Which channels; all when absent. */
  readonly wanted?: (series: Series) => boolean;
  /** Times from `from` up to, not including, `to`, µs. */
  readonly from: Micros;
  readonly to: Micros;
  /** The worst quality that is still exported. */
  readonly worst: Quality;
  /** Told of what is left out because it is damaged. */
  readonly onDamage: (damage: DamagedRecords) => void;
}

/** A portion of the export. */
export interface ExportPart {
  /** CSV rows, each ending with a line break. */
  readonly text: string;
  readonly rows: number;
  /** How much has been looked at, 0 to 1. */
  readonly progress: number;
}

export const EXPORT_HEADER = "time,channel,value,unit,quality,reason,mode\n";

/**
 * The rows, portion by portion. A few channels come in the order of time; more than MOST_SERIES in the order in which their
 * readings were accepted, which differs from it where readings came late.
 * @throws HostError JOURNAL_DAMAGED or an SQLite error when the folder holds no journal.
 */
export function* exportRows(query: ExportQuery): Generator<ExportPart> {
  const dictionary = new DictionaryReader(query.folder);
  const segments = new SegmentReader(query.folder, query.onDamage);
  try {
    const wanted = dictionary.all().filter(query.wanted ?? (() => true));
    const rows = new Rows(query, wanted);
    if (wanted.length === 0) return;
    if (wanted.length <= MOST_SERIES) yield* byTime(segments, query, { wanted, rows });
    else yield* byAcceptance(segments, query, rows);
  } finally {
    segments.close();
    dictionary.close();
  }
}

/** Turns readings into text; leaves out what is not asked for. */
class Rows {
  readonly #series = new Map<number, { channel: string; unit: string }>();
  readonly #query: ExportQuery;
  text = "";
  count = 0;

  constructor(query: ExportQuery, wanted: readonly Series[]) {
    this.#query = query;
    for (const { id, key, unit } of wanted) this.#series.set(id, { channel: cell(key), unit: cell(unit) });
  }

  add(series: number, time: Micros, reading: { value: number; reason: number; flags: number }): void {
    const { from, to, worst } = this.#query;
    const known = this.#series.get(series);
    if (known === undefined || time < from || time >= to) return;
    const quality = qualityOf(reading.reason);
    if (quality > worst) return;
    const mode: Mode = MODES[(reading.flags & FLAG_MODE_MASK) >> FLAG_MODE_SHIFT]!;
    this.text += `${formatInstant(time)},${known.channel},${number(reading.value)},${known.unit},${QUALITY_NAMES[quality]},${reasonRow(reading.reason).name},${mode}\n`;
    this.count++;
  }

  take(progress: number): ExportPart {
    const part = { text: this.text, rows: this.count, progress };
    this.text = "";
    this.count = 0;
    return part;
  }
}

function* byTime(
  segments: SegmentReader,
  query: ExportQuery,
  { wanted, rows }: { wanted: readonly Series[]; rows: Rows },
): Generator<ExportPart> {
  const series = wanted.map(({ id }) => id);
  let after: HistoryMark | undefined;
  let first: Micros | undefined;
  do {
    const page = historyPage(segments, {
      series,
      from: query.from,
      to: query.to,
      order: "oldest",
      limit: MOST_ROWS,
      ...(after === undefined ? {} : { after }),
    });
    for (let i = 0; i < page.length; i++) {
      const { value, reason, flags } = page;
      rows.add(page.series[i]!, page.time[i]!, { value: value[i]!, reason: reason[i]!, flags: flags[i]! });
    }
    first ??= page.time[0];
    after = page.next;
    const seen = (after?.time ?? query.to) - (first ?? query.to);
    yield rows.take(after === undefined ? 1 : seen / Math.max(1, query.to - (first ?? query.to)));
  } while (after !== undefined);
}

function* byAcceptance(segments: SegmentReader, query: ExportQuery, rows: Rows): Generator<ExportPart> {
  const begin = segments.oldest;
  if (begin === undefined) return;
  for (let sequence = begin; ; ) {
    let pages: Page[];
    try {
      pages = segments.pagesFrom(sequence, STRETCH);
    } catch (thrown) {
      if (!(thrown instanceof DamagedRecords)) throw thrown;
      query.onDamage(thrown);
      if (thrown.to === Number.MAX_SAFE_INTEGER) return;
      sequence = Math.max(sequence + 1, thrown.to);
      continue;
    }
    const last = pages.at(-1);
    if (last === undefined) return;
    for (const { readings, series, time, value, reason, flags } of pages) {
      for (let i = 0; i < readings; i++)
        rows.add(series[i]!, time[i]!, { value: value[i]!, reason: reason[i]!, flags: flags[i]! });
    }
    sequence = pageEnd(last);
    // The newest segment's end is not known; its beginning is, and makes a fair scale.
    const scale = Math.max(sequence, segments.segments().at(-1)?.first ?? sequence);
    yield rows.take(Math.min(1, (sequence - begin) / Math.max(1, scale - begin)));
  }
}

/** A value as text; a number that is none is an empty cell. */
function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "" : value > 0 ? "inf" : "-inf";
}

/** A cell by RFC 4180. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Which qualities `--quality` names: the worst that is still exported. */
export const EXPORT_QUALITIES: Readonly<Record<string, Quality>> = { good: GOOD, usable: 1, all: BAD };
