import { ConfigurationError, describe } from "../../model/error.ts";
import { isId } from "../../model/id.ts";
import { REASON, REASON_NAMES, type Reason } from "../../model/quality.ts";
import { ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import { didYouMean } from "../config/suggestion.ts";
import type { Mapping, mappingSchema, TargetOptions } from "./mapping.ts";
import type { Playback } from "./playback.ts";
import { Remarks, type Source, type Span } from "./source.ts";
import { channelOf, Target } from "./table-columns.ts";
import { type TableRow, TableRows } from "./table-rows.ts";
import { TableTimes } from "./table-times.ts";
import type { YamlFile } from "./yaml-file.ts";

/** Readings that `order: by-time` sorts in memory: half a gigabyte. */
const MOST_SORTED = 20_000_000;
/** Readings of one message; a table whose rows all have one time is not one. */
const MOST_IN_MESSAGE = 65_536;
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
  /** Where the mapping was read from, for its mistakes. */
  readonly file?: YamlFile<(typeof mappingSchema)["_output"]>;
  readonly span: Span;
}

/** A CSV table as a recording: streamed, so that memory does not grow with it (but `order: by-time` must sort). */
export class TableSource implements Source {
  readonly name: string;
  readonly #o: TableOptions;
  readonly #remarks = new Remarks();
  readonly #time: TableTimes;
  readonly #received: TableTimes | undefined;
  readonly #channels = new Set<string>();
  readonly #batch = new ReadingBatch();
  /** Readings that wait to be sorted. */
  #waiting: Waiting | undefined;
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

  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  remarks() {
    return this.#remarks.list();
  }

  *play(playback: Playback): Generator<number, void, undefined> {
    const { mapping, path } = this.#o;
    const separator = mapping.separator === "tab" ? "\t" : mapping.separator;
    const table = new TableRows(path, { encoding: mapping.encoding, separator });
    const sorts = mapping.order === "by-time";
    if (sorts) this.#waiting = new Waiting();
    let layout: Layout | undefined;
    let count = 0;
    let rows = 0;
    for (const row of table.rows()) {
      if (layout === undefined) {
        layout = this.#layout(mapping.columns ?? row.cells.map((cell) => cell.trim()));
        if (mapping.columns === undefined) continue;
      }
      rows++;
      if (row.cells.length !== layout.width) {
        this.#note(KINDS.badCells, row, `${row.cells.length} cells, not ${layout.width}`);
      } else this.#row(row, layout, playback);
      if (++count % ROWS_A_TURN === 0) yield (table.read / table.size) * (sorts ? 0.5 : 1);
    }
    if (this.#waiting !== undefined) yield* this.#sorted(this.#waiting, playback);
    this.#flush(playback);
    if (this.#used === 0) this.#nothing(rows);
  }

  /** Finds the columns. @throws ConfigurationError CONFIG_INVALID naming what is missing */
  #layout(columns: readonly string[]): Layout {
    const { mapping, path, site } = this.#o;
    const names = columns.map((name, i) => (i === 0 ? name.replace(/^\ufeff/, "") : name));
    const faults: string[] = [];
    const column = (name: string): number => {
      const at = names.indexOf(name);
      const hint = didYouMean(name, names, "its columns");
      if (at < 0) faults.push(`${path} has no column "${name}"${hint === undefined ? "" : ` (${hint})`}`);
      return at;
    };
    const several = (of: string | readonly string[]) => (typeof of === "string" ? [of] : of).map(column);
    const target = (key: string, options: TargetOptions): Target | undefined => {
      const name = typeof options === "string" ? options : options.channel;
      const channel = channelOf(site, name);
      if (typeof channel === "string") {
        faults.push(`mapping: "${key}": no channel "${name}": ${channel}`);
        return undefined;
      }
      try {
        this.#channels.add(channel.key);
        return new Target(channel, options, mapping.long?.default.unit);
      } catch (cause) {
        faults.push(`mapping: "${key}": ${describe(cause)}`);
        return undefined;
      }
    };
    const { long, channels, quality } = mapping;
    const layout: Layout = {
      width: names.length,
      names,
      time: several(mapping.time.column),
      received: mapping.received === undefined ? undefined : several(mapping.received.column),
      quality:
        quality === undefined
          ? undefined
          : { column: column(quality.column), words: new Map(Object.entries(quality.words)) },
      wide: Object.entries(channels ?? {}).flatMap(([name, options]) => {
        const at = column(name);
        const found = target(name, options);
        return found === undefined ? [] : [{ column: at, target: found }];
      }),
      long:
        long === undefined
          ? undefined
          : {
              channel: column(long.channel),
              value: column(long.value),
              targets: new Map(
                Object.entries(long.channels ?? {}).map(([word, options]) => [word, target(word, options)]),
              ),
              byKey: long.channels === undefined,
            },
    };
    if (faults.length > 0) throw new ConfigurationError("CONFIG_INVALID", faults.join("\n"));
    return layout;
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
    let target = long.targets.get(word);
    if (target === undefined && long.byKey && !long.targets.has(word)) {
      const channel = channelOf(this.#o.site, word);
      const found = typeof channel === "string" ? undefined : channel;
      // A derived channel is the rules' own computation; what was recorded of it may be of another edition of the site.
      if (found?.derivation !== undefined) this.#remarks.add(KINDS.derived, undefined, 0);
      else if (found !== undefined) {
        target = new Target(found, word, this.#o.mapping.long?.default.unit);
        this.#channels.add(found.key);
      }
      if (long.targets.size < MOST_IN_MESSAGE) long.targets.set(word, target);
    }
    if (target !== undefined) {
      this.#cell(row, { column: long.value, target, status: at.status }, at);
      return;
    }
    const channel = isId(word.split(/[.:]/)[0] ?? "") ? channelOf(this.#o.site, word) : word;
    const derived = typeof channel !== "string" && channel.derivation !== undefined;
    this.#note(derived ? KINDS.derived : KINDS.unmapped, row, `"${word}"`, long.channel);
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

  #reading(
    channel: number,
    reading: { value: number; reason: Reason; time: Micros; received: Micros },
    playback: Playback,
  ): void {
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
  #enter(
    channel: number,
    { value, reason, time, received }: { value: number; reason: Reason; time: Micros; received: Micros },
    playback: Playback,
  ): void {
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

  *#sorted(waiting: Waiting, playback: Playback): Generator<number> {
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

interface LongLayout {
  readonly channel: number;
  readonly value: number;
  /** By the word in the channel column; undefined: known to be none. */
  readonly targets: Map<string, Target | undefined>;
  /** Whether the words are keys of channels. */
  readonly byKey: boolean;
}

/** Where everything stands in a row. */
interface Layout {
  readonly width: number;
  readonly names: readonly string[];
  readonly time: readonly number[];
  readonly received: readonly number[] | undefined;
  readonly quality: { readonly column: number; readonly words: ReadonlyMap<string, string> } | undefined;
  readonly wide: readonly { readonly column: number; readonly target: Target }[];
  readonly long: LongLayout | undefined;
}

function textOf(cells: readonly string[], columns: readonly number[]): string {
  if (columns.length === 1) return cells[columns[0]!]!;
  return columns.map((column) => cells[column]!.trim()).join(" ");
}

/** Readings to be sorted by `received`, in columns. */
class Waiting {
  #room = 1_024;
  length = 0;
  channel = new Uint32Array(this.#room);
  reason = new Uint8Array(this.#room);
  value = new Float64Array(this.#room);
  time = new Float64Array(this.#room);
  received = new Float64Array(this.#room);

  /** False: there are too many. */
  add(
    channel: number,
    { value, reason, time, received }: { value: number; reason: Reason; time: Micros; received: Micros },
  ): boolean {
    if (this.length === MOST_SORTED) return false;
    if (this.length === this.#room) this.#grow();
    const i = this.length++;
    this.channel[i] = channel;
    this.reason[i] = reason;
    this.value[i] = value;
    this.time[i] = time;
    this.received[i] = received;
    return true;
  }

  at(i: number): { value: number; reason: Reason; time: Micros; received: Micros } {
    return {
      value: this.value[i]!,
      reason: this.reason[i]!,
      time: this.time[i]!,
      received: this.received[i]!,
    };
  }

  /** Indices in order of `received`; equal ones stay in the order of the table. */
  order(): Uint32Array {
    const { received } = this;
    const order = Uint32Array.from({ length: this.length }, (_, i) => i);
    return order.sort((a, b) => received[a]! - received[b]! || a - b);
  }

  #grow(): void {
    this.#room *= 2;
    const wider = <T extends Uint32Array | Uint8Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.channel = wider(this.channel, new Uint32Array(this.#room));
    this.reason = wider(this.reason, new Uint8Array(this.#room));
    this.value = wider(this.value, new Float64Array(this.#room));
    this.time = wider(this.time, new Float64Array(this.#room));
    this.received = wider(this.received, new Float64Array(this.#room));
  }
}
