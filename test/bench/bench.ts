import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeMachine, machineLine } from "./machine.ts";
import type { Measurement, Row } from "./measurement.ts";
import { alarmLatency } from "./measurements/alarm-latency.ts";
import { disk } from "./measurements/disk.ts";
import { flood } from "./measurements/flood.ts";
import { gb26875 } from "./measurements/gb26875.ts";
import { http } from "./measurements/http.ts";
import { ingestEmbedded } from "./measurements/ingest-embedded.ts";
import { ingestExternal } from "./measurements/ingest-external.ts";
import { lorawan } from "./measurements/lorawan.ts";
import { memory } from "./measurements/memory.ts";
import { modbus } from "./measurements/modbus.ts";
import { modbusSoak } from "./measurements/modbus-soak.ts";
import { mutatedFrames } from "./measurements/mutated-frames.ts";
import { replay } from "./measurements/replay.ts";
import { rules } from "./measurements/rules.ts";
import { sl651 } from "./measurements/sl651.ts";
import { sparkplug } from "./measurements/sparkplug.ts";
import { stall } from "./measurements/stall.ts";
import { start } from "./measurements/start.ts";
import { waveforms } from "./measurements/waveforms.ts";
import { table } from "./table.ts";

/*
 * npm run bench [-- [--json FILE] [MEASUREMENT…]]
 *
 * The numbers we hold ourselves to, measured. Figures of one run are comparable with each other; those of two machines, or of
 * a machine that does something else besides, are not.
 */

const MEASUREMENTS: readonly Measurement[] = [
  ingestEmbedded,
  ingestExternal,
  modbus,
  modbusSoak,
  gb26875,
  http,
  lorawan,
  sl651,
  sparkplug,
  mutatedFrames,
  alarmLatency,
  flood,
  stall,
  rules,
  waveforms,
  replay,
  disk,
  start,
  memory,
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, help: { type: "boolean", default: false } },
});
const known = new Map(MEASUREMENTS.map((measurement) => [measurement.id, measurement]));
const strangers = positionals.filter((id) => !known.has(id));

if (options.help || strangers.length > 0) {
  if (strangers.length > 0) process.stderr.write(`no measurement is called ${strangers.join(", ")}\n`);
  process.stderr.write(
    `npm run bench -- [--json FILE] [MEASUREMENT…]\nmeasurements: ${[...known.keys()].join(" ")}\n`,
  );
  process.exitCode = strangers.length > 0 ? 2 : 0;
} else {
  await run(positionals.length === 0 ? MEASUREMENTS : positionals.map((id) => known.get(id)!));
}

async function run(chosen: readonly Measurement[]): Promise<void> {
  const machine = describeMachine();
  const began = new Date();
  const rows: Row[] = [];
  const failures: { measurement: string; error: string }[] = [];
  for (const [position, { id, run }] of chosen.entries()) {
    const say = (words: string) =>
      process.stderr.write(`[${position + 1}/${chosen.length}] ${id}: ${words}\n`);
    try {
      for (const row of await run(say)) {
        rows.push(row);
        say(`${row.measured} (${row.verdict})`);
      }
    } catch (thrown) {
      // The others are measured all the same; the exit code tells.
      const error = thrown instanceof Error ? thrown.message : String(thrown);
      failures.push({ measurement: id, error });
      say(`failed: ${error}`);
    }
  }
  if (rows.length > 0) process.stdout.write(`\n${table(rows)}\n\n`);
  process.stdout.write(`${machineLine(machine)}\n`);
  for (const { measurement, error } of failures) {
    process.stdout.write(`${measurement} failed: ${error.split("\n")[0]}\n`);
  }
  if (options.json !== undefined) {
    writeFileSync(
      options.json,
      `${JSON.stringify({ began: began.toISOString(), machine, rows, failures }, undefined, 2)}\n`,
    );
  }
  if (failures.length > 0) process.exitCode = 1;
}
