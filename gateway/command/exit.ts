import type { Fault } from "../../model/error.ts";

/** Exit codes of all commands; documented in `tocsin --help`. Scripts rely on them. */
export const EXIT = {
  /** Done, and nothing is wrong. */
  ok: 0,
  /** The site file, a profile or a table has errors; or what was compared differs. */
  configuration: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** A device or a peer could not be reached, or refused. */
  unreachable: 3,
  /** This machine: a port is taken, the data folder is in use, the disk fails. */
  host: 4,
  /** `audit`: the alarm log does not verify. */
  broken: 5,
  /** `status`: the gateway runs, and something of it needs a look. */
  attention: 6,
  /** A mistake of Tocsin (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What was compared differs, or a rule test failed: as `diff` and runners of tests say it. */
export const DIFFERENT: ExitCode = EXIT.configuration;

const BY_FAULT: Readonly<Record<Fault, ExitCode>> = {
  configuration: EXIT.configuration,
  device: EXIT.unreachable,
  network: EXIT.unreachable,
  host: EXIT.host,
  internal: EXIT.internal,
};

/** The exit code for an error, by who is at fault. */
export function exitCodeOf(error: { code: string; fault: Fault }): ExitCode {
  return error.code === "COMMAND_USAGE" ? EXIT.usage : BY_FAULT[error.fault];
}
