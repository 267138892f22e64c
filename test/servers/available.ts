import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { datasetsFolder } from "./datasets.ts";
import { everythingRequired } from "./required.ts";

/** The foreign programs that tests talk to, and the Debian package of each. */
const packages = {
  influxd: "influxdb",
  "victoria-metrics": "victoria-metrics",
  mosquitto: "mosquitto",
  mosquitto_passwd: "mosquitto",
  mosquitto_pub: "mosquitto-clients",
  mosquitto_sub: "mosquitto-clients",
  mbpoll: "mbpoll",
  socat: "socat",
  pymodbus: "python3-pymodbus",
  xmllint: "libxml2-utils",
} as const;

/** A foreign program that a test can need. */
export type Program = keyof typeof packages;

/** Daemons lie where an ordinary user's PATH does not lead. */
const daemonFolders = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** pymodbus comes from Debian for Debian's own Python; another `python3` on the PATH does not know it. */
const systemPython = "/usr/bin/python3";

/** The server script is written for the interface of this release line; the later ones renamed it. */
const pymodbusProbe = "import pymodbus, sys; sys.exit(0 if pymodbus.__version__.startswith('3.0') else 1)";

const found = new Map<Program, string | undefined>();

/**
 * Where a program is, or undefined when this machine has none. For `pymodbus` it is the Python interpreter that knows
 * the module.
 */
export function findProgram(program: Program): string | undefined {
  if (!found.has(program)) found.set(program, program === "pymodbus" ? findPymodbus() : findOnPath(program));
  return found.get(program);
}

/**
 * Where a program is.
 *
 * @throws {Error} naming the Debian package when it is missing.
 */
export function requireProgram(program: Program): string {
  const path = findProgram(program);
  if (path === undefined) throw new Error(howToInstall([program]));
  return path;
}

/**
 * Whether one of the programs is missing: `describe.skipIf(missing("influxd"))("…", () => …)`. Where everything must be
 * there, it fails the test file instead. The run's one-line notice comes from `notice.ts`.
 *
 * @throws {Error} when a program is missing and `TOCSIN_REQUIRE_SERVERS=1`.
 */
export function missing(...programs: Program[]): boolean {
  const absent = programs.filter((program) => findProgram(program) === undefined);
  if (absent.length > 0 && everythingRequired()) throw new Error(howToInstall(absent));
  return absent.length > 0;
}

/** What the tests of this machine have to leave out, in one line; undefined when that is nothing. */
export function leftOut(): string | undefined {
  const programs = (Object.keys(packages) as Program[]).filter(
    (program) => findProgram(program) === undefined,
  );
  const parts: string[] = [];
  if (programs.length > 0)
    parts.push(`tests with ${programs.join(", ")} (apt-get install ${debian(programs)})`);
  if (datasetsFolder() === undefined)
    parts.push("tests on recorded data (TOCSIN_DATASETS names their folder)");
  return parts.length > 0 ? `Left out: ${parts.join("; ")}` : undefined;
}

function howToInstall(programs: readonly Program[]): string {
  return `this test needs ${programs.join(", ")}: apt-get install ${debian(programs)}`;
}

function debian(programs: readonly Program[]): string {
  return [...new Set(programs.map((program) => packages[program]))].join(" ");
}

function findOnPath(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...daemonFolders];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findPymodbus(): string | undefined {
  if (!existsSync(systemPython)) return undefined;
  return spawnSync(systemPython, ["-c", pymodbusProbe], { stdio: "ignore" }).status === 0
    ? systemPython
    : undefined;
}
