import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { collect } from "../../gateway/report/collect.ts";
import { AlarmMeasures, type Measures } from "../../gateway/report/measures.ts";
import type { Period } from "../../gateway/report/period.ts";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmEvent } from "../journal/journal-fixture.ts";
import { type Activation, eventsOf, type Story, storiesWithin } from "./stories.ts";

function measure(events: readonly AlarmEvent[], period: Period): Measures {
  const measures = new AlarmMeasures(period);
  for (const event of events) measures.add(event);
  return measures.result();
}

function storyOf(subject: string, activations: readonly Partial<Activation>[]): Story {
  return {
    rule: "gas",
    subject,
    activations: activations.map((one) => ({ raised: 0, severity: "yellow", ...one })),
  };
}

describe("measures of a period, against a count by hand", () => {
  const span = 6 * HOUR;
  const periods = fc
    .tuple(fc.integer({ min: 0, max: span / 2 }), fc.integer({ min: MINUTE, max: span }))
    .map(([from, length]) => ({ from, to: from + length }));

  it("counts every activation once, and nothing else", () => {
    fc.assert(
      fc.property(storiesWithin(span), periods, (stories, period) => {
        const within = (time: Micros | undefined) =>
          time !== undefined && time >= period.from && time < period.to;
        const all = stories.flatMap(({ activations }) => activations);
        const raised = all.filter((one) => within(one.raised));
        const measures = measure(eventsOf(stories), period);
        expect(measures.rate.total).toBe(raised.length);
        for (const severity of ["yellow", "orange", "red"] as const) {
          expect(measures.bySeverity[severity]).toBe(
            raised.filter((one) => one.severity === severity).length,
          );
        }
        expect(measures.rate.days.reduce((sum, day) => sum + day, 0)).toBe(raised.length);
        const waits = all
          .map((one) => ({ at: one.acknowledged ?? one.returned!, since: one.raised }))
          .filter(({ at }) => within(at))
          .map(({ at, since }) => at - since)
          .sort((a, b) => a - b);
        const { count, median, p90, max } = measures.toAcknowledge;
        expect(count).toBe(waits.length);
        if (waits.length === 0) return;
        expect(max).toBe(waits.at(-1));
        for (const [quantile, share] of [
          [median, 0.5],
          [p90, 0.9],
        ] as const) {
          const exact = waits[Math.ceil(share * waits.length) - 1]!;
          expect(Math.abs(quantile! - exact)).toBeLessThanOrEqual(exact * 0.011 + 1);
        }
      }),
    );
  });

  it("counts floods as a plain walk over ten-minute intervals does", () => {
    const raises = fc.array(fc.integer({ min: 0, max: 12 * HOUR - 1 }), { maxLength: 250 });
    fc.assert(
      fc.property(raises, (times) => {
        const period = { from: 0, to: 12 * HOUR };
        const stories = times.map((raised, i) => storyOf(`gd-${i}.lel`, [{ raised }]));
        const { floods, overloaded, peak } = measure(eventsOf(stories), period).rate;
        const counts = Array.from(
          { length: 72 },
          (_, i) => times.filter((t) => Math.floor(t / (10 * MINUTE)) === i).length,
        );
        const expected: [number, number][] = [];
        let begin = -1;
        for (const [i, count] of counts.entries()) {
          if (begin < 0 && count > 10) begin = i;
          else if (begin >= 0 && count < 5) {
            expected.push([begin, i]);
            begin = -1;
          }
        }
        if (begin >= 0) expected.push([begin, 72]);
        expect(floods.map(({ from, to }) => [from / (10 * MINUTE), to / (10 * MINUTE)])).toEqual(expected);
        expect(overloaded).toBeCloseTo(counts.filter((count) => count > 10).length / 72, 12);
        expect(peak).toBe(Math.max(0, ...counts));
      }),
    );
  });
});

describe("what counts as an annunciation", () => {
  const period = { from: 0, to: DAY };
  const at = (seq: number, fields: Partial<AlarmEvent>) => alarmEvent(seq, { time: seq * MINUTE, ...fields });

  it("an upgrade and an alarm that comes again call anew; a downgrade, a return and an acknowledgement do not", () => {
    const { rate } = measure(
      [
        at(1, { transition: "raise", from: "normal", to: "unacknowledged", severity: "yellow" }),
        at(2, { transition: "acknowledge", from: "unacknowledged", to: "acknowledged", severity: "yellow" }),
        at(3, { transition: "upgrade", from: "acknowledged", to: "unacknowledged", severity: "red" }),
        at(4, { transition: "downgrade", from: "unacknowledged", to: "unacknowledged", severity: "yellow" }),
        at(5, { transition: "return", from: "unacknowledged", to: "returned", severity: "yellow" }),
        at(6, { transition: "again", from: "returned", to: "unacknowledged", severity: "yellow" }),
        at(7, { transition: "historical", from: "normal", to: "normal", severity: "red" }),
      ],
      period,
    );
    expect(rate.total).toBe(3);
  });

  it("a shelved alarm calls nobody; when shelving ends with the condition there, it does", () => {
    const silent = { silence: "shelved" } as const;
    const measures = measure(
      [
        at(1, { transition: "raise", from: "normal", to: "unacknowledged", ...silent }),
        at(2, {
          transition: "unshelve",
          from: "unacknowledged",
          to: "unacknowledged",
          silenceBefore: "shelved",
        }),
      ],
      period,
    );
    expect(measures.rate.total).toBe(1);
    expect(measures.silenced.shelved).toBe(1);
  });

  it("a test counts apart", () => {
    const measures = measure(
      [at(1, { transition: "raise", from: "normal", to: "unacknowledged", mode: "test" })],
      period,
    );
    expect(measures.rate.total).toBe(0);
    expect(measures.otherModes).toBe(1);
  });
});

describe("alarms that trouble people", () => {
  it("one that is raised three times in a minute chatters, one in three minutes does not", () => {
    const every = (step: Micros) =>
      Array.from({ length: 3 }, (_, i) => ({
        raised: i * step,
        acknowledged: i * step + 1,
        returned: i * step + 2 * SECOND,
      }));
    const { restless } = measure(
      eventsOf([storyOf("gd-01.lel", every(29 * SECOND)), storyOf("gd-02.lel", every(31 * SECOND))]),
      { from: 0, to: DAY },
    );
    expect(restless.find(({ alarm }) => alarm === "gas gd-01.lel")?.episodes).toBe(1);
    expect(restless.find(({ alarm }) => alarm === "gas gd-02.lel")?.episodes ?? 0).toBe(0);
  });

  it("one that was active for nine seconds and stayed away is fleeting; one that came again at once is not", () => {
    const brief = (raised: Micros) => ({ raised, acknowledged: raised + 1, returned: raised + 9 * SECOND });
    const { restless } = measure(
      eventsOf([
        storyOf("gd-01.lel", [brief(0), brief(HOUR)]),
        storyOf("gd-02.lel", [brief(0), { raised: 30 * SECOND, acknowledged: 31 * SECOND, returned: HOUR }]),
      ]),
      { from: 0, to: DAY },
    );
    expect(restless).toEqual([{ alarm: "gas gd-01.lel", episodes: 0, fleeting: 2 }]);
  });

  it("one that stood for three days is stale on two of them, whether it has ended or not", () => {
    for (const returned of [3 * DAY, undefined]) {
      const activation = { raised: 0, acknowledged: HOUR, ...(returned === undefined ? {} : { returned }) };
      const { stale } = measure(eventsOf([storyOf("gd-01.lel", [activation])]), { from: 0, to: 3 * DAY });
      expect(stale).toEqual({ alarms: [{ alarm: "gas gd-01.lel", active: 3 * DAY }], mostInADay: 1 });
    }
  });

  it("monitoring that was lost before the period and after it counts with what lies inside", () => {
    const lost = {
      rule: "monitoring-lost",
      subject: "gd-01",
      activations: [
        { raised: HOUR, acknowledged: 2 * HOUR, returned: 5 * HOUR, severity: "yellow" as const },
      ],
    };
    const { monitoringLost } = measure(eventsOf([lost]), { from: 3 * HOUR, to: 4 * HOUR });
    expect(monitoringLost).toEqual([{ subject: "gd-01", time: HOUR }]);
  });
});

describe("reading the log", () => {
  it("in pages, measures the period and the one before it, and stops behind it", async () => {
    const stories = [
      storyOf(
        "gd-01.lel",
        Array.from({ length: 1_500 }, (_, i) => ({
          raised: i * MINUTE,
          acknowledged: i * MINUTE + SECOND,
          returned: i * MINUTE + 2 * SECOND,
        })),
      ),
    ];
    const events = eventsOf(stories);
    let asked = 0;
    const page = ({ from, to, limit }: { from: number; to: number; limit: number }) => {
      asked++;
      return events.filter(({ seq }) => seq >= from && seq < to).slice(0, limit);
    };
    const { current, previous, oldest } = await collect(page, { period: { from: 10 * HOUR, to: 20 * HOUR } });
    expect([previous.rate.total, current.rate.total]).toEqual([600, 600]);
    expect(oldest).toBe(0);
    expect(asked).toBe(4);
  });
});
