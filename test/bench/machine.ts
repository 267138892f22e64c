import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

const GIB = 2 ** 30;

/** The machine that figures come from; without it they mean nothing. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGib: number;
  /** Processes that wanted a core over the last minute: above zero somebody else was measured, too. */
  readonly load: number;
  readonly node: string;
  readonly system: string;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    memoryGib: Math.round((totalmem() / GIB) * 10) / 10,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
    node: process.versions.node,
    system: systemName(),
  };
}

function systemName(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? process.platform;
  } catch {
    return process.platform;
  }
}

export function machineLine(machine: Machine): string {
  const { cores, cpu, memoryGib, load, node, system } = machine;
  return `${cores} cores, ${cpu}, ${memoryGib} GiB, ${system}, Node ${node}; load before the run ${load}`;
}
