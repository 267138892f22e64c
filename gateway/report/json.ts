import { z } from "zod";
import { MODES, type Mode } from "../../model/domain.ts";
import { ALARM_CLASSES, SEVERITIES } from "../../model/severity.ts";
import { formatInstant, type Micros, SECOND } from "../../model/time.ts";
import type { CaseMeasures, Spans } from "../../rules/cases/measures.ts";
import { CASE_CAUSES } from "../../rules/cases/settings.ts";
import { publishedSchema } from "../messages/published-schema.ts";
import type { Comparison } from "./collect.ts";
import type { Measures } from "./measures.ts";
import type { SpreadView } from "./spread.ts";

const instant = z.iso.datetime();
const share = z.number().min(0).meta({ description: "From 0 to 1." });
const count = z.int().min(0);
const seconds = z.number().min(0).meta({ description: "Seconds." });
const bySeverity = z.strictObject({ blue: count, yellow: count, orange: count, red: count });
const spread = z
  .strictObject({ count, median: seconds.nullable(), p90: seconds.nullable(), max: seconds.nullable() })
  .meta({ description: "Quantiles within 1 %, the maximum exact; null: there was none. Seconds." });

const spans = z.strictObject({
  count,
  mean: seconds.nullable(),
  median: seconds.nullable(),
  ninth: seconds.nullable().meta({ description: "Nine of ten took no longer." }),
  longest: seconds.nullable(),
});
const casesShape = {
  opened: count,
  closed: count,
  open: count,
  disposalRate: share.nullable().meta({ description: "Closed of those opened; null: none was opened." }),
  occurrences: count,
  took: z.strictObject({ acknowledge: spans, respond: spans, close: spans }),
  overrun: z.strictObject({ acknowledge: count, respond: count, close: count }),
  causes: z.strictObject(Object.fromEntries(CASE_CAUSES.map((one) => [one, count]))),
};
const casesSchema = z
  .strictObject({
    ...casesShape,
    bySeverity: z.strictObject(
      Object.fromEntries(SEVERITIES.map((one) => [one, z.strictObject(casesShape)])),
    ),
  })
  .meta({ description: "The closed loop: cases opened in the period, as far as its end." });

const measuresSchema = z.strictObject({
  from: instant.meta({ description: "Beginning, included." }),
  to: instant.meta({ description: "End, not included." }),
  annunciations: count.meta({
    description:
      "Alarms that began to call for somebody: live, not silenced, unacknowledged (ISA-18.2 16.4).",
  }),
  perDay: z.number(),
  perHour: z.number(),
  perTenMinutes: z.number(),
  peakTenMinutes: count,
  overloaded: share.meta({ description: "Share of ten-minute intervals with more than ten annunciations." }),
  floods: z
    .array(z.strictObject({ from: instant, to: instant, annunciations: count, peak: count }))
    .meta({ description: "From an interval with more than ten to one with fewer than five." }),
  inFlood: share,
  days: z.array(count).meta({ description: "Annunciations by day from `from`." }),
  bySeverity,
  byClass: z.strictObject(Object.fromEntries(ALARM_CLASSES.map((one) => [one, count]))),
  byDomain: z.record(z.string(), bySeverity),
  byPoint: z.record(z.string(), bySeverity),
  top: z.array(z.strictObject({ rule: z.string(), subject: z.string(), count, share })),
  topShare: share,
  restless: z.array(z.strictObject({ alarm: z.string(), chattering: count, fleeting: count })).meta({
    description: "`rule subject`; chattering: three raises within a minute; fleeting: under ten seconds.",
  }),
  stale: z.strictObject({
    mostInADay: count,
    alarms: z.array(z.strictObject({ alarm: z.string(), active: seconds })),
  }),
  toAcknowledge: spread,
  toAcknowledgeBySeverity: z.strictObject(Object.fromEntries(SEVERITIES.map((one) => [one, spread]))),
  unacknowledged: count,
  active: spread,
  silenced: z.strictObject({ shelved: count, suppressed: count, "out-of-service": count }),
  actions: z.record(z.string(), count),
  otherModes: count.meta({ description: "Occurrences in other modes, which count nowhere else." }),
  historical: count,
  cases: casesSchema,
  monitoringLost: z.array(z.strictObject({ subject: z.string(), time: seconds })),
});

/** What `tocsin report --json` and `/api/report` give. */
export const reportSchema = z
  .strictObject({
    format: z.literal("tocsin.report.1"),
    site: z.string(),
    timeZone: z.string(),
    mode: z.enum(MODES).meta({ description: "Alarms of this mode are measured." }),
    oldest: instant
      .nullable()
      .meta({ description: "Oldest event of the alarm log; what was before is unknown." }),
    current: measuresSchema,
    previous: measuresSchema.meta({ description: "The period of the same length before." }),
  })
  .meta({ title: "report", description: "Measures of alarms over a period and the one before it." });
export type ReportJson = z.output<typeof reportSchema>;

/** The published JSON Schema (2020-12) of a report. */
export function reportDocument(): string {
  return `${JSON.stringify(publishedSchema(reportSchema), undefined, 2)}\n`;
}

/** A comparison as JSON: instants as RFC 3339, durations in seconds. */
export function reportJson(
  comparison: Comparison,
  of: { site: string; timeZone: string; mode: Mode },
): ReportJson {
  const { current, previous, oldest } = comparison;
  return {
    format: "tocsin.report.1",
    ...of,
    oldest: oldest === null ? null : formatInstant(oldest),
    current: measuresJson(current),
    previous: measuresJson(previous),
  };
}

function measuresJson(measures: Measures): ReportJson["current"] {
  const { period, rate, restless, stale, monitoringLost } = measures;
  const { bySeverity, byClass, byDomain, byPoint, top, topShare } = measures;
  const { unacknowledged, silenced, actions, otherModes, historical } = measures;
  return {
    from: formatInstant(period.from),
    to: formatInstant(period.to),
    annunciations: rate.total,
    perDay: rate.perDay,
    perHour: rate.perHour,
    perTenMinutes: rate.perInterval,
    peakTenMinutes: rate.peak,
    overloaded: rate.overloaded,
    floods: rate.floods.map((flood) => ({
      ...flood,
      from: formatInstant(flood.from),
      to: formatInstant(flood.to),
    })),
    inFlood: rate.inFlood,
    days: [...rate.days],
    ...{ bySeverity, byClass, byDomain, byPoint, topShare },
    top: top.map(({ rule, subject, count, share }) => ({ rule, subject, count, share })),
    restless: restless.map(({ alarm, episodes, fleeting }) => ({ alarm, chattering: episodes, fleeting })),
    stale: {
      mostInADay: stale.mostInADay,
      alarms: stale.alarms.map(({ alarm, active }) => ({ alarm, active: active / SECOND })),
    },
    toAcknowledge: spreadJson(measures.toAcknowledge),
    toAcknowledgeBySeverity: Object.fromEntries(
      SEVERITIES.map((severity) => [severity, spreadJson(measures.toAcknowledgeBySeverity[severity])]),
    ),
    active: spreadJson(measures.active),
    ...{ unacknowledged, silenced: { ...silenced }, actions: { ...actions }, otherModes, historical },
    cases: {
      ...casesJson(measures.cases),
      bySeverity: Object.fromEntries(
        SEVERITIES.map((severity) => [severity, casesJson(measures.cases.bySeverity[severity])]),
      ),
    },
    monitoringLost: monitoringLost.map(({ subject, time }) => ({ subject, time: time / SECOND })),
  };
}

function casesJson({ opened, closed, open, disposalRate, occurrences, took, overrun, causes }: CaseMeasures) {
  return {
    ...{ opened, closed, open, occurrences },
    disposalRate: finite(disposalRate),
    took: {
      acknowledge: spansJson(took.acknowledge),
      respond: spansJson(took.respond),
      close: spansJson(took.close),
    },
    overrun: { ...overrun },
    causes: { ...causes },
  };
}

function spansJson({ count, mean, median, ninth, longest }: Spans) {
  const inSeconds = (time: Micros) => finite(time / SECOND);
  return {
    count,
    mean: inSeconds(mean),
    median: inSeconds(median),
    ninth: inSeconds(ninth),
    longest: inSeconds(longest),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function spreadJson({ count, median, p90, max }: SpreadView) {
  const inSeconds = (time: Micros | null) => (time === null ? null : time / SECOND);
  return { count, median: inSeconds(median), p90: inSeconds(p90), max: inSeconds(max) };
}
