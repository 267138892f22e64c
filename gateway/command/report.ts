import { existsSync, writeFileSync } from "node:fs";
import { MODES, type Mode } from "../../model/domain.ts";
import { ConfigurationError, describe, HostError, TocsinError } from "../../model/error.ts";
import { LANGUAGES, type Language, type Text } from "../../model/text.ts";
import { type Micros, parseDuration, SystemClock } from "../../model/time.ts";
import { loadSite } from "../config/load.ts";
import { AlarmLogReader } from "../journal/alarm-log-reader.ts";
import { alarmLogPath } from "../journal/alarm-log-row.ts";
import { isDamage } from "../journal/database.ts";
import { type Comparison, collect } from "../report/collect.ts";
import { reportCsv } from "../report/csv.ts";
import { reportJson } from "../report/json.ts";
import { ruleNames } from "../report/names.ts";
import { reportPage } from "../report/page.ts";
import { LONGEST_PERIOD, type Period, STANDARD_PERIOD } from "../report/period.ts";
import { type ReportHeading, reportRemarks, reportSections, reportTitle } from "../report/text.ts";
import { dataFolder } from "./data-folder.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { hasColour, print, printJson } from "./output.ts";
import { alignColumns } from "./table.ts";
import { timeBound } from "./time-bound.ts";

/** Options of `tocsin report SITE`, as they come from the command line. */
export interface ReportOptions {
  readonly json: boolean;
  readonly csv: boolean;
  readonly data?: string;
  readonly from?: string;
  readonly to?: string;
  /** A span up to `to`. */
  readonly last?: string;
  /** File for the page. */
  readonly html?: string;
  readonly language?: string;
  /** Alarms of this mode; `live` unless told. */
  readonly mode?: string;
}

/**
 * Measures the alarms of a period, beside the period before: ISA-18.2 figures and times to acknowledge. Reads the alarm log
 * directly and changes nothing, whether the gateway runs or not.
 * @throws ConfigurationError COMMAND_USAGE, CONFIG_INVALID, CONFIG_NOT_FOUND; HostError JOURNAL_UNAVAILABLE when there is no alarm
 * log or the page cannot be written, JOURNAL_DAMAGED.
 */
export async function report(site: string, options: ReportOptions): Promise<ExitCode> {
  const { folder, timeZone } = dataFolder(site, options);
  const period = periodOf(options, { timeZone, now: new SystemClock().wall() });
  const language = languageOf(options.language);
  const mode = modeOf(options.mode);
  if (!existsSync(alarmLogPath(folder))) {
    throw new HostError("JOURNAL_UNAVAILABLE", `${folder} holds no alarm log`, {
      hint: "nothing has been recorded there yet, or --data names another folder",
    });
  }
  const comparison = await read(folder, { period, mode });
  const { name, id, rules } = named(site, options);
  const heading: ReportHeading = { site: name, timeZone, language, ruleName: ruleNames(rules) };
  if (options.html !== undefined) writePage(options.html, reportPage(comparison, heading));
  if (options.json) printJson(reportJson(comparison, { site: id, timeZone, mode }));
  else if (options.csv) process.stdout.write(reportCsv(comparison));
  else if (options.html === undefined) show(comparison, heading);
  return EXIT.ok;
}

function periodOf(options: ReportOptions, context: { timeZone: string; now: Micros }): Period {
  if (options.last !== undefined && options.from !== undefined) {
    throw new ConfigurationError("COMMAND_USAGE", "--last and --from say the same", {
      hint: "give one of them",
    });
  }
  const to = options.to === undefined ? context.now : timeBound(options.to, { name: "to", ...context });
  const last = options.last === undefined ? STANDARD_PERIOD : parseDuration(options.last);
  if (last === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", `--last ${options.last}: not a span`, {
      hint: "such as 7d or 12h",
    });
  }
  const from = options.from === undefined ? to - last : timeBound(options.from, { name: "from", ...context });
  if (from >= to || to - from > LONGEST_PERIOD) {
    throw new ConfigurationError("COMMAND_USAGE", "the period is empty, or longer than ten years", {
      hint: "--from must be before --to",
    });
  }
  return { from, to };
}

function languageOf(given: string | undefined): Language {
  const language = LANGUAGES.find((candidate) => candidate === (given ?? LANGUAGES[0]));
  if (language !== undefined) return language;
  throw new ConfigurationError("COMMAND_USAGE", `--language ${given}: not a language of ours`, {
    hint: `one of ${LANGUAGES.join(", ")}`,
  });
}

function modeOf(given: string | undefined): Mode {
  const mode = MODES.find((candidate) => candidate === (given ?? "live"));
  if (mode !== undefined) return mode;
  throw new ConfigurationError("COMMAND_USAGE", `--mode ${given}: not a mode`, {
    hint: `one of ${MODES.join(", ")}`,
  });
}

async function read(folder: string, what: { period: Period; mode: Mode }): Promise<Comparison> {
  let log: AlarmLogReader | undefined;
  try {
    const opened = new AlarmLogReader(folder);
    log = opened;
    const terminal = process.stderr.isTTY === true;
    return await collect(
      ({ from, to, limit }) => opened.events(from, to, limit),
      what,
      (events) => {
        if (terminal) process.stderr.write(`\r${events} events\r\u001b[K`);
      },
    );
  } catch (thrown) {
    if (thrown instanceof TocsinError || !isDamage(thrown)) throw thrown;
    throw new HostError("JOURNAL_DAMAGED", `the alarm log in ${folder} cannot be read: ${describe(thrown)}`, {
      cause: thrown,
      hint: "the gateway sets a damaged log aside and keeps what can be read when it starts",
    });
  } finally {
    log?.close();
  }
}

/** Names for people, where the site file can still say them. */
function named(
  site: string,
  options: ReportOptions,
): { id: string; name: Text; rules: readonly { id: string; name: Text }[] } {
  const { configuration } = loadSite(site, { data: options.data });
  if (configuration === undefined) return { id: site, name: { zh: site, en: site }, rules: [] };
  return { id: configuration.site.id, name: configuration.site.name, rules: configuration.rules };
}

function writePage(path: string, page: string): void {
  try {
    writeFileSync(path, page);
  } catch (cause) {
    throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${path}: ${describe(cause)}`, { cause });
  }
}

function show(comparison: Comparison, heading: ReportHeading): void {
  const bold = (text: string) => (hasColour(process.stdout) ? `\u001b[1m${text}\u001b[0m` : text);
  const [title, span] = reportTitle(comparison, heading);
  print(`${bold(title ?? "")}\n${span}`);
  for (const remark of reportRemarks(comparison, heading)) print(remark);
  for (const { title, rows } of reportSections(comparison, heading)) {
    print(`\n${bold(title)}\n${alignColumns(rows)}`);
  }
}
