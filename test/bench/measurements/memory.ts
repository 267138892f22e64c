import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../support/free-port.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { peakOf, privateOf, usageOf } from "../process-usage.ts";
import { mebibytes } from "../table.ts";

const GOAL = 120 * 2 ** 20;
const DEMO = join(import.meta.dirname, "../../../examples/demo");
/** Several leaks and alarms of the demo's story have passed. */
const SECONDS = 30;

/** Resident memory of the demo site as `npm start` runs it, and without the instruments in the same process. */
export const memory: Measurement = {
  id: "memory",
  run: async (progress) => {
    // The very first start on a machine compiles, which later ones need not: it leaves its memory larger.
    await demo([], 0);
    progress(`the demo site for ${SECONDS} s`);
    const [whole, alone] = await Promise.all([demo([], SECONDS), demo(["--no-simulate"], SECONDS)]);
    return [
      {
        what: "resident memory, demo site",
        goal: "≤ 120 MB",
        measured:
          `${mebibytes(whole.resident)} (peak ${mebibytes(whole.peak)}, its own ${mebibytes(whole.own)}); ` +
          `without simulators ${mebibytes(alone.resident)} (its own ${mebibytes(alone.own)})`,
        verdict: verdict(whole.resident <= GOAL),
        figures: {
          resident_bytes: whole.resident,
          peak_resident_bytes: whole.peak,
          private_bytes: whole.own,
          without_simulators_resident_bytes: alone.resident,
          without_simulators_private_bytes: alone.own,
        },
      },
    ];
  },
};

async function demo(
  args: readonly string[],
  seconds: number,
): Promise<{ resident: number; peak: number; own: number }> {
  using folder = temporaryFolder("bench");
  cpSync(DEMO, folder.path, { recursive: true, filter: (path) => !path.startsWith(join(DEMO, "data")) });
  const file = folder.join("site.yaml");
  writeFileSync(file, await onFreePorts(readFileSync(file, "utf8")));
  await using gateway = await startGateway(folder.path, { args });
  const pid = gateway.child.process.pid!;
  await pause(seconds * 1_000);
  return { resident: usageOf(pid).resident, peak: peakOf(pid), own: privateOf(pid) };
}

/** The site with every port it names replaced by a free one, the same one wherever it is named. */
async function onFreePorts(site: string): Promise<string> {
  const free = new Map<string, number>();
  for (const [, port] of site.matchAll(PORT)) if (!free.has(port!)) free.set(port!, await freePort());
  return site.replaceAll(PORT, (all, port: string) => all.replace(port, String(free.get(port))));
}

const PORT = /(?:port: |127\.0\.0\.1:)(\d{4,5})/g;
