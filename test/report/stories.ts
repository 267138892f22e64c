import fc from "fast-check";
import { SEVERITIES, type Severity } from "../../model/severity.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmEvent } from "../journal/journal-fixture.ts";

/** One activation of an alarm: raised, perhaps acknowledged while active, returned unless it still stands. */
export interface Activation {
  readonly raised: Micros;
  readonly acknowledged?: Micros;
  readonly returned?: Micros;
  readonly severity: Severity;
}

/** An alarm and its activations, one after the other. */
export interface Story {
  readonly rule: string;
  readonly subject: string;
  readonly activations: readonly Activation[];
}

/** The events of stories as an engine numbers them: by time. What was not acknowledged while active is so at its return. */
export function eventsOf(stories: readonly Story[], base: Partial<AlarmEvent> = {}): AlarmEvent[] {
  const events: Partial<AlarmEvent>[] = [];
  let occurrence = 0;
  for (const { rule, subject, activations } of stories) {
    for (const { raised, acknowledged, returned, severity } of activations) {
      const common = {
        ...base,
        rule,
        subject,
        severity,
        highest: severity,
        occurrence: ++occurrence,
        since: raised,
      };
      events.push({ ...common, time: raised, transition: "raise", from: "normal", to: "unacknowledged" });
      if (acknowledged !== undefined) {
        events.push({
          ...common,
          time: acknowledged,
          transition: "acknowledge",
          from: "unacknowledged",
          to: "acknowledged",
        });
      }
      if (returned === undefined) continue;
      const from = acknowledged === undefined ? "unacknowledged" : "acknowledged";
      const to = acknowledged === undefined ? "returned" : "normal";
      events.push({ ...common, time: returned, transition: "return", from, to });
      if (acknowledged !== undefined) continue;
      const after = {
        ...common,
        time: returned,
        transition: "acknowledge",
        from: "returned",
        to: "normal",
      } as const;
      events.push(after);
    }
  }
  const order = events.map((event, index) => ({ event, index }));
  order.sort((a, b) => a.event.time! - b.event.time! || a.index - b.index);
  return order.map(({ event }, index) => alarmEvent(index + 1, event));
}

/** Stories of some alarms within `span` from 0. */
export function storiesWithin(span: Micros): fc.Arbitrary<Story[]> {
  const step = fc.record({
    pause: fc.integer({ min: 1, max: Math.floor(span / SECOND / 4) }),
    active: fc.integer({ min: 1, max: Math.floor(span / SECOND / 4) }),
    acknowledged: fc.option(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { nil: undefined }),
    severity: fc.constantFrom(...SEVERITIES.filter((severity) => severity !== "blue")),
  });
  const story = fc.array(step, { maxLength: 12 }).map((steps) => {
    let now = 0;
    return steps.map(({ pause, active, acknowledged, severity }): Activation => {
      const raised = now + pause * SECOND;
      now = raised + active * SECOND;
      const seen =
        acknowledged === undefined
          ? {}
          : { acknowledged: raised + Math.ceil(active * SECOND * acknowledged) };
      return { raised, ...seen, returned: now, severity };
    });
  });
  return fc
    .array(story, { minLength: 1, maxLength: 6 })
    .map((all) => all.map((activations, i) => ({ rule: "gas", subject: `gd-${i}.lel`, activations })));
}
