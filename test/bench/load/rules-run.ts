import { z } from "zod";
import { REASON } from "../../../model/quality.ts";
import { ReadingBatch } from "../../../model/reading.ts";
import { SECOND } from "../../../model/time.ts";
import { Engine } from "../../../rules/engine.ts";
import { compileRules, ruleSchema } from "../../../rules/rule.ts";
import { alarmSettingsSchema } from "../../../rules/settings.ts";
import { siteOf } from "../../rules/site-builder.ts";

/*
 * The rules engine alone in a process: evaluates readings for some seconds and says how many, as JSON.
 */

const DEVICES = 100;
const CHANNELS = 100;
const SECONDS = 4;
const WARM_UP_SECONDS = 1;
const START = Date.UTC(2026, 4, 21) * 1_000;
/** One channel in so many goes over a limit and comes back, so that alarms are raised and cleared all the time. */
const SWINGING = 1_000;

const site = siteOf({
  devices: Array.from({ length: DEVICES }, (_, device) => ({
    id: `d${device}`,
    channels: Array.from({ length: CHANNELS }, (_, channel) => ({ id: `c${channel}` })),
  })),
});
const options = z.record(z.string(), ruleSchema).parse({
  "gas-leak": {
    name: "gas leak",
    applies: { quantity: "gas_lel" },
    above: { yellow: 10, orange: 25, red: 50 },
    deadband: 2,
    basis: "bench",
    guidance: "act",
  },
});
const problems: string[] = [];
const rules = compileRules(site, options, ({ message }) => problems.push(message));
if (problems.length > 0) throw new Error(problems.join("\n"));

let events = 0;
const engine = new Engine({
  site,
  rules,
  settings: alarmSettingsSchema.parse({}),
  emit: () => events++,
});
engine.apply({ kind: "boot", at: START, boot: "b1", revision: "r1", seq: 1, occurrence: 1 });

/** One message a device, values that differ from message to message. */
const batches = Array.from({ length: DEVICES }, () => new ReadingBatch());
let cycle = 0;

function evaluate(seconds: number): { evaluations: number; seconds: number } {
  let evaluations = 0;
  const began = performance.now();
  let now = began;
  for (; now - began < seconds * 1_000; now = performance.now()) {
    cycle++;
    const at = START + cycle * SECOND;
    for (let device = 0; device < DEVICES; device++) {
      const batch = batches[device]!;
      batch.clear();
      for (let channel = 0; channel < CHANNELS; channel++) {
        const index = device * CHANNELS + channel;
        const high = index % SWINGING === 0 && (cycle & 8) !== 0;
        batch.add(index, high ? 60 : (cycle + channel) & 7, REASON.good, at);
      }
      engine.readings(batch, 0, CHANNELS, at + device);
      evaluations += CHANNELS;
    }
  }
  return { evaluations, seconds: (now - began) / 1_000 };
}

evaluate(WARM_UP_SECONDS);
events = 0;
process.stdout.write(`${JSON.stringify({ ...evaluate(SECONDS), events })}\n`);
