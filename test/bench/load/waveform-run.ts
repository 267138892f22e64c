import { z } from "zod";
import { REASON } from "../../../model/quality.ts";
import { ReadingBatch } from "../../../model/reading.ts";
import { MILLISECOND, SECOND } from "../../../model/time.ts";
import { Engine } from "../../../rules/engine.ts";
import { compileRules, ruleSchema } from "../../../rules/rule.ts";
import { alarmSettingsSchema } from "../../../rules/settings.ts";
import { siteOf } from "../../rules/site-builder.ts";

/*
 * Waveforms alone in a process: geophones of 100 samples a second under an STA/LTA rule of 3 s and 30 s, for some seconds; says how
 * many samples were judged and what memory they take, as JSON.
 */

const GEOPHONES = 50;
/** Samples a second, and of one message. */
const SAMPLES = 100;
const PERIOD = 10 * MILLISECOND;
const SECONDS = 4;
/** Seconds of the waveform that fill both windows. */
const WARM_UP_MESSAGES = 40;
const START = Date.UTC(2026, 4, 21) * 1_000;
/** Every so many seconds a rock falls beside one geophone after the other. */
const ROCKS_EVERY = 60;

const site = siteOf({
  devices: Array.from({ length: GEOPHONES }, (_, i) => ({
    id: `g${i}`,
    channels: [{ id: "v", quantity: "particle_velocity" as const, period: PERIOD, stale: 5 * SECOND }],
  })),
});
const problems: string[] = [];
const rules = compileRules(
  site,
  z.record(z.string(), ruleSchema).parse({
    rockfall: {
      name: "rockfall",
      applies: { quantity: "particle_velocity" },
      staLta: { sta: "3s", lta: "30s", above: { yellow: 4, red: 8 } },
    },
  }),
  ({ message }) => problems.push(message),
);
if (problems.length > 0) throw new Error(problems.join("\n"));

let events = 0;
const engine = new Engine({ site, rules, settings: alarmSettingsSchema.parse({}), emit: () => events++ });
engine.apply({ kind: "boot", at: START, boot: "b1", revision: "r1", seq: 1, occurrence: 1 });

/** Noise that costs nothing to make while it is measured. */
const NOISE = Float64Array.from({ length: 4096 }, (_, i) => Math.sin(i * i * 12.9898));
const batch = new ReadingBatch();
let second = 0;
let sample = 0;

function message(): void {
  second++;
  for (let geophone = 0; geophone < GEOPHONES; geophone++) {
    const loud = (second + geophone) % ROCKS_EVERY === 0 ? 30 : 1;
    batch.clear();
    for (let k = 0; k < SAMPLES; k++) {
      const value = NOISE[(sample + k + geophone * 7) & 4095]! * loud;
      batch.add(geophone, value, REASON.good, START + (second - 1) * SECOND + k * PERIOD);
    }
    engine.readings(batch, 0, SAMPLES, START + second * SECOND + geophone);
  }
  sample += SAMPLES;
}

for (let i = 0; i < WARM_UP_MESSAGES; i++) message();
events = 0;
let judged = 0;
const cpu = process.cpuUsage();
const began = performance.now();
let now = began;
for (; now - began < SECONDS * 1_000; now = performance.now()) {
  message();
  judged += GEOPHONES * SAMPLES;
}
const { user, system } = process.cpuUsage(cpu);
const checkpoint = JSON.stringify(engine.checkpoint()).length;
process.stdout.write(
  `${JSON.stringify({
    judged,
    seconds: (now - began) / 1_000,
    cpuSeconds: (user + system) / 1_000_000,
    events,
    checkpoint: checkpoint / GEOPHONES,
  })}\n`,
);
