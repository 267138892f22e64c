import { describe, expect, test } from "vitest";
import { rank, SEVERITIES, type Severity } from "../../model/severity.ts";
import { page } from "../docs/pages.ts";
import { missingDataset } from "../servers/datasets.ts";
import { figures, withFigures } from "./real-data/figures.ts";
import { FIRES } from "./real-data/fires.ts";
import { QUIET } from "./real-data/quiet-river.ts";
import { RAIN, rain } from "./real-data/rain.ts";
import { RIVERS, rivers } from "./real-data/rivers.ts";
import { rowsOf } from "./real-data/rows.ts";

test.skipIf([FIRES, QUIET, RAIN, RIVERS].some(missingDataset))(
  "the figures of docs/real-data.md are those of the data (node test/replay/real-data/write.ts)",
  () => {
    const { text } = page("docs/real-data.md");
    expect(withFigures(text, figures())).toBe(text);
    const places = Array.from(text.matchAll(/<!-- ([a-z-]+) -->/g), ([, name]) => name).filter(
      (name) => name !== "end",
    );
    expect(places.sort()).toEqual([...figures().keys()].sort());
  },
);

describe.skipIf(missingDataset(RAIN))("Mukilteo", () => {
  test("the published 3-day/15-day threshold: the days beyond it, 4 of the 11 days with landslides among them", () => {
    const { active, slides, counted } = rain();
    expect(slides).toHaveLength(11);
    expect(slides.filter((date) => active.has(date))).toHaveLength(4);
    // The figure of 30 days counts 72 and 360 records. In 15 places hours are missing from the file, so that 360 records reach
    // back further than 15 days; a window is a span of time (semantics 16), and of the 30 days one is not beyond it.
    expect(counted.size).toBe(30);
    expect([...counted].filter((date) => !active.has(date))).toEqual(["2011-03-28"]);
    expect([...active].filter((date) => !counted.has(date))).toEqual([]);
  });
});

describe.skipIf(missingDataset(RIVERS))("39 Sri Lankan rivers, November 2025", () => {
  test("without delay, every station crosses every limit first when the published table says so", () => {
    const found = new Map(rivers({ offDelay: "0s" }).rivers.map((river) => [river.station, river.first]));
    const reached: Partial<Record<Severity, number>> = {};
    for (const row of rowsOf(RIVERS, "first_crossings.csv")) {
      const first = found.get(row.station!) ?? {};
      const told = (severity: Severity) => {
        const time = first[severity];
        return time === undefined ? "" : new Date(time / 1_000).toISOString().replace(".000", "");
      };
      expect([row.station, told("yellow"), told("orange"), told("red")]).toEqual([
        row.station,
        row.first_alert_utc,
        row.first_minor_utc,
        row.first_major_utc,
      ]);
      for (const severity of SEVERITIES)
        if (first[severity] !== undefined) reached[severity] = (reached[severity] ?? 0) + 1;
    }
    expect([reached.yellow, reached.orange, reached.red]).toEqual([36, 30, 20]);
  });

  test("every step down is told: no alarm falls by more than one grade without saying so", () => {
    const { events } = rivers({ offDelay: "0s" });
    const state = new Map<string, Severity>();
    for (const { subject, rule, transition, severity, severityBefore } of events) {
      if (transition === "downgrade") {
        expect(severityBefore).toBe(state.get(`${rule} ${subject}`));
        expect(rank(severity)).toBeLessThan(rank(severityBefore!));
      }
      state.set(`${rule} ${subject}`, severity);
    }
    expect(events.filter(({ transition }) => transition === "downgrade").length).toBeGreaterThan(20);
  });
});
