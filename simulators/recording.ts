import { ConfigurationError } from "../model/error.ts";
import { type Micros, SECOND } from "../model/time.ts";

/** One column of a recorded table, against time from its first row on. */
export interface Recording {
  /** Microseconds since the first row, never decreasing. */
  readonly time: Float64Array;
  /** NaN where the cell is empty: the instrument gave nothing then. */
  readonly value: Float64Array;
}

/** Which rows and columns of a CSV file make a recording. */
export interface RecordingColumns {
  /** Header of the time column: seconds as numbers, or RFC 3339; a time without a zone counts as UTC. */
  readonly time: string;
  readonly value: string;
  /** Only rows whose cells equal these: `{ station: Badalgama }`. */
  readonly where?: Readonly<Record<string, string>> | undefined;
}

/**
 * Reads a recording from CSV text (RFC 4180: quotes, doubled quotes, either line end; the first row names the columns).
 * Rows out of order are sorted by time.
 * @throws ConfigurationError CONFIG_SYNTAX naming line and column when a cell is no time or no number, or nothing is left.
 */
export function readRecording(text: string, columns: RecordingColumns, file: string): Recording {
  const rows = csvRows(text);
  const header = rows.next().value?.cells.map((cell) => cell.trim()) ?? [];
  const column = (name: string): number => {
    const index = header.indexOf(name);
    if (index >= 0) return index;
    throw new ConfigurationError("CONFIG_SYNTAX", `${file}: there is no column "${name}"`, {
      hint: `its columns are ${header.join(", ") || "none"}`,
    });
  };
  const timeAt = column(columns.time);
  const valueAt = column(columns.value);
  const filters = Object.entries(columns.where ?? {}).map(
    ([name, equals]) => [column(name), equals] as const,
  );

  const points: { time: Micros; value: number }[] = [];
  for (const { cells, line } of rows) {
    if (cells.length === 1 && cells[0]!.trim() === "") continue;
    if (filters.some(([index, equals]) => cells[index]?.trim() !== equals)) continue;
    const time = readTime(cells[timeAt] ?? "");
    if (time === undefined) throw badCell(file, line, columns.time, cells[timeAt], "a time");
    const cell = cells[valueAt]?.trim() ?? "";
    const value = cell === "" ? Number.NaN : Number(cell);
    if (cell !== "" && Number.isNaN(value) && !/^nan$/i.test(cell)) {
      throw badCell(file, line, columns.value, cell, "a number");
    }
    points.push({ time, value });
  }
  if (points.length === 0) {
    throw new ConfigurationError("CONFIG_SYNTAX", `${file}: no row of it is left to play back`, {
      hint: "see `where`: every column named there must equal its text",
    });
  }
  points.sort((a, b) => a.time - b.time);
  const first = points[0]!.time;
  return {
    time: Float64Array.from(points, (point) => point.time - first),
    value: Float64Array.from(points, (point) => point.value),
  };
}

/** The recorded value at `time` (µs from the first row): the last row not after it (`hold`), or a straight line between two rows. */
export function recordedAt(recording: Recording, time: Micros, between: "hold" | "line"): number {
  const last = recording.time.length - 1;
  let low = 0;
  let high = last;
  // The last row with time <= `time`; the first row before the recording begins.
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (recording.time[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  const value = recording.value[low]!;
  if (between === "hold" || low === last || time <= recording.time[low]!) return value;
  const span = recording.time[low + 1]! - recording.time[low]!;
  return value + ((recording.value[low + 1]! - value) * (time - recording.time[low]!)) / span;
}

function badCell(
  file: string,
  line: number,
  column: string,
  cell: string | undefined,
  wanted: string,
): ConfigurationError {
  return new ConfigurationError(
    "CONFIG_SYNTAX",
    `${file}:${line}: column "${column}" is not ${wanted}: ${JSON.stringify(cell ?? "")}`,
  );
}

const ZONE = /(z|[+-]\d\d:?\d\d)$/i;

function readTime(cell: string): Micros | undefined {
  const text = cell.trim();
  if (text === "") return undefined;
  const seconds = Number(text);
  if (!Number.isNaN(seconds)) return Math.round(seconds * SECOND);
  const iso = text.replace(" ", "T");
  const dateOnly = !iso.includes("T");
  const parsed = Date.parse(dateOnly || ZONE.test(iso) ? iso : `${iso}Z`);
  return Number.isNaN(parsed) ? undefined : parsed * 1_000;
}

interface CsvRow {
  readonly cells: string[];
  /** Line of the file on which the row begins, from 1. */
  readonly line: number;
}

function* csvRows(text: string): Generator<CsvRow, undefined> {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const row: CsvRow = { cells: [], line };
    for (;;) {
      let cell = "";
      if (text[at] === '"') {
        at++;
        for (;;) {
          const quote = text.indexOf('"', at);
          const end = quote < 0 ? text.length : quote;
          cell += text.slice(at, end);
          at = end + 1;
          if (text[at] !== '"') break;
          cell += '"';
          at++;
        }
        line += cell.split("\n").length - 1;
      }
      let end = at;
      while (end < text.length && text[end] !== "," && text[end] !== "\n") end++;
      cell += text.slice(at, end).replace(/\r$/, "");
      row.cells.push(cell);
      at = end + 1;
      if (text[end] !== ",") break;
    }
    line++;
    yield row;
  }
  return undefined;
}
