import { SEVERITIES, SEVERITY_TEXT, type Severity } from "../../model/severity.ts";
import type { Text } from "../../model/text.ts";
import { CASE_CAUSES } from "../../rules/cases/settings.ts";
import { CATALOGUE, isMessageKey, type MessageKey } from "../messages/catalogue.ts";
import { eachLanguage, formatSpan, say } from "../messages/format.ts";
import type { Comparison } from "./collect.ts";
import type { Measures } from "./measures.ts";

/** How a figure is written. */
export type FigureUnit = "count" | "rate" | "share" | "duration";

/** One measure of the period beside the one of the period before. */
export interface ReportRow {
  readonly section: MessageKey;
  /** For scripts. */
  readonly key: string;
  readonly label: Text;
  readonly unit: FigureUnit;
  /** Durations in µs, shares from 0 to 1; null: nothing to measure. */
  readonly current: number | null;
  readonly previous: number | null;
  /** What ISA-18.2-2016 16.4, Tables 5 and 6, asks for. */
  readonly target?: Text;
}

/** A target that needs no words. */
type Bound = "≤ 150" | "≤ 10" | "< 1 %" | "≤ 5 %" | "0" | "< 5";

/** How annunciations should be split over severities (the highest of four below 1 %). */
const SPLIT: Readonly<Record<Severity, string>> = {
  blue: "80 %",
  yellow: "15 %",
  orange: "5 %",
  red: "< 1 %",
};

type Figure = (measures: Measures) => number | null;

/** Measures in the order in which a report gives them. */
const FIGURES: readonly (readonly [
  section: MessageKey,
  key: MessageKey,
  unit: FigureUnit,
  of: Figure,
  target?: MessageKey | Bound,
])[] = [
  ["report.section.load", "report.total", "count", ({ rate }) => rate.total],
  // The figure of ISA-18.2-2009; the edition of 2016 gives none a day.
  ["report.section.load", "report.per-day", "rate", ({ rate }) => rate.perDay, "≤ 150"],
  ["report.section.load", "report.per-hour", "rate", ({ rate }) => rate.perHour, "report.target.hour"],
  [
    "report.section.load",
    "report.per-interval",
    "rate",
    ({ rate }) => rate.perInterval,
    "report.target.acceptable",
  ],
  ["report.section.load", "report.peak", "count", ({ rate }) => rate.peak, "≤ 10"],
  ["report.section.load", "report.overloaded", "share", ({ rate }) => rate.overloaded, "< 1 %"],
  ["report.section.load", "report.floods", "count", ({ rate }) => rate.floods.length],
  ["report.section.load", "report.in-flood", "share", ({ rate }) => rate.inFlood, "< 1 %"],
  [
    "report.section.quality",
    "report.top-share",
    "share",
    ({ topShare, rate }) => (rate.total === 0 ? null : topShare),
    "≤ 5 %",
  ],
  [
    "report.section.quality",
    "report.chattering",
    "count",
    ({ restless }) => restless.filter(({ episodes }) => episodes > 0).length,
    "0",
  ],
  [
    "report.section.quality",
    "report.fleeting",
    "count",
    ({ restless }) => restless.reduce((sum, { fleeting }) => sum + fleeting, 0),
    "0",
  ],
  ["report.section.quality", "report.stale", "count", ({ stale }) => stale.mostInADay, "< 5"],
  ["report.section.response", "report.acknowledged", "count", ({ toAcknowledge }) => toAcknowledge.count],
  ["report.section.response", "report.ack-median", "duration", ({ toAcknowledge }) => toAcknowledge.median],
  ["report.section.response", "report.ack-p90", "duration", ({ toAcknowledge }) => toAcknowledge.p90],
  ["report.section.response", "report.ack-max", "duration", ({ toAcknowledge }) => toAcknowledge.max],
  ["report.section.response", "report.unacknowledged", "count", ({ unacknowledged }) => unacknowledged, "0"],
  ["report.section.response", "report.active-median", "duration", ({ active }) => active.median],
  ["report.section.response", "report.active-max", "duration", ({ active }) => active.max],
  ["report.section.cases", "report.cases", "count", ({ cases }) => cases.opened],
  ["report.section.cases", "report.disposal", "share", ({ cases }) => finite(cases.disposalRate)],
  ["report.section.cases", "report.open", "count", ({ cases }) => cases.open],
  [
    "report.section.cases",
    "report.respond-median",
    "duration",
    ({ cases }) => finite(cases.took.respond.median),
  ],
  [
    "report.section.cases",
    "report.respond-ninth",
    "duration",
    ({ cases }) => finite(cases.took.respond.ninth),
  ],
  ["report.section.cases", "report.close-median", "duration", ({ cases }) => finite(cases.took.close.median)],
  ["report.section.cases", "report.close-ninth", "duration", ({ cases }) => finite(cases.took.close.ninth)],
  [
    "report.section.cases",
    "report.overdue-acknowledge",
    "count",
    ({ cases }) => cases.overrun.acknowledge,
    "0",
  ],
  ["report.section.cases", "report.overdue-respond", "count", ({ cases }) => cases.overrun.respond, "0"],
  ["report.section.cases", "report.overdue-close", "count", ({ cases }) => cases.overrun.close, "0"],
  ["report.section.silence", "report.shelved", "count", ({ silenced }) => silenced.shelved],
  ["report.section.silence", "report.suppressed", "count", ({ silenced }) => silenced.suppressed],
  ["report.section.silence", "report.out-of-service", "count", ({ silenced }) => silenced["out-of-service"]],
  ["report.section.silence", "report.other-modes", "count", ({ otherModes }) => otherModes],
  ["report.section.silence", "report.historical", "count", ({ historical }) => historical],
  [
    "report.section.monitoring",
    "report.lost-subjects",
    "count",
    ({ monitoringLost }) => monitoringLost.length,
  ],
  [
    "report.section.monitoring",
    "report.lost-total",
    "duration",
    ({ monitoringLost }) => monitoringLost.reduce((sum, { time }) => sum + time, 0),
  ],
];

/** The measures of a comparison as rows of a table. */
export function reportRows({ current, previous, oldest }: Comparison): ReportRow[] {
  // What lies before the log is unknown, not quiet.
  const known = oldest !== null && oldest < current.period.from;
  const rows = FIGURES.map(
    ([section, key, unit, of, target]): ReportRow => ({
      section,
      key: key.slice("report.".length),
      label: CATALOGUE[key],
      unit,
      current: of(current),
      previous: known ? of(previous) : null,
      ...(target === undefined
        ? {}
        : { target: isMessageKey(target) ? CATALOGUE[target] : eachLanguage(() => target) }),
    }),
  );
  const severities = SEVERITIES.map((severity): ReportRow => {
    const share: Figure = ({ bySeverity, rate }) =>
      rate.total === 0 ? null : bySeverity[severity] / rate.total;
    return {
      section: "report.section.severity",
      key: `severity.${severity}`,
      label: SEVERITY_TEXT[severity],
      unit: "share",
      current: share(current),
      previous: known ? share(previous) : null,
      target:
        severity === "red"
          ? eachLanguage(() => SPLIT.red)
          : say("report.target.about", { share: SPLIT[severity] }),
    };
  });
  const causes = CASE_CAUSES.map(
    (cause): ReportRow => ({
      section: "report.section.cases",
      key: `cause.${cause}`,
      label: say("report.cause", { cause: CATALOGUE[`cause.${cause}`] }),
      unit: "count",
      current: current.cases.causes[cause],
      previous: known ? previous.cases.causes[cause] : null,
    }),
  );
  const before = (section: MessageKey) => rows.findIndex((row) => row.section === section);
  const [response, silence] = [before("report.section.response"), before("report.section.silence")];
  return [
    ...rows.slice(0, response),
    ...severities,
    ...rows.slice(response, silence),
    ...causes,
    ...rows.slice(silence),
  ];
}

/** A figure for people; `—` where there was nothing to measure. */
export function formatFigure(value: number | null, unit: FigureUnit): Text {
  if (value === null) return eachLanguage(() => "—");
  switch (unit) {
    case "count":
      return eachLanguage(() => String(value));
    case "rate":
      return eachLanguage(() => (value >= 10 ? value.toFixed(0) : value.toFixed(2)));
    case "share":
      return eachLanguage(() => `${(value * 100).toFixed(1)} %`);
    case "duration":
      return value === 0 ? eachLanguage(() => "0") : formatSpan(value);
  }
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
