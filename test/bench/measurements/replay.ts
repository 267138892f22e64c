import { join } from "node:path";
import { runChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { type Measurement, type Row, verdict } from "../measurement.ts";
import { mebibytes, round3 } from "../table.ts";

const GOAL = 300_000;
/** A day of 50 channels at 1 Hz: 4.3 million readings. */
const SECONDS = 86_400;
/** A month of it. */
const MONTH_READINGS = 30 * 86_400 * 50;
/** More than this between the first quarter and the end is growth, not noise of the collector. */
const GROWTH = 64 * 2 ** 20;

interface Measured {
  readonly readings: number;
  readonly seconds: number;
  readonly cpu: number;
  readonly events: number;
  readonly early: number;
  readonly late: number;
}

/** Recorded data through the rules, in one thread: 50 channels at 1 Hz, two rules on each, from a table and from the journal. */
export const replay: Measurement = {
  id: "replay",
  run: async (progress) => {
    using folder = temporaryFolder("bench");
    const run = async (...args: string[]): Promise<string | undefined> => {
      progress(args[0]!);
      const program = join(import.meta.dirname, "../load/replay-run.ts");
      const { stdout, stderr, code } = await runChild(process.execPath, [program, ...args], {
        withinMs: 120_000,
      });
      if (code !== 0) throw new Error(stderr.join("\n"));
      return stdout.at(-1);
    };
    await run("write", folder.path, String(SECONDS));
    const measured = async (what: "table" | "journal") =>
      JSON.parse((await run(what, folder.path)) ?? "") as Measured;
    return [row("from a table", await measured("table")), row("from the journal", await measured("journal"))];
  },
};

function row(where: string, { readings, seconds, cpu, events, early, late }: Measured): Row {
  const rate = readings / seconds;
  const month = MONTH_READINGS / rate / 60;
  return {
    what: `replay ${where}`,
    goal: "≥ 300,000 readings/s, memory flat",
    measured: `${round3(rate)}/s, a month in ${month.toFixed(1)} min; ${mebibytes(late)} resident, ${mebibytes(early)} in the first quarter`,
    verdict: verdict(rate >= GOAL && late - early <= GROWTH),
    figures: {
      readings_per_second: rate,
      readings_per_cpu_second: readings / cpu,
      readings,
      events,
      early_resident_bytes: early,
      late_resident_bytes: late,
    },
  };
}
