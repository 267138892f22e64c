import { SEVERITIES, SEVERITY_TEXT } from "../../model/severity.ts";
import { DAY } from "../../model/time.ts";
import { CATALOGUE } from "../messages/catalogue.ts";
import { formatLocal } from "../messages/format.ts";
import { bars } from "../page/bars.ts";
import { html, type Markup, page, SEVERITY_COLOUR } from "../page/html.ts";
import type { Comparison } from "./collect.ts";
import { formatFigure, reportRows } from "./rows.ts";
import { type ReportHeading, reportRemarks, reportTitle } from "./text.ts";

/** Words below the chart of days. */
const MOST_TICKS = 10;
const PLAIN = "#4a7ba6";

/** The report as one page of HTML that needs nothing else. */
export function reportPage(comparison: Comparison, heading: ReportHeading): string {
  const { language } = heading;
  const [title, span] = reportTitle(comparison, heading);
  return page({ title: title ?? "", language }, [
    html`<h1>${title ?? ""}</h1><p class="sub">${span ?? ""}</p>`,
    ...reportRemarks(comparison, heading).map((remark) => html`<p class="remark">${remark}</p>`),
    days(comparison, heading),
    ...figures(comparison, heading),
    top(comparison, heading),
    places(comparison, heading),
    lost(comparison, heading),
  ]);
}

function days({ current }: Comparison, { timeZone, language }: ReportHeading): Markup {
  const { days } = current.rate;
  const label = (day: number) => {
    const local = formatLocal(current.period.from + day * DAY, timeZone)[language];
    return language === "zh" ? local.replace(/日.*$/, "日") : local.replace(/ \d\d:.*$/, "");
  };
  const every = Math.ceil(days.length / MOST_TICKS);
  const ticks = new Map(days.flatMap((_, day) => (day % every === 0 ? [[day, label(day)]] : [])));
  const drawn = days.map((value, day) => ({
    title: `${label(day)}: ${value}`,
    parts: [{ value, colour: PLAIN }],
  }));
  return html`<h2>${CATALOGUE["report.section.days"][language]}</h2>${bars(drawn, ticks)}`;
}

function figures(comparison: Comparison, { language }: ReportHeading): Markup[] {
  const rows = reportRows(comparison);
  const sections = [...new Set(rows.map(({ section }) => section))];
  const [current, previous, target] = (["report.current", "report.previous", "report.target"] as const).map(
    (key) => CATALOGUE[key][language],
  );
  return sections.map((section) => {
    const lines = rows
      .filter((row) => row.section === section)
      .map((row) => {
        const [now, before] = [row.current, row.previous].map(
          (value) => formatFigure(value, row.unit)[language],
        );
        return html`<tr><td>${row.label[language]}</td><td class="number">${now!}</td><td class="number">${before!}</td><td>${row.target?.[language] ?? ""}</td></tr>`;
      });
    return html`<h2>${CATALOGUE[section][language]}</h2><table><tr><th></th><th class="number">${current!}</th><th class="number">${previous!}</th><th>${target!}</th></tr>${lines}</table>`;
  });
}

function top({ current }: Comparison, { language, ruleName }: ReportHeading): Markup {
  if (current.top.length === 0) return html``;
  const lines = current.top.map(
    ({ rule, subject, count, share }) =>
      html`<tr><td class="number">${count}</td><td class="number">${formatFigure(share, "share")[language]}</td><td>${ruleName(rule)[language]}</td><td>${subject}</td></tr>`,
  );
  return html`<h2>${CATALOGUE["report.section.top"][language]}</h2><table>${lines}</table>`;
}

function places({ current }: Comparison, { language }: ReportHeading): Markup {
  const points = Object.entries(current.byPoint);
  if (points.length === 0) return html``;
  const total = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((sum, n) => sum + n, 0);
  points.sort(([, a], [, b]) => total(b) - total(a));
  const head = SEVERITIES.map(
    (severity) =>
      html`<th class="number" style="color: ${SEVERITY_COLOUR[severity]}">${SEVERITY_TEXT[severity][language]}</th>`,
  );
  const lines = points.map(([point, counts]) => {
    const cells = SEVERITIES.map((severity) => html`<td class="number">${counts[severity]}</td>`);
    return html`<tr><td>${point}</td>${cells}</tr>`;
  });
  return html`<h2>${CATALOGUE["report.section.points"][language]}</h2><table><tr><th></th>${head}</tr>${lines}</table>`;
}

function lost({ current }: Comparison, { language }: ReportHeading): Markup {
  if (current.monitoringLost.length === 0) return html``;
  const lines = current.monitoringLost.map(
    ({ subject, time }) =>
      html`<tr><td>${subject}</td><td class="number">${formatFigure(time, "duration")[language]}</td></tr>`,
  );
  return html`<h2>${CATALOGUE["report.section.lost"][language]}</h2><table>${lines}</table>`;
}
