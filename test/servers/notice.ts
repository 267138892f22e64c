import { leftOut } from "./available.ts";

/** Vitest's global set-up: says once a run, in one line, what this machine cannot test. */
export default function notice(): void {
  const line = leftOut();
  if (line !== undefined) process.stderr.write(`${line}\n`);
}
