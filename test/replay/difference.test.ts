import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { difference, PAIR_WITHIN } from "../../gateway/replay/difference.ts";
import type { Episode } from "../../gateway/replay/episodes.ts";
import { chatter, floods } from "../../gateway/replay/floods.ts";
import { SEVERITIES, type Severity } from "../../model/severity.ts";
import { MINUTE, SECOND } from "../../model/time.ts";

function episode(
  raised: number,
  ended: number | undefined,
  { severity = "yellow" as Severity, rule = "r", subject = "s" } = {},
): Episode {
  return {
    rule,
    subject,
    point: "p",
    class: "danger",
    occurrence: 1,
    raised: raised * SECOND,
    ended: ended === undefined ? undefined : ended * SECOND,
    first: severity,
    severity,
    steps: [{ time: raised * SECOND, severity }],
    value: 1,
    limit: 1,
  };
}

function words(own: readonly Episode[], other: readonly Episode[]): string[] {
  return difference(own, other).changes.map((change) => {
    if (change.kind === "appears") return `appears ${change.other.raised / SECOND}`;
    if (change.kind === "vanishes") return `vanishes ${change.own.raised / SECOND}`;
    const { raised, ended, severity } = change;
    return `differs ${change.own.raised / SECOND}: ${raised / SECOND} ${ended === undefined ? "-" : ended / SECOND} ${severity}`;
  });
}

describe("two replays of one recording", () => {
  test("the same alarms are no difference", () => {
    const alarms = [episode(0, 10), episode(100, undefined, { severity: "red" })];
    expect(difference(alarms, structuredClone(alarms))).toEqual({ changes: [], same: 2 });
  });

  test("earlier, later, another severity, another end", () => {
    expect(words([episode(100, 200)], [episode(90, 200)])).toEqual(["differs 100: -10 0 same"]);
    expect(words([episode(100, 200)], [episode(130, 260)])).toEqual(["differs 100: 30 60 same"]);
    expect(words([episode(100, 200)], [episode(100, 200, { severity: "red" })])).toEqual([
      "differs 100: 0 0 higher",
    ]);
    expect(words([episode(100, 200)], [episode(100, 200, { severity: "blue" })])).toEqual([
      "differs 100: 0 0 lower",
    ]);
    expect(words([episode(100, 200)], [episode(100, undefined)])).toEqual(["differs 100: 0 - same"]);
  });

  test("what only one side has appears or vanishes, by rule and subject", () => {
    expect(words([episode(100, 200)], [episode(100, 200, { rule: "q" })])).toEqual([
      "vanishes 100",
      "appears 100",
    ]);
    expect(words([episode(100, 200)], [episode(100, 200, { subject: "t" })])).toEqual([
      "vanishes 100",
      "appears 100",
    ]);
  });

  test("alarms that do not overlap are the same one only if they begin near each other; the nearest counts", () => {
    const near = PAIR_WITHIN / SECOND;
    expect(words([episode(0, 10)], [episode(near, near + 10)])).toEqual([`differs 0: ${near} ${near} same`]);
    expect(words([episode(0, 10)], [episode(near + 1, near + 10)])).toEqual([
      "vanishes 0",
      `appears ${near + 1}`,
    ]);
    expect(words([episode(500, 510)], [episode(100, 110), episode(520, 530)])).toEqual([
      "appears 100",
      "differs 500: 20 20 same",
    ]);
  });

  test("one long alarm that becomes three short ones is one that ends earlier, and two that appear", () => {
    expect(words([episode(0, 100)], [episode(0, 10), episode(20, 30), episode(90, 100)])).toEqual([
      "differs 0: 0 -90 same",
      "appears 20",
      "appears 90",
    ]);
  });

  test("whatever the alarms: each is in one pair, or alone; turned round, appearing is vanishing", () => {
    const alarms = fc
      .array(
        fc.tuple(
          fc.integer({ min: 1, max: 2_000 }),
          fc.integer({ min: 0, max: 300 }),
          fc.constantFrom(...SEVERITIES),
        ),
        {
          maxLength: 12,
        },
      )
      .map((gaps) => {
        let at = 0;
        return gaps.map(([gap, length, severity]) => {
          const raised = at + gap;
          at = raised + length;
          return episode(raised, at, { severity });
        });
      });
    fc.assert(
      fc.property(alarms, alarms, (own, other) => {
        const { changes, same } = difference(own, other);
        const count = (kind: string) => changes.filter((change) => change.kind === kind).length;
        const pairs = same + count("differs");
        expect(pairs + count("vanishes")).toBe(own.length);
        expect(pairs + count("appears")).toBe(other.length);
        expect(difference(own, own)).toEqual({ changes: [], same: own.length });
      }),
    );
  });
});

describe("floods", () => {
  const every = (seconds: number, times: number, from = 0) =>
    Array.from({ length: times }, (_, i) =>
      episode(from + i * seconds, from + i * seconds + 1, { rule: `r${i}` }),
    );

  test("ten alarms within ten minutes are none, eleven are one", () => {
    expect(floods(every(60, 10))).toEqual([]);
    expect(floods(every(59, 11))).toEqual([{ from: 0, to: 590 * SECOND, alarms: 11, peak: 11 }]);
  });

  test("it ends when fewer than five come within ten minutes", () => {
    const [first, second, ...more] = floods([...every(10, 20), ...every(10, 20, 3_600)]);
    expect(more).toEqual([]);
    expect([first, second]).toMatchObject([
      { from: 0, alarms: 20, peak: 20 },
      { from: 3_600 * SECOND, alarms: 20 },
    ]);
  });

  test("an alarm that comes three times within a minute chatters; twice does not", () => {
    expect(chatter([episode(0, 1), episode(30, 31)])).toEqual([]);
    expect(chatter([episode(0, 1), episode(30, 31), episode(60, 61), episode(500, 501)])).toEqual([
      { rule: "r", subject: "s", from: 0, alarms: 3 },
    ]);
    expect(chatter([episode(0, 1), episode(30, 31), episode(61, 62)])).toEqual([]);
  });
});

test("the interval of a flood is ten minutes", () => {
  // Eleven alarms, the first exactly ten minutes before the last: it has left the interval by then.
  const alarms = Array.from({ length: 11 }, (_, i) => episode(i * 60, i * 60 + 1));
  expect(alarms.at(-1)!.raised - alarms[0]!.raised).toBe(10 * MINUTE);
  expect(floods(alarms)).toEqual([]);
});
