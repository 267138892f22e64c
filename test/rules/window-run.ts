import fc from "fast-check";
import { expect } from "vitest";
import type { Site } from "../../model/site.ts";
import { SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { compileRules, type RuleProblem } from "../../rules/rule.ts";
import { EngineRun, line, parseRules, type RuleSketch, START } from "./engine-run.ts";
import type { OracleReading } from "./oracle.ts";

const REASON_OF = { good: "good", uncertain: "not_accurate", bad: "no_communication" } as const;

/** Readings at growing whole seconds, some at the same instant, some far apart. */
export const readings = readingsOf(fc.constantFrom(0, 1, 2, 3, 5, 8, 13, 0.1, 0.2, 0.3));

/** The same with other values. */
export function readingsOf(value: fc.Arbitrary<number>): fc.Arbitrary<OracleReading[]> {
  return fc
    .array(
      fc.record({
        wait: fc.constantFrom(0, 1, 1, 1, 2, 2, 3, 5, 9, 25),
        value,
        quality: fc.constantFrom("good", "good", "good", "good", "uncertain", "bad" as const),
      }),
      { minLength: 1, maxLength: 80 },
    )
    .map((steps) => {
      let at = 0;
      return steps.map(({ wait, value: one, quality }): OracleReading => {
        at += wait;
        return { at, value: one, quality };
      });
    });
}

/** Gives readings to the channel `d.v`. */
export function feed(run: EngineRun, history: readonly OracleReading[], channel = "d.v"): EngineRun {
  for (const { at, value, quality } of history) {
    run.at(at).read(channel, quality === "bad" ? Number.NaN : value, REASON_OF[quality]);
  }
  return run;
}

/** The grade after each event of the rule called `rule`: `12 red`, `40 normal`. */
export function gradesOf(events: readonly AlarmEvent[]): string[] {
  return events
    .filter(({ rule }) => rule === "rule")
    .map(
      ({ time, transition, severity }) =>
        `${(time - START) / SECOND} ${transition === "return" ? "normal" : severity}`,
    );
}

/** What `check` says of one rule, each problem as `path: message`. */
export function problemsOf(site: Site, sketch: RuleSketch): string[] {
  const problems: RuleProblem[] = [];
  compileRules(site, parseRules({ r: sketch }), (problem) => problems.push(problem));
  return problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

/** A checkpoint and a restore between any two readings change no event and no later checkpoint. */
export function checkpointsChangeNothing(
  site: Site,
  rules: Record<string, RuleSketch>,
  histories: fc.Arbitrary<OracleReading[]> = readings,
): void {
  fc.assert(
    fc.property(histories, fc.nat(), (history, at) => {
      const cut = at % history.length;
      const end = history.at(-1)!.at + 100;
      const whole = feed(new EngineRun(site, rules), history).until(end);
      const first = feed(new EngineRun(site, rules), history.slice(0, cut));
      const second = feed(first.restored(), history.slice(cut)).until(end);
      expect([...first.events, ...second.events].map(line)).toEqual(whole.events.map(line));
      expect([...first.events, ...second.events]).toEqual(whole.events);
      expect(second.engine.checkpoint()).toEqual(whole.engine.checkpoint());
    }),
    { numRuns: 300 },
  );
}
