import { ConfigurationError, describe } from "../../model/error.ts";
import { REASON, REASON_NAMES, type Reason } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Mapping } from "./mapping.ts";
import type { Playback } from "./playback.ts";
import { MOST_SORTED, SortedReadings, type TableReading } from "./sorted-readings.ts";
import { Remarks, type Source, type Span } from "./source.ts";
import { channelOf, Target } from "./table-columns.ts";
import { type Layout, type LongLayout, layoutOf } from "./table-layout.ts";
import { type TableRow, TableRows } from "./table-rows.ts";
import { TableTimes } from "./table-times.ts";

/** Readings of one message; a table whose rows all have one time is not one. */
const MOST_IN_MESSAGE = 65_536;
/** Words of a channel column that are remembered. */
const MOST_WORDS = 100_000;
/** Rows between two looks at how far we are. */
const ROWS_A_TURN = 4_096;

/** How the remarks of a table are called. */
const KINDS = {
  badTime: "rows without a time that can be read",
  badCells: "rows with too few or too many cells",
  badValue: "cells that are neither a number nor a known word",
  badQuality: "rows with an unknown quality",
  unmapped: "rows of a channel that the mapping does not name",
  derived: "rows of derived channels: they are computed from their inputs again",
  outside: "rows outside of the span that was asked for",
} as const;

/** What is known of a table before its first row. */
export interface TableOptions {
  readonly path: string;
  readonly site: Site;
  readonly mapping: Mapping;
  readonly span: Span;
}

/** A CSV table as a recording: streamed, so that memory does not grow with it (but `order: by-time` must sort). */
export class TableSource implements Source {
  readonly name: string;
  readonly #o: TableOptions;
  readonly #remarks = new Remarks();
  readonly #time: TableTimes;
  readonly #received: TableTimes | undefined;
  /** Words of the channel column that are keys of channels; undefined: of none. */
  readonly #known = new Map<string, Target | undefined>();
  readonly #derived = new Set<string>();
  readonly #batch = new ReadingBatch();
  /** Readings that wait to be sorted. */
  #waiting: SortedReadings | undefined;
  /** Largest time so far: `received` of a table that has none. */
  #largest: Micros = Number.NEGATIVE_INFINITY;
  /** Time and `received` of the message that is being gathered. */
  #messageTime: Micros = Number.NaN;
  #messageReceived: Micros = Number.NaN;
  #messageDevice = -1;
  #booted = false;
  #used = 0;

  /** @throws ConfigurationError CONFIG_INVALID for a zone that does not exist, or a start that is no instant */
  constructor(options: TableOptions) {
    this.#o = options;
    this.name = options.path;
    const { mapping, site } = options;
    const times = (time: Mapping["time"]) => {
      try {
        return new TableTimes({ format: time.format, zone: time.zone ?? site.timeZone, start: time.start });
      } catch (cause) {
        throw new ConfigurationError("CONFIG_INVALID", `the times of the mapping: ${describe(cause)}`, {
          cause,
        });
      }
    };
    this.#time = times(mapping.time);
    this.#received = mapping.received === undefined ? undefined : times(mapping.received);
  }

  channels(): ReadonlySet<number> {
    const found = new Set<number>();
    for (const [row, layout] of this.#rows(this.#table())) {
      const { long, wide } = layout;
      for (const { target } of wide) found.add(target.channel.index);
      for (const target of long?.targets.values() ?? [])
        if (target !== undefined) found.add(target.channel.index);
      // Only words that stand for themselves are known from the rows alone.
      if (long?.byKey !== true) return found;
      const word = row.cells[long.channel]?.trim();
      if (word !== undefined && !long.targets.has(word)) this.#learn(word, long);
    }
    for (const target of this.#known.values()) if (target !== undefined) found.add(target.channel.index);
    return found;
  }

  remarks() {
    return this.#remarks.list();
  }

  *play(playback: Playback): Generator<number, void, undefined> {
    const table = this.#table();
    const sorts = this.#o.mapping.order === "by-time";
    if (sorts) this.#waiting = new SortedReadings();
    let rows = 0;
    for (const [row, layout] of this.#rows(table)) {
      rows++;
      if (row.cells.length !== layout.width) {
        this.#note(KINDS.badCells, row, `${row.cells.length} cells, not ${layout.width}`);
      } else this.#row(row, layout, playback);
      if (rows % ROWS_A_TURN === 0) yield (table.read / table.size) * (sorts ? 0.5 : 1);
    }
    if (this.#waiting !== undefined) yield* this.#sorted(this.#waiting, playback);
    this.#flush(playback);
    if (this.#used === 0) this.#nothing(rows);
  }

  #table(): TableRows {
    const { mapping, path } = this.#o;
    const separator = mapping.separator === "tab" ? "\t" : mapping.separator;
    return new TableRows(path, { encoding: mapping.encoding, separator });
  }

  /** Rows behind the heading, with where everything stands in them. */
  *#rows(table: TableRows): Generator<[row: TableRow, layout: Layout]> {
    const { mapping, path, site } = this.#o;
    const named = mapping.columns;
    let layout: Layout | undefined;
    for (const row of table.rows()) {
      if (layout === undefined) {
        // A BOM belongs to the file, not to the name of its first column.
        const names = named ?? row.cells.map((cell) => cell.replace(/^\ufeff/, "").trim());
        layout = layoutOf(names, { mapping, path, site });
        if (named === undefined) continue;
      }
      yield [row, layout];
    }
  }

  #row(row: TableRow, layout: Layout, playback: Playback): void {
    const { cells } = row;
    const time = this.#time.read(textOf(cells, layout.time));
    if (time === undefined) {
      this.#note(KINDS.badTime, row, `"${textOf(cells, layout.time)}"`, layout.time[0]);
      return;
    }
    let received = time;
    if (layout.received !== undefined && this.#received !== undefined) {
      const own = this.#received.read(textOf(cells, layout.received));
      if (own === undefined) {
        this.#note(KINDS.badTime, row, `"${textOf(cells, layout.received)}"`, layout.received[0]);
        return;
      }
      received = own;
    }
    const status = layout.quality === undefined ? REASON.good : this.#status(row, layout.quality);
    if (status === undefined) return;
    const at = { time, received, playback };
    for (const { column, target } of layout.wide) this.#cell(row, { column, target, status }, at);
    if (layout.long !== undefined) this.#longRow(row, layout.long, { ...at, status });
  }

  #longRow(
    row: TableRow,
    long: LongLayout,
    at: { time: Micros; received: Micros; playback: Playback; status: Reason },
  ): void {
    const word = row.cells[long.channel]!.trim();
    const target = long.targets.get(word) ?? (long.byKey ? this.#learn(word, long) : undefined);
    if (target !== undefined) {
      this.#cell(row, { column: long.value, target, status: at.status }, at);
      return;
    }
    const kind = this.#derived.has(word) ? KINDS.derived : KINDS.unmapped;
    this.#note(kind, row, `"${word}"`, long.channel);
  }

  /** What a word of the channel column stands for, where the words are keys of channels. */
  #learn(word: string, { targets }: LongLayout): Target | undefined {
    let target = this.#known.get(word);
    if (target !== undefined || this.#known.has(word)) {
      targets.set(word, target);
      return target;
    }
    const channel = channelOf(this.#o.site, word);
    // A derived channel is the rules' own computation; what was recorded of it may be of another edition of the site.
    if (typeof channel !== "string" && channel.derivation !== undefined) this.#derived.add(word);
    else if (typeof channel !== "string")
      target = new Target(channel, word, this.#o.mapping.long?.default.unit);
    if (this.#known.size < MOST_WORDS) this.#known.set(word, target);
    return target;
  }

  #status(
    row: TableRow,
    { column, words }: { column: number; words: ReadonlyMap<string, string> },
  ): Reason | undefined {
    const word = row.cells[column]!.trim();
    const name = words.get(word) ?? word;
    const reason = (REASON_NAMES as readonly string[]).indexOf(name);
    if (reason >= 0) return reason;
    this.#note(KINDS.badQuality, row, `"${word}"`, column);
    return undefined;
  }

  #cell(
    row: TableRow,
    { column, target, status }: { column: number; target: Target; status: Reason },
    { time, received, playback }: { time: Micros; received: Micros; playback: Playback },
  ): void {
    const cell = row.cells[column]!;
    const { missing } = this.#o.mapping;
    const text = missing.length > 0 || cell === "" ? cell.trim() : cell;
    if (missing.includes(text)) {
      this.#reading(
        target.channel.index,
        { value: Number.NaN, reason: REASON.missing_value, time, received },
        playback,
      );
    } else if (text === "" || text.trim() === "") {
      // With a bad quality an empty cell is what an instrument in fault gives; otherwise nothing was read then.
      if (status === REASON.good) return;
      this.#reading(target.channel.index, { value: Number.NaN, reason: status, time, received }, playback);
    } else if (target.take(text, status)) {
      const { value, reason } = target;
      this.#reading(target.channel.index, { value, reason, time, received }, playback);
    } else this.#note(KINDS.badValue, row, `"${text}"`, column);
  }

  #reading(channel: number, reading: TableReading, playback: Playback): void {
    this.#used++;
    if (this.#waiting === undefined) this.#enter(channel, reading, playback);
    else if (!this.#waiting.add(channel, reading)) {
      throw new ConfigurationError(
        "CONFIG_INVALID",
        `${this.#o.path}: more than ${MOST_SORTED} readings to be sorted by time`,
        { hint: "sort the table itself by time, and leave `order: by-time` out" },
      );
    }
  }

  /** Gathers what was measured by one device in one instant, or stands in one row, to one message. */
  #enter(channel: number, { value, reason, time, received }: TableReading, playback: Playback): void {
    const { span, site } = this.#o;
    const device = site.channels[channel]!.device;
    const now = this.#received === undefined ? Math.max(this.#largest, time) : received;
    this.#largest = Math.max(this.#largest, now);
    if (this.#largest < span.since || this.#largest >= span.until) {
      this.#remarks.add(KINDS.outside);
      return;
    }
    const batch = this.#batch;
    const apart =
      time !== this.#messageTime ||
      this.#largest !== this.#messageReceived ||
      device !== this.#messageDevice ||
      batch.length >= MOST_IN_MESSAGE;
    if (apart) this.#flush(playback);
    this.#messageTime = time;
    this.#messageReceived = this.#largest;
    this.#messageDevice = device;
    batch.add(channel, value, reason, time);
  }

  #flush(playback: Playback): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    if (!this.#booted) {
      this.#booted = true;
      playback.boot(this.#messageReceived);
    }
    playback.enter(batch, this.#messageReceived);
    batch.clear();
  }

  *#sorted(waiting: SortedReadings, playback: Playback): Generator<number> {
    const order = waiting.order();
    for (let i = 0; i < order.length; i++) {
      this.#enter(waiting.channel[order[i]!]!, waiting.at(order[i]!), playback);
      if (i % (ROWS_A_TURN * 16) === 0) yield 0.5 + i / order.length / 2;
    }
  }

  #note(kind: string, row: TableRow, text: string, column?: number): void {
    const place = column === undefined ? `${row.line}` : `${row.line}:${column + 1}`;
    this.#remarks.add(kind, () => `${this.#o.path}:${place}: ${text}`);
  }

  #nothing(rows: number): never {
    const first = this.#remarks.list().find(({ count }) => count > 0);
    const why = first === undefined ? "" : `: ${first.count} ${first.kind}, ${first.examples[0] ?? ""}`;
    throw new ConfigurationError(
      "CONFIG_INVALID",
      `${this.#o.path}: none of its ${rows} rows is a reading${why}`,
      { hint: "see the mapping: columns, time, channels" },
    );
  }
}

function textOf(cells: readonly string[], columns: readonly number[]): string {
  if (columns.length === 1) return cells[columns[0]!]!;
  return columns.map((column) => cells[column]!.trim()).join(" ");
}
