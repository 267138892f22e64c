import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { ConfigurationError, describe, HostError, TocsinError } from "../../model/error.ts";
import { DAY, type Micros, parseDuration, SystemClock } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../configuration.ts";
import { isDamage } from "../journal/database.ts";
import { JournalSource } from "../replay/journal-source.ts";
import { EXPORT_COLUMNS, EXPORT_MAPPING, mappingSchema } from "../replay/mapping.ts";
import { reportJson, reportOf } from "../replay/report.ts";
import { type Outcome, replay } from "../replay/run.ts";
import type { Source, Span } from "../replay/source.ts";
import { TableSource } from "../replay/table-source.ts";
import { loadYamlFile } from "../replay/yaml-file.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { reportText } from "./replay-text.ts";
import { timeBound } from "./time-bound.ts";

/** Options of `tocsin replay SITE`, as they come from the command line. */
export interface ReplayCommandOptions {
  /** A CSV file, or `journal`. */
  readonly from: string;
  readonly mapping?: string;
  readonly data?: string;
  readonly since?: string;
  readonly until?: string;
  /** How much before `since` fills windows and memories. */
  readonly warmUp?: string;
  readonly json: boolean;
  /** Writes every event there, a line of JSON each. */
  readonly events?: string;
}

/** What `--from` calls the journal of the site. */
const JOURNAL = "journal";
/** Enough for the day's windows; rain of 15 days needs to be told. */
const DEFAULT_WARM_UP: Micros = DAY;

/**
 * Plays recorded readings through the rules of a site and says which alarms they would have raised.
 * @throws ConfigurationError CONFIG_INVALID and others for site, mapping or table, COMMAND_USAGE; HostError JOURNAL_UNAVAILABLE,
 * JOURNAL_DAMAGED
 */
export function replayHistory(site: string, options: ReplayCommandOptions): ExitCode {
  const configuration = loadConfiguration(site, { data: options.data });
  return readable(options.from, () => {
    const span = spanOf(options, configuration.site.timeZone);
    const events = options.events === undefined ? undefined : new EventFile(options.events);
    const outcome = played(configuration, { options, span, ...(events === undefined ? {} : { events }) });
    events?.close();
    const report = reportOf(outcome);
    if (options.json) printJson(reportJson(report));
    else print(reportText(report, configuration.site.timeZone));
    return EXIT.ok;
  });
}

interface Playing {
  readonly options: ReplayCommandOptions;
  readonly span: Span & { readonly warmUp: Micros };
  readonly events?: EventFile;
}

function played(configuration: Configuration, { options, span, events }: Playing): Outcome {
  const bar = new ProgressBar();
  try {
    return replay({
      configuration,
      source: sourceOf(configuration, options, { since: span.since - span.warmUp, until: span.until }),
      since: span.since,
      progress: (done, readings) => bar.show(done, readings),
      ...(events === undefined ? {} : { event: (event: AlarmEvent) => events.write(event) }),
    });
  } finally {
    bar.clear();
  }
}

function sourceOf(configuration: Configuration, options: ReplayCommandOptions, span: Span): Source {
  if (options.from === JOURNAL) {
    if (options.mapping !== undefined) {
      throw new ConfigurationError("COMMAND_USAGE", "--mapping is for tables; the journal needs none");
    }
    return new JournalSource(configuration.dataFolder, span);
  }
  const { site } = configuration;
  if (options.mapping !== undefined) {
    const { content } = loadYamlFile(options.mapping, mappingSchema);
    return new TableSource({ path: options.from, site, mapping: content, span });
  }
  if (!isExport(options.from)) {
    throw new ConfigurationError("COMMAND_USAGE", `${options.from}: a table needs --mapping`, {
      hint: "only what `tocsin export` wrote says by itself what its columns are; see docs/backtest.md",
    });
  }
  return new TableSource({ path: options.from, site, mapping: EXPORT_MAPPING, span });
}

/** Whether a table is one of ours. */
function isExport(path: string): boolean {
  try {
    const heading = Buffer.from(EXPORT_COLUMNS.join(","));
    const begin = Buffer.alloc(heading.length);
    const file = openSync(path, "r");
    try {
      readSync(file, begin);
    } finally {
      closeSync(file);
    }
    return begin.equals(heading);
  } catch (cause) {
    throw new ConfigurationError(
      "CONFIG_NOT_FOUND",
      `${path}: the table cannot be read: ${describe(cause)}`,
      {
        cause,
      },
    );
  }
}

function spanOf(options: ReplayCommandOptions, timeZone: string): Playing["span"] {
  const now = new SystemClock().wall();
  const instant = (name: "since" | "until", otherwise: Micros) =>
    options[name] === undefined ? otherwise : timeBound(options[name], { name, now, timeZone });
  const warmUp = options.warmUp === undefined ? DEFAULT_WARM_UP : parseDuration(options.warmUp);
  if (warmUp === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", `--warm-up ${options.warmUp}: not a duration`, {
      hint: "for example 1h, 1d or 18d",
    });
  }
  return {
    since: instant("since", Number.NEGATIVE_INFINITY),
    until: instant("until", Number.POSITIVE_INFINITY),
    warmUp,
  };
}

/** SQLite's words about a damaged file become ours. */
function readable<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof TocsinError || !isDamage(thrown)) throw thrown;
    throw new HostError("JOURNAL_DAMAGED", `${name} cannot be read: ${describe(thrown)}`, {
      cause: thrown,
      hint: "the gateway sets damaged files aside and repairs what it can when it starts",
    });
  }
}

/** Characters that gather before they are written. */
const EVENT_BUFFER = 1 << 16;

/** Events as lines of JSON, written as they come: a replay does not wait. */
class EventFile {
  readonly #file: number;
  #text = "";

  /** @throws HostError JOURNAL_UNAVAILABLE when the file cannot be written */
  constructor(path: string) {
    this.#file = written(path, () => openSync(path, "w"));
  }

  write(event: AlarmEvent): void {
    this.#text += `${JSON.stringify(event)}\n`;
    if (this.#text.length < EVENT_BUFFER) return;
    writeSync(this.#file, this.#text);
    this.#text = "";
  }

  close(): void {
    writeSync(this.#file, this.#text);
    closeSync(this.#file);
  }
}

function written<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${path}: ${describe(cause)}`, { cause });
  }
}
