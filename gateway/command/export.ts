import { once } from "node:events";
import { createWriteStream, existsSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { ConfigurationError, describe, HostError, TocsinError } from "../../model/error.ts";
import { formatInstant, type Micros, SystemClock } from "../../model/time.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import { isDamage } from "../journal/database.ts";
import { DictionaryReader, dictionaryPath, type Series } from "../journal/dictionary.ts";
import { EXPORT_HEADER, EXPORT_QUALITIES, type ExportQuery, exportRows } from "../journal/history-export.ts";
import { dataFolder } from "./data-folder.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { timeBound } from "./time-bound.ts";

/** Options of `tocsin export SITE`, as they come from the command line. */
export interface ExportOptions {
  /** Data folder, instead of the site file's. */
  readonly data?: string;
  /** Keys of channels (`gd-01.lel`); `*` stands for anything. All channels when empty. */
  readonly channel?: readonly string[];
  /** Beginning and end (not included): RFC 3339, a local date or time of the site, or a span before now (`2h`). */
  readonly from?: string;
  readonly to?: string;
  /** `good`, `usable` or `all`. */
  readonly quality?: string;
  /** File; standard output when absent. */
  readonly output?: string;
}

/** Between two words about the progress. */
const PROGRESS_EVERY_MS = 200;

/**
 * Writes the history of a site as CSV: columns time (RFC 3339, UTC), channel, value, unit, quality, reason, mode. Reads the data
 * folder directly and changes nothing in it, whether the gateway runs or not. A file appears under its name only when it is
 * complete.
 * @throws ConfigurationError COMMAND_USAGE, CONFIG_NOT_FOUND; HostError JOURNAL_UNAVAILABLE when there is no journal, or the
 * file cannot be written, JOURNAL_DAMAGED.
 */
export async function exportHistory(site: string, options: ExportOptions): Promise<ExitCode> {
  const { folder, timeZone } = dataFolder(site, options);
  const now = new SystemClock().wall();
  const bound = (name: "from" | "to", otherwise: Micros) =>
    options[name] === undefined ? otherwise : timeBound(options[name], { name, now, timeZone });
  const worst = EXPORT_QUALITIES[options.quality ?? "all"];
  if (worst === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", `--quality ${options.quality}: not a quality`, {
      hint: `one of ${Object.keys(EXPORT_QUALITIES).join(", ")}`,
    });
  }
  let damaged = 0;
  const query: ExportQuery = {
    folder,
    from: bound("from", 0),
    to: bound("to", now),
    worst,
    onDamage: ({ message }) => {
      damaged++;
      process.stderr.write(`warning: left out: ${message}\n`);
    },
  };
  const rows = await readable(folder, () =>
    write({ ...query, ...wantedOf(folder, options.channel ?? []) }, options.output),
  );
  const noted = damaged === 0 ? "" : `, ${damaged} damaged portions left out`;
  if (process.stderr.isTTY === true || noted !== "") process.stderr.write(`${rows} rows${noted}\n`);
  return EXIT.ok;
}

/** Runs what reads the folder; SQLite's words about a damaged file become ours. */
async function readable<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof TocsinError || !isDamage(thrown)) throw thrown;
    throw new HostError("JOURNAL_DAMAGED", `the journal in ${folder} cannot be read: ${describe(thrown)}`, {
      cause: thrown,
      hint: "the gateway sets damaged files aside and repairs what it can when it starts",
    });
  }
}

function wantedOf(folder: string, patterns: readonly string[]): Pick<ExportQuery, "wanted"> {
  if (!existsSync(dictionaryPath(folder))) {
    throw new HostError("JOURNAL_UNAVAILABLE", `${folder} holds no journal`, {
      hint: "nothing has been recorded there yet, or --data names another folder",
    });
  }
  if (patterns.length === 0) return {};
  const matchers = patterns.map((pattern) => ({ pattern, matches: matcher(pattern) }));
  const dictionary = new DictionaryReader(folder);
  try {
    const keys = new Set(dictionary.all().map(({ key }) => key));
    for (const { pattern, matches } of matchers) {
      if ([...keys].some(matches)) continue;
      throw new ConfigurationError("COMMAND_USAGE", `--channel ${pattern}: nothing was recorded of it`, {
        hint: didYouMean(pattern, [...keys], LISTED.channels)?.en ?? "the journal holds no channel",
      });
    }
  } finally {
    dictionary.close();
  }
  return { wanted: ({ key }: Series) => matchers.some(({ matches }) => matches(key)) };
}

function matcher(pattern: string): (key: string) => boolean {
  if (!pattern.includes("*")) return (key) => key === pattern;
  const source = pattern
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  const expression = new RegExp(`^${source}$`);
  return (key) => expression.test(key);
}

/** Returns the number of rows. */
async function write(query: ExportQuery, output: string | undefined): Promise<number> {
  const partial = output === undefined ? undefined : `${output}.part`;
  const stream = partial === undefined ? process.stdout : createWriteStream(partial);
  let failed: Error | undefined;
  stream.on("error", (error) => {
    failed ??= error;
  });
  const say = progress(query);
  let rows = 0;
  try {
    await put(stream, EXPORT_HEADER);
    for (const part of exportRows(query)) {
      rows += part.rows;
      if (part.text !== "") await put(stream, part.text);
      say(part.progress, rows);
      // Whoever reads our output may have had enough (`| head`).
      if (failed !== undefined && partial === undefined) return rows;
      if (failed !== undefined) throw failed;
    }
    if (partial !== undefined && output !== undefined) {
      stream.end();
      if (!stream.writableFinished) await once(stream, "finish");
      await rename(partial, output);
    }
    return rows;
  } catch (thrown) {
    if (partial === undefined) throw thrown;
    stream.destroy();
    rmSync(partial, { force: true });
    if (thrown !== failed) throw thrown;
    throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${output}: ${describe(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Writes, and waits while the other side is slower. A stream that has failed swallows it. */
async function put(stream: NodeJS.WritableStream & { destroyed?: boolean }, text: string): Promise<void> {
  if (stream.write(text) || stream.destroyed === true) return;
  const stop = new AbortController();
  const { signal } = stop;
  const ends = ["drain", "close", "error"].map((event) => once(stream, event, { signal }).catch(() => {}));
  await Promise.race(ends);
  stop.abort();
}

/** On a terminal, says how far it has come; once in a while. */
function progress(query: ExportQuery): (done: number, rows: number) => void {
  if (process.stderr.isTTY !== true) return () => {};
  let next = 0;
  process.stderr.write(`from ${formatInstant(query.from)} to ${formatInstant(query.to)}\n`);
  return (done, rows) => {
    const now = performance.now();
    if (now < next && done < 1) return;
    next = now + PROGRESS_EVERY_MS;
    process.stderr.write(`\r${Math.floor(done * 100)} %, ${rows} rows${done < 1 ? "" : "\r\u001b[K"}`);
  };
}
