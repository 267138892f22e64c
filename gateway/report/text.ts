import type { Language, Text } from "../../model/text.ts";
import { CATALOGUE, type MessageKey } from "../messages/catalogue.ts";
import { formatLocal, say } from "../messages/format.ts";
import type { Comparison } from "./collect.ts";
import type { RuleName } from "./names.ts";
import { formatFigure, reportRows } from "./rows.ts";

/** What a report says besides its figures. */
export interface ReportHeading {
  readonly site: Text;
  readonly timeZone: string;
  readonly language: Language;
  readonly ruleName: RuleName;
}

/** A part of the report: a title and lines of cells; the first line may hold the titles of columns. */
export interface TextSection {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** Width of the longest bar, in characters. */
const BAR = 24;
const BLOCKS = "▁▂▃▄▅▆▇█";
/** Days in one line of the small chart. */
const DAYS_IN_LINE = 60;
/** Subjects of lost monitoring that are named. */
const LOST_NAMED = 10;

/** The title and its sub-title: what, and from when to when. */
export function reportTitle({ current }: Comparison, { site, timeZone, language }: ReportHeading): string[] {
  const { from, to } = current.period;
  return [
    say("report.title", { site })[language],
    `${formatLocal(from, timeZone)[language]} – ${formatLocal(to, timeZone)[language]} (${timeZone})`,
  ];
}

/** What a reader must know before believing the figures. */
export function reportRemarks(
  { oldest, current }: Comparison,
  { timeZone, language }: ReportHeading,
): string[] {
  if (oldest === null) return [CATALOGUE["report.empty"][language]];
  if (oldest <= current.period.from) return [];
  return [say("report.unknown-before", { time: formatLocal(oldest, timeZone) })[language]];
}

/** The whole report as tables of text, to be aligned by whoever shows them. */
export function reportSections(comparison: Comparison, heading: ReportHeading): TextSection[] {
  const { language, ruleName } = heading;
  const { current } = comparison;
  const word = (key: MessageKey) => CATALOGUE[key][language];
  const sections: TextSection[] = [];
  for (const row of reportRows(comparison)) {
    let section = sections.find(({ title }) => title === word(row.section)) as
      | { title: string; rows: string[][] }
      | undefined;
    if (section === undefined) {
      section = {
        title: word(row.section),
        rows: [["", word("report.current"), word("report.previous"), word("report.target")]],
      };
      sections.push(section);
    }
    const figure = (value: number | null) => formatFigure(value, row.unit)[language];
    section.rows.push([
      row.label[language],
      figure(row.current),
      figure(row.previous),
      row.target?.[language] ?? "",
    ]);
  }
  if (current.top.length > 0) {
    const most = current.top[0]!.count;
    sections.push({
      title: word("report.section.top"),
      rows: current.top.map(({ rule, subject, count, share }) => [
        String(count),
        formatFigure(share, "share")[language],
        "█".repeat(Math.max(1, Math.round((count / most) * BAR))),
        `${ruleName(rule)[language]}  ${subject}`,
      ]),
    });
  }
  if (current.monitoringLost.length > 0) {
    sections.push({
      title: word("report.section.lost"),
      rows: current.monitoringLost
        .slice(0, LOST_NAMED)
        .map(({ subject, time }) => [formatFigure(time, "duration")[language], subject]),
    });
  }
  sections.push({
    title: word("report.section.days"),
    rows: dayChart(current.rate.days).map((line) => [line]),
  });
  return sections;
}

/** A line of blocks, one a day. */
function dayChart(days: readonly number[]): string[] {
  const most = Math.max(1, ...days);
  const lines: string[] = [];
  for (let i = 0; i < days.length; i += DAYS_IN_LINE) {
    lines.push(
      days
        .slice(i, i + DAYS_IN_LINE)
        .map((count) => (count === 0 ? "·" : BLOCKS[Math.ceil((count / most) * BLOCKS.length) - 1]))
        .join(""),
    );
  }
  return [...lines, `0–${most}`];
}
