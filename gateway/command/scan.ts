import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { ConfigurationError } from "../../model/error.ts";
import { loadConfiguration } from "../config/load.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";
import { type Asker, askLink, askThroughGateway } from "./profile/asker.ts";
import { type FoundUnit, findUnits } from "./profile/find-units.ts";
import { parseLink } from "./profile/link-url.ts";
import { openLink } from "./profile/open-link.ts";
import { alignColumns } from "./table.ts";

export interface ScanOptions {
  readonly link?: string;
  readonly site?: string;
  readonly through?: string;
  readonly yes: boolean;
  readonly units: string;
  readonly baud?: string;
  readonly timeout: string;
  readonly json: boolean;
}

/** Slave addresses of serial buses (Modbus over Serial Line V1.02, 2.2). */
const MOST_UNITS = 247;

type Found = FoundUnit & { readonly baud?: number };

/**
 * Finds the units of a link and says what they may be. On a bus in service only through the gateway that runs, and only when it
 * was said that this is meant. What they may be: a profile that comes with Tocsin, or one of the site's own.
 */
export async function scan(options: ScanOptions): Promise<ExitCode> {
  const units = parseUnits(options.units);
  const found: Found[] = [];
  checkWay(options);
  const site = options.site === undefined ? undefined : loadConfiguration(options.site);
  const known = loadProfiles([BUILT_IN_PROFILES, ...(site?.profileFolders ?? [])]);
  const profiles = [...known.profiles.values()];
  const look = async (asker: Asker, baud?: number): Promise<void> => {
    let asked = 0;
    for await (const answer of findUnits(asker, { units, profiles })) {
      asked++;
      if ("unit" in answer) found.push({ ...answer, ...(baud === undefined ? {} : { baud }) });
      progress(
        `${baud === undefined ? "" : `${baud} baud: `}${asked} of ${units.length} asked, ${found.length} found`,
      );
    }
  };
  if (options.through !== undefined && site !== undefined) {
    await look(await askThroughGateway(site, options.through));
  } else if (options.link !== undefined) {
    for (const baud of parseBauds(options)) {
      const more = { timeout: options.timeout, ...(baud === undefined ? {} : { baudRate: baud }) };
      const link = parseLink(options.link, more);
      await using open = await openLink(link);
      await look(askLink(open.driver, options.link), baud);
    }
  }
  endProgress();
  if (options.json) printJson({ ok: true, asked: units.length, units: found });
  else print(asTable(found));
  return found.length > 0 ? EXIT.ok : EXIT.unreachable;
}

/** @throws ConfigurationError COMMAND_USAGE unless it is said how the units are reached, and meant */
function checkWay({ link, site, through, yes }: ScanOptions): void {
  if (through === undefined) {
    if (link === undefined) throw usage("say which link: --link, or --site with --through");
    return;
  }
  if (site === undefined || link !== undefined) throw usage("--through needs --site, and no --link");
  if (yes) return;
  throw new ConfigurationError(
    "COMMAND_USAGE",
    `link ${through} is in service: every address where nobody is costs its devices a time-out`,
    { hint: "ask few addresses (--units 1..20), and say --yes if that is meant" },
  );
}

function asTable(found: readonly Found[]): string {
  if (found.length === 0) return "no unit answered · 无从站应答";
  const rows = found.map(({ unit, baud, identity, profiles }) => [
    String(unit),
    ...(baud === undefined ? [] : [String(baud)]),
    Object.values(identity).join(" ") || "–",
    profiles.join(" or ") || "–",
  ]);
  const head = ["unit", ...(found[0]!.baud === undefined ? [] : ["baud"]), "says it is", "fits profile"];
  return alignColumns([head, ...rows]);
}

/** `1..247`, `1,5,9`, or both. */
function parseUnits(text: string): number[] {
  const units = text.split(",").flatMap((part) => {
    const match = /^\s*(\d+)(?:\.\.(\d+))?\s*$/.exec(part);
    const from = Number(match?.[1] ?? Number.NaN);
    const to = Number(match?.[2] ?? from);
    if (!(from >= 0 && to >= from && to <= MOST_UNITS))
      throw usage(`--units ${text}: addresses are 0 to ${MOST_UNITS}, as 1..32 or 1,5,9`);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return [...new Set(units)];
}

function parseBauds({ baud, link = "" }: ScanOptions): (number | undefined)[] {
  if (baud === undefined) return [undefined];
  if (!/^(rtu|ascii):/.test(link)) throw usage("--baud is for serial ports: rtu: or ascii:");
  return baud.split(",").map((text) => {
    const rate = Number(text);
    if (!Number.isInteger(rate) || rate <= 0) throw usage(`--baud ${baud}: rates as 9600,19200`);
    return rate;
  });
}

function usage(message: string): ConfigurationError {
  return new ConfigurationError("COMMAND_USAGE", message);
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}
