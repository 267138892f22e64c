import { SEVERITIES, SEVERITY_TEXT } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import { type Difference, timeOf } from "../replay/difference.ts";
import type { Episode } from "../replay/episodes.ts";
import { changeText, scoreText, seconds } from "../replay/findings.ts";
import type { Findings, Report } from "../replay/report.ts";
import type { Outcome } from "../replay/run.ts";
import type { Score } from "../replay/score.ts";
import type { Remark } from "../replay/source.ts";
import { lasting, stamp } from "../replay/stamp.ts";
import { alignColumns } from "./table.ts";

/** Alarms listed at a terminal; JSON and page have all. */
const MOST_LISTED = 200;

/** Everything that was found, at a terminal. */
export function findingsText({ configuration, report, difference, score }: Findings): string {
  const { timeZone } = configuration.site;
  const parts = [reportText(report, timeZone)];
  if (difference !== undefined) parts.push(differenceText(difference, timeZone));
  if (score !== undefined) parts.push(labelText(score, timeZone));
  return parts.join("\n\n");
}

function differenceText({ changes, same }: Difference, timeZone: string): string {
  const rows = changes.slice(0, MOST_LISTED).map((change) => {
    const episode = change.kind === "appears" ? change.other : change.own;
    const { zh, en } = changeText(change);
    const severity =
      change.kind === "differs" && change.severity !== "same"
        ? `${change.own.severity} → ${change.other.severity}`
        : episode.severity;
    return [stamp(timeOf(change), timeZone), severity, episode.rule, episode.subject, `${en} ${zh}`];
  });
  const head = ["time 时间", "severity 级别", "rule 规则", "subject 对象", "change 变化"];
  const more = changes.length - rows.length;
  return [
    `difference 差异: ${changes.length}; the same 相同: ${same}`,
    ...(rows.length === 0 ? [] : [alignColumns([head, ...rows])]),
    ...(more > 0 ? [`… and ${more} more (--json, --html) · 另有 ${more} 条`] : []),
  ].join("\n");
}

function labelText(score: Score, timeZone: string): string {
  const rows = score.labels
    .slice(0, MOST_LISTED)
    .map(({ label, alarm, delay, stood }) => [
      stamp(label.start, timeZone),
      label.name,
      label.channel ?? label.point ?? "",
      alarm === undefined ? "missed 漏报" : stood ? "stood already 已在报警" : `+${seconds(delay ?? 0)}`,
      alarm === undefined ? "" : `${alarm.rule} ${alarm.severity}`,
    ]);
  const { zh, en } = scoreText(score);
  const head = ["start 开始", "event 事件", "where 位置", "delay 延迟", "alarm 告警"];
  return ["known events 已知事件:", alignColumns([head, ...rows]), en, zh].join("\n");
}

/** The report at a terminal. */
export function reportText(report: Report, timeZone: string): string {
  const { outcome } = report;
  const lines = [heading(outcome, timeZone)];
  const shown = outcome.episodes.slice(0, MOST_LISTED);
  if (shown.length > 0) lines.push("", alarmTable(shown, { timeZone, end: outcome.to }));
  const more = outcome.episodes.length - shown.length + outcome.beyond;
  if (more > 0) lines.push(`… and ${more} more (--json, --html) · 另有 ${more} 条`);
  lines.push("", ...summary(report, timeZone));
  lines.push(...remarkLines(outcome.remarks));
  return lines.join("\n");
}

function heading({ source, revision, from, to, readings, seconds }: Outcome, timeZone: string): string {
  const rate = seconds > 0 ? Math.round(readings / seconds) : 0;
  const span = Number.isNaN(from)
    ? "nothing in it · 无数据"
    : `${stamp(from, timeZone)} … ${stamp(to, timeZone)}`;
  return `replay 回放 ${source} (revision ${revision}): ${span}, ${readings} readings in ${seconds.toFixed(1)} s (${rate}/s)`;
}

/** Alarms as a table; `end`: those that still stand have lasted until then. */
export function alarmTable(
  episodes: readonly Episode[],
  { timeZone, end }: { timeZone: string; end: Micros },
): string {
  const rows = episodes.map((episode) => [
    stamp(episode.raised, timeZone),
    SEVERITY_TEXT[episode.severity].zh,
    episode.severity,
    episode.rule,
    episode.subject,
    lasting(episode, end),
  ]);
  return alignColumns([
    ["raised 起始", "级别", "severity", "rule 规则", "subject 对象", "lasted 持续"],
    ...rows,
  ]);
}

function summary({ outcome, counts, standing, floods, chatter }: Report, timeZone: string): string[] {
  const lines: string[] = [];
  for (const [kind, bySeverity] of Object.entries(counts)) {
    const parts = SEVERITIES.toReversed().flatMap((severity) =>
      bySeverity[severity] === undefined ? [] : [`${severity} ${bySeverity[severity]}`],
    );
    lines.push(`${kind}: ${parts.join(", ")}`);
  }
  if (outcome.episodes.length === 0) lines.push("no alarm · 无告警");
  lines.push(`still standing at the end 结束时未恢复: ${standing}`);
  for (const { from, to, alarms, peak } of floods) {
    lines.push(
      `flood 告警泛滥: ${stamp(from, timeZone)} … ${stamp(to, timeZone)}, ${alarms} alarms, ${peak} within 10 min`,
    );
  }
  for (const { rule, subject, from, alarms } of chatter) {
    lines.push(`chatters 频繁抖动: ${rule} ${subject}, ${alarms} times, first ${stamp(from, timeZone)}`);
  }
  if (outcome.historical > 0) lines.push(`found in late data 迟到数据中的越限: ${outcome.historical}`);
  if (outcome.unwatched > 0) {
    lines.push(
      `not in the recording 记录中没有: ${outcome.unwatched} channels; their silence was not watched · 不判其中断`,
    );
  }
  if (outcome.sameAsLive !== undefined) {
    lines.push(`as they were published live 与实时一致: ${outcome.sameAsLive} events`);
  }
  return lines;
}

/** What was left out, with examples. */
export function remarkLines(remarks: readonly Remark[]): string[] {
  return remarks
    .filter(({ count }) => count > 0)
    .flatMap(({ kind, count, examples }) => [
      `note: ${count} ${kind}`,
      ...examples.slice(0, 3).map((example) => `      ${example}`),
    ]);
}
