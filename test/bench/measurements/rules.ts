import { join } from "node:path";
import { runChild } from "../../support/child.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { round3 } from "../table.ts";

const GOAL = 200_000;

/** The engine alone, in one thread: 10,000 channels, a rule with three levels on each, silence watched. */
export const rules: Measurement = {
  id: "rules",
  run: async (progress) => {
    progress("evaluating");
    const { stdout, stderr } = await runChild(
      process.execPath,
      [join(import.meta.dirname, "../load/rules-run.ts")],
      {
        withinMs: 30_000,
      },
    );
    const line = stdout.at(-1);
    if (line === undefined) throw new Error(stderr.join("\n"));
    const { evaluations, seconds, events } = JSON.parse(line) as Record<
      "evaluations" | "seconds" | "events",
      number
    >;
    const rate = evaluations / seconds;
    return [
      {
        what: "rules evaluated in one thread",
        goal: "≥ 200,000 channel evaluations/s",
        measured: `${round3(rate)}/s, with ${round3(events / seconds)} events/s among them`,
        verdict: verdict(rate >= GOAL),
        figures: { evaluations_per_second: rate, events_per_second: events / seconds },
      },
    ];
  },
};
