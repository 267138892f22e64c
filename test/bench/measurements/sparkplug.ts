import { writePayload } from "../../../drivers/sparkplug/payload-writer.ts";
import { BIRTH, HostStand } from "../../sparkplug/site.ts";
import { type Measurement, verdict } from "../measurement.ts";

const GOAL = 20_000;
const MESSAGES = 100_000;
/** Metrics of one message, all by aliases. */
const METRICS = 20;

/** Metrics decoded by the Sparkplug host application and handed to an intake that only counts: the protocol's own share. */
export const sparkplug: Measurement = {
  id: "sparkplug",
  run: () => {
    const stand = new HostStand();
    stand.born();
    stand.intake.counting = true;
    const numbered = Array.from({ length: 256 }, (_, seq) =>
      writePayload({
        timestamp: stand.now,
        seq,
        metrics: Array.from({ length: METRICS }, (_, i) => ({
          ...BIRTH[0],
          name: undefined,
          timestamp: stand.now,
          value: i,
        })).map(({ name: _, ...metric }) => metric),
      }),
    );
    const before = stand.intake.entered;
    const began = performance.now();
    for (let i = 0; i < MESSAGES; i++) {
      stand.raw("DDATA", numbered[(stand.seq + i) % numbered.length]!, { device: "panel" });
    }
    const seconds = (performance.now() - began) / 1_000;
    const rate = Math.round((stand.intake.entered - before) / seconds);
    return Promise.resolve([
      {
        what: "Sparkplug B: metrics decoded and entered, births and sequence followed",
        goal: `≥ ${GOAL}/s`,
        measured: `${rate}/s, ${stand.count("gaps")} gaps`,
        verdict: verdict(rate >= GOAL && stand.count("gaps") === 0),
        figures: { metrics_per_second: rate },
      },
    ]);
  },
};
