import { join } from "node:path";
import { runChild } from "../../support/child.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { round3 } from "../table.ts";

/** Fifty geophones of 200 samples a second take a hundredth of a core then. */
const GOAL = 1_000_000;

/** STA/LTA alone, in one thread: 50 geophones, 100 samples a second, windows of 3 s and 30 s. */
export const waveforms: Measurement = {
  id: "waveforms",
  run: async (progress) => {
    progress("judging waveforms");
    const { stdout, stderr } = await runChild(
      process.execPath,
      [join(import.meta.dirname, "../load/waveform-run.ts")],
      { withinMs: 30_000 },
    );
    const line = stdout.at(-1);
    if (line === undefined) throw new Error(stderr.join("\n"));
    const { judged, seconds, cpuSeconds, events, checkpoint } = JSON.parse(line) as Record<
      "judged" | "seconds" | "cpuSeconds" | "events" | "checkpoint",
      number
    >;
    const rate = judged / seconds;
    return [
      {
        what: "STA/LTA of waveforms in one thread",
        goal: "≥ 1,000,000 samples/s",
        measured: `${round3(rate)}/s, ${round3(checkpoint / 1_000)} kB a channel in a checkpoint`,
        verdict: verdict(rate >= GOAL),
        figures: {
          samples_per_second: rate,
          samples_per_cpu_second: judged / cpuSeconds,
          events_per_second: events / seconds,
          checkpoint_bytes_per_channel: checkpoint,
        },
      },
    ];
  },
};
