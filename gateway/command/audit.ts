import { existsSync, readFileSync } from "node:fs";
import { ConfigurationError, describe, HostError, TocsinError } from "../../model/error.ts";
import { formatInstant, MILLISECOND, type Micros, SystemClock } from "../../model/time.ts";
import { parseDigestMessage } from "../alerts/digest-message.ts";
import { alarmLogPath } from "../journal/alarm-log-row.ts";
import { type AuditFault, type AuditReport, type AuditRow, auditLog } from "../journal/audit.ts";
import type { Digest } from "../journal/chain.ts";
import type { CommandRecord } from "../journal/command-record.ts";
import { isDamage } from "../journal/database.ts";
import { dataFolder } from "./data-folder.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { hasColour, print, printJson } from "./output.ts";
import { alignColumns } from "./table.ts";
import { timeBound } from "./time-bound.ts";

/** Options of `tocsin audit`, as they come from the command line. */
export interface AuditCommandOptions {
  readonly json: boolean;
  readonly data?: string;
  readonly from?: string;
  readonly to?: string;
  /** Files with digests as they arrived outside: JSON messages, one a line or as an array; what stands before a `{` is left out. */
  readonly digest?: readonly string[];
}

/** Commands shown; beyond, only counted: `--from` and `--to` choose. */
const MOST_SHOWN = 10_000;

interface Shown {
  readonly commands: CommandRecord[];
  left: number;
}

/**
 * Verifies the alarm log's chain and the digests given, names the first place where it is broken, and shows who did what. Reads
 * the data folder directly and changes nothing in it, whether the gateway runs or not.
 * @throws ConfigurationError COMMAND_USAGE, CONFIG_INVALID, CONFIG_NOT_FOUND; HostError JOURNAL_UNAVAILABLE when there is no alarm
 * log, JOURNAL_DAMAGED.
 */
export function audit(site: string, options: AuditCommandOptions): ExitCode {
  const { folder, timeZone } = existsSync(alarmLogPath(site))
    ? { folder: site, timeZone: "UTC" }
    : dataFolder(site, options);
  if (!existsSync(alarmLogPath(folder))) {
    throw new HostError("JOURNAL_UNAVAILABLE", `${folder} holds no alarm log`, {
      hint: "nothing has been recorded there yet, or --data names another folder",
    });
  }
  const now = new SystemClock().wall();
  const bound = (name: "from" | "to", otherwise: Micros) =>
    options[name] === undefined ? otherwise : timeBound(options[name], { name, now, timeZone });
  const span = { from: bound("from", 0), to: bound("to", Number.POSITIVE_INFINITY) };
  const digests = (options.digest ?? []).flatMap((file) => digestsOf(file));
  const shown: Shown = { commands: [], left: 0 };
  const report = readable(folder, () =>
    auditLog({ folder, digests, onRow: (row) => choose(row, span, shown) }),
  );
  const broken = report.faultsInAll > 0;
  if (options.json)
    printJson({ ok: !broken, ...report, actions: shown.commands, actionsLeftOut: shown.left });
  else {
    if (shown.commands.length > 0) print(`${table(shown.commands, timeZone)}\n`);
    if (shown.left > 0) print(`… and ${shown.left} more: choose with --from and --to 其余从略\n`);
    for (const line of words(report, hasColour(process.stdout))) print(line);
  }
  return broken ? EXIT.broken : EXIT.ok;
}

function choose(row: AuditRow, span: { from: Micros; to: Micros }, shown: Shown): void {
  const { command } = row;
  if (command === undefined || command.at < span.from || command.at >= span.to) return;
  if (shown.commands.length < MOST_SHOWN) shown.commands.push(command);
  else shown.left++;
}

/** SQLite's words about a damaged file become ours. */
function readable<T>(folder: string, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof TocsinError || !isDamage(thrown)) throw thrown;
    throw new HostError("JOURNAL_DAMAGED", `the alarm log in ${folder} cannot be read: ${describe(thrown)}`, {
      cause: thrown,
      hint: "a log of an earlier version gets its chain when the gateway is next started; a damaged one is set aside then, with everything readable kept",
    });
  }
}

function digestsOf(file: string): Digest[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `--digest ${file}: ${describe(cause)}`, { cause });
  }
  const messages = text.trimStart().startsWith("[")
    ? [text]
    : text
        .split("\n")
        .map((line) => line.slice(Math.max(0, line.indexOf("{"))))
        .filter((line) => line.trim() !== "");
  return messages.flatMap((message) => {
    let json: unknown;
    try {
      json = JSON.parse(message);
    } catch (cause) {
      throw noDigest(file, cause);
    }
    return (Array.isArray(json) ? json : [json]).map((one: unknown) => {
      const digest = parseDigestMessage(one)?.digest;
      if (digest === undefined) throw noDigest(file, undefined);
      return digest;
    });
  });
}

function noDigest(file: string, cause: unknown): ConfigurationError {
  return new ConfigurationError("COMMAND_USAGE", `--digest ${file}: it holds something that is no digest`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "one message of the topic audit/<date> a line, or an array of them",
  });
}

function table(commands: readonly CommandRecord[], timeZone: string): string {
  const at = localTime(timeZone);
  return alignColumns([
    ["time 时间", "who 用户", "by 途径", "what 操作", "on 对象", "result 结果", "note 备注"],
    ...commands.map((command) => [
      at(command.at),
      command.user,
      command.route,
      command.verb,
      about(command),
      result(command),
      command.note ?? "",
    ]),
  ]);
}

/** What a command says to name an alarm; shown once. */
const ALARM_NAMES = new Set(["rule", "subject", "occurrence"]);

function about({ rule, subject, occurrence, said }: CommandRecord): string {
  const parts = [rule, subject, occurrence === undefined ? undefined : `o${occurrence}`];
  for (const [name, value] of Object.entries(said ?? {})) {
    if (!ALARM_NAMES.has(name) || occurrence === undefined) parts.push(`${name}=${String(value)}`);
  }
  return parts.filter((part) => part !== undefined).join(" ");
}

function result({ accepted, reason, detail, unrecorded }: CommandRecord): string {
  const noted = unrecorded === undefined ? "" : ` (+${unrecorded} unrecorded 未逐条记录)`;
  if (accepted) return `ok${noted}`;
  return `refused 拒绝: ${reason ?? ""}${detail === undefined ? "" : ` (${detail})`}${noted}`;
}

function localTime(timeZone: string): (at: Micros) => string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return (at) => format.format(at / MILLISECOND);
}

function* words(report: AuditReport, colour: boolean): Generator<string> {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { head, first, start, checked, faults, faultsInAll } = report;
  yield `${report.rows} rows, positions ${first} to ${head.position}: ${report.events} events, ${report.commands} commands 共${report.rows}条，事件${report.events}条，操作${report.commands}条`;
  if (start !== undefined && start.unchained > 0) {
    yield `the chain begins on ${formatInstant(start.at)}; events up to ${start.unchained} are of before it and cannot be verified 链自此开始，更早的事件无法校验`;
  }
  if (head.trimmed > 0) yield `rows up to ${head.trimmed} were removed by retention 按保留期清理`;
  for (const { at, lost, position } of report.damage) {
    const gone = lost.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    yield `position ${position}: a damaged file was set aside on ${formatInstant(at)}; ${gone} rows went with it 文件损坏，丢失${gone}条`;
  }
  for (const { date, position, verdict } of checked) {
    yield `digest of ${date}, position ${position}: ${paint(verdict === "broken" ? 31 : 32, verdict)}`;
  }
  if (checked.length === 0) {
    yield "no digest was given: that nobody has rewritten the whole log, or cut off its end, is not proven 未提供站外摘要";
  }
  if (faultsInAll === 0) {
    yield `${paint(32, "intact")} 校验一致: ${head.chain}`;
    return;
  }
  yield `${paint(31, "BROKEN")} 校验不符: ${place(faults[0]!)}: ${faults[0]!.detail}`;
  const sound = checked
    .filter(({ verdict, position }) => verdict === "verified" && position < faults[0]!.position)
    .map(({ position }) => position);
  if (sound.length > 0) yield `up to position ${Math.max(...sound)} a digest confirms the chain`;
  for (const fault of faults.slice(1)) yield `  ${place(fault)}: ${fault.detail} (${fault.kind})`;
  if (faultsInAll > faults.length) yield `  … and ${faultsInAll - faults.length} more`;
}

function place({ position, seq }: AuditFault): string {
  const event = seq === undefined ? "" : `event ${seq}`;
  if (position === 0) return event;
  return event === "" ? `position ${position}` : `position ${position}, ${event}`;
}
