import { SECOND } from "../../model/time.ts";
import type { Comparison } from "./collect.ts";
import { reportRows } from "./rows.ts";

/** The measures as CSV (RFC 4180): section, measure, unit, period, before. Durations in seconds, shares from 0 to 1. */
export function reportCsv(comparison: Comparison): string {
  const lines = ["section,measure,unit,period,before"];
  for (const { section, key, unit, current, previous } of reportRows(comparison)) {
    const figure = (value: number | null) =>
      value === null ? "" : String(unit === "duration" ? value / SECOND : value);
    const written = unit === "duration" ? "s" : unit === "share" ? "1" : unit;
    lines.push(
      [section.slice("report.section.".length), key, written, figure(current), figure(previous)].join(","),
    );
  }
  for (const { rule, subject, count } of comparison.current.top) {
    lines.push(["top", `${rule} ${subject}`, "count", String(count), ""].join(","));
  }
  for (const { subject, time } of comparison.current.monitoringLost) {
    lines.push(["lost", subject, "s", String(time / SECOND), ""].join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}
