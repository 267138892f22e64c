import { join } from "node:path";
import { startChild } from "../../support/child.ts";

/** What an alarm probe is to do. */
export interface Probe {
  readonly host: string;
  readonly port: number;
  readonly client: { readonly id: string; readonly topic: string };
  /** Each is raised and returns. */
  readonly alarms: number;
  /** Mean pause before each sample. */
  readonly gapMs: number;
  /** Longest wait for one event before the probe gives up. */
  readonly patienceMs: number;
}

/** Milliseconds from sample to event, one for each alarm. */
export interface ProbeResult {
  readonly raised: readonly number[];
  readonly returned: readonly number[];
  /** Events marked as not yet on disk. */
  readonly uncommitted: number;
}

/** Time that a probe may take beyond its pauses. */
const OVERTIME_MS = 30_000;

/** Runs a probe in a process of its own to its end. @throws {Error} with its last words when an event did not come. */
export async function runProbe(probe: Probe): Promise<ProbeResult> {
  await using child = startChild(process.execPath, [
    join(import.meta.dirname, "alarm-probe.ts"),
    JSON.stringify(probe),
  ]);
  const [line] = await child.waitForLine(/^\{.*\}$/, probe.alarms * probe.gapMs * 4 + OVERTIME_MS);
  return JSON.parse(line) as ProbeResult;
}
