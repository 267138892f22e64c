import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const KIB = 1_024;

/** Clock ticks a second of the figures in `/proc/<pid>/stat` (proc_pid_stat(5), `getconf CLK_TCK`). */
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).trim());

/** Position of `utime` behind the closing bracket of the command's name in `/proc/<pid>/stat`; `stime` follows. */
const USER_TIME = 11;

/** What a process has used, as Linux counts it. */
export interface ProcessUsage {
  /** CPU seconds of all its threads, user and system. */
  readonly cpu: number;
  /** Resident bytes: its own and those it shares (program text). */
  readonly resident: number;
  /** Bytes it caused to be sent to the disk. */
  readonly written: number;
  /** CPU seconds by thread, under the thread's name and id. */
  readonly threads: ReadonlyMap<string, number>;
}

/** Reads what a running process has used so far. @throws {Error} when it has ended, or on a system without /proc. */
export function usageOf(pid: number): ProcessUsage {
  const folder = `/proc/${pid}`;
  const threads = new Map<string, number>();
  for (const thread of readdirSync(`${folder}/task`)) {
    const stat = readFileSync(`${folder}/task/${thread}/stat`, "utf8");
    threads.set(`${nameIn(stat)} ${thread}`, secondsIn(stat));
  }
  return {
    cpu: secondsIn(readFileSync(`${folder}/stat`, "utf8")),
    resident: kibibytes(readFileSync(`${folder}/status`, "utf8"), "VmRSS"),
    written: field(readFileSync(`${folder}/io`, "utf8"), "write_bytes"),
    threads,
  };
}

/** The most memory a process ever had resident, in bytes. */
export function peakOf(pid: number): number {
  return kibibytes(readFileSync(`/proc/${pid}/status`, "utf8"), "VmHWM");
}

/** Resident bytes that belong to the process alone: what ending it would give back. */
export function privateOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return kibibytes(rollup, "Private_Clean") + kibibytes(rollup, "Private_Dirty");
}

function secondsIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[USER_TIME]) + Number(fields[USER_TIME + 1])) / TICKS_PER_SECOND;
}

function nameIn(stat: string): string {
  return stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
}

function kibibytes(text: string, name: string): number {
  return field(text, name) * KIB;
}

function field(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text);
  if (found === null) throw new Error(`/proc says nothing of ${name}`);
  return Number(found[1]);
}
