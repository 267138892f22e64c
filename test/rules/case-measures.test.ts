import { expect, test } from "vitest";
import { MINUTE } from "../../model/time.ts";
import { CaseCount, type CasePeriod } from "../../rules/cases/measures.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmEvent } from "../journal/journal-fixture.ts";

/** Events of a case opened at minute `opened`, each at its minute. */
function story(
  number: number,
  opened: number,
  steps: readonly [minute: number, fields: Partial<AlarmEvent>][],
) {
  const raise = alarmEvent(number, {
    case: number,
    time: opened * MINUTE,
    highest: "yellow",
    occurrence: number,
  });
  return [
    raise,
    ...steps.map(([minute, fields], i) =>
      alarmEvent(number + 1 + i, {
        case: number,
        occurrence: number,
        highest: "yellow",
        time: minute * MINUTE,
        ...fields,
      }),
    ),
  ];
}

const EVENTS = [
  // Before the period: does not count, whatever happens to it within.
  ...story(1, 0, [[70, { transition: "acknowledge" }]]),
  ...story(100, 60, [
    [62, { transition: "acknowledge" }],
    [65, { transition: "acknowledge" }],
    [70, { transition: "respond" }],
    [80, { transition: "raise", occurrence: 105, highest: "red" }],
    [90, { transition: "close", cause: "real" }],
  ]),
  ...story(200, 60, [
    [76, { transition: "overrun", overdue: "acknowledge" }],
    [86, { transition: "overrun", overdue: "acknowledge" }],
    [88, { transition: "acknowledge" }],
    [130, { transition: "close", cause: "false" }],
  ]),
  ...story(300, 61, [
    [63, { transition: "acknowledge" }],
    [110, { transition: "close", cause: "false" }],
  ]),
  ...story(400, 62, []).map((event) => ({ ...event, mode: "exercise" as const })),
];

function measure(period: CasePeriod) {
  const count = new CaseCount(period);
  for (const event of EVENTS) count.add(event);
  return count.result();
}

test("cases opened within a period, with what became of them before its end", () => {
  const report = measure({ from: 60 * MINUTE, to: 120 * MINUTE, mode: "live" });
  expect(report).toMatchObject({
    opened: 3,
    closed: 2,
    open: 1,
    disposalRate: 2 / 3,
    overrun: { acknowledge: 1, respond: 0, close: 0 },
    causes: { real: 1, false: 1, test: 0, maintenance: 0, duplicate: 0, unknown: 0 },
    occurrences: 4,
  });
  expect(report.took.acknowledge).toEqual({
    count: 3,
    mean: (32 / 3) * MINUTE,
    median: 2 * MINUTE,
    ninth: 28 * MINUTE,
    longest: 28 * MINUTE,
  });
  expect(report.took.respond).toMatchObject({ count: 1, median: 10 * MINUTE });
  expect(report.took.close).toMatchObject({ count: 2, median: 30 * MINUTE, longest: 49 * MINUTE });
  expect(report.bySeverity.red).toMatchObject({ opened: 1, disposalRate: 1 });
  expect(report.bySeverity.yellow).toMatchObject({ opened: 2, closed: 1 });
  expect(report.bySeverity.blue.disposalRate).toBeNaN();
});

test("exercises count unless only what is live is asked for", () => {
  expect(measure({ from: 60 * MINUTE, to: 120 * MINUTE }).opened).toBe(4);
});
