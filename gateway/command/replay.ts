import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { ConfigurationError, describe, HostError, TocsinError } from "../../model/error.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import { DAY, type Micros, parseDuration, SystemClock } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../configuration.ts";
import { isDamage } from "../journal/database.ts";
import { difference } from "../replay/difference.ts";
import { JournalSource } from "../replay/journal-source.ts";
import { loadLabels } from "../replay/labels.ts";
import { EXPORT_COLUMNS, EXPORT_MAPPING, mappingSchema } from "../replay/mapping.ts";
import { reportPage } from "../replay/page.ts";
import { type Findings, findingsJson, reportOf } from "../replay/report.ts";
import { type Outcome, type ReplayOptions, replay } from "../replay/run.ts";
import { Heard, score } from "../replay/score.ts";
import type { Source, Span } from "../replay/source.ts";
import { TableSource } from "../replay/table-source.ts";
import { Trace } from "../replay/trace.ts";
import { loadYamlFile } from "../replay/yaml-file.ts";
import { EventFile } from "./event-file.ts";
import { DIFFERENT, EXIT, type ExitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { findingsText } from "./replay-text.ts";
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
  /** Writes the report there, as one HTML page. */
  readonly html?: string;
  /** Another site file, whose rules are compared. */
  readonly against?: string;
  /** A table of known events. */
  readonly labels?: string;
}

/** What `--from` calls the journal of the site. */
const JOURNAL = "journal";
/** Enough for the day's windows; rain of 15 days needs to be told. */
const DEFAULT_WARM_UP: Micros = DAY;

/**
 * Plays recorded readings through the rules of a site and says which alarms they would have raised; with `against`, what another site
 * file would have done differently. Ends with 1 when there is a difference.
 * @throws ConfigurationError CONFIG_INVALID and others for site, mapping, table or labels, COMMAND_USAGE; HostError
 * JOURNAL_UNAVAILABLE, JOURNAL_DAMAGED
 */
export function replayHistory(site: string, options: ReplayCommandOptions): ExitCode {
  const configuration = loadConfiguration(site, { data: options.data });
  const other = options.against === undefined ? undefined : loadConfiguration(options.against);
  const labels = options.labels === undefined ? undefined : loadLabels(options.labels, configuration.site);
  return readable(options.from, () => {
    const play = (of: Configuration, more: Listening = {}) =>
      played(of, { options, folder: configuration.dataFolder, more });
    const trace = new Trace(new Set(configuration.site.channels.map(({ index }) => index)));
    const heard = new Heard(configuration.site.channels.length);
    const events = options.events === undefined ? undefined : new EventFile(options.events);
    const outcome = play(configuration, {
      ...(events === undefined ? {} : { event: (event: AlarmEvent) => events.write(event) }),
      ...(options.html === undefined && labels === undefined
        ? {}
        : {
            readings: (batch: ReadingBatch, received: Micros) => {
              trace.note(batch, received);
              for (let i = 0; i < batch.length; i++) heard.note(batch.channel[i]!, received);
            },
          }),
    });
    events?.close();
    const findings: Findings = {
      configuration,
      trace,
      report: reportOf(outcome),
      ...(other === undefined ? {} : { difference: difference(outcome.episodes, play(other).episodes) }),
      ...(labels === undefined
        ? {}
        : { score: score(outcome.episodes, labels, { configuration, heard, end: outcome.to }) }),
    };
    if (options.html !== undefined) write(options.html, reportPage(findings));
    if (options.json) printJson(findingsJson(findings));
    else print(findingsText(findings));
    return (findings.difference?.changes.length ?? 0) > 0 ? DIFFERENT : EXIT.ok;
  });
}

/** Who else hears a replay. */
type Listening = Pick<ReplayOptions, "event" | "readings">;

interface Playing {
  readonly options: ReplayCommandOptions;
  /** Data folder of the journal: the site's, also for another site's rules. */
  readonly folder: string;
  readonly more: Listening;
}

function played(configuration: Configuration, { options, folder, more }: Playing): Outcome {
  const bar = new ProgressBar();
  const { warmUp, ...span } = spanOf(options, configuration.site.timeZone);
  try {
    return replay({
      configuration,
      source: sourceOf(configuration.site, { options, folder }, { ...span, since: span.since - warmUp }),
      since: span.since,
      progress: (done, readings) => bar.show(done, readings),
      ...more,
    });
  } finally {
    bar.clear();
  }
}

function sourceOf(site: Site, { options, folder }: Pick<Playing, "options" | "folder">, span: Span): Source {
  if (options.from === JOURNAL) {
    if (options.mapping !== undefined) {
      throw new ConfigurationError("COMMAND_USAGE", "--mapping is for tables; the journal needs none");
    }
    return new JournalSource(folder, span);
  }
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

function spanOf(options: ReplayCommandOptions, timeZone: string): Span & { readonly warmUp: Micros } {
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

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${path}: ${describe(cause)}`, { cause });
  }
}
