import type { OutputDescription } from "../../drivers/driver.ts";
import { driverKinds } from "../../drivers/registry.ts";
import type { Text } from "../../model/text.ts";
import { SECOND } from "../../model/time.ts";
import type { SirenOptions } from "../routes/siren/options.ts";
import type { Problems } from "./problem.ts";
import type { ResolvedDevices } from "./resolve-devices.ts";
import type { ParsedSite } from "./sections.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { noChannel, noneCalled, of, THINGS } from "./texts/references.ts";
import * as texts from "./texts/routes.ts";

interface Board {
  readonly outputs: readonly OutputDescription[];
  readonly allowed: readonly string[];
}

/** A siren that cannot be switched would be found out in the night in which it is needed: all that it names must be there and allowed. */
export function checkSirens(parsed: ParsedSite, things: ResolvedDevices, problems: Problems): void {
  const channels = new Set(things.channels.map(({ key }) => key));
  for (const [id, route] of parsed.routes.entries) {
    if ((route as { type?: unknown }).type !== "siren") continue;
    const options = route as unknown as SirenOptions;
    const at = (...path: readonly string[]) => parsed.tree.spot(["routes", id, ...path]);
    if (!parsed.devices.ids.has(options.device)) {
      problems.at(at("device"), {
        message: of("route", id, noneCalled(THINGS.device, options.device)),
        hint: didYouMean(options.device, parsed.devices.ids, LISTED.devices),
      });
    } else {
      const board = boardOf(parsed, things, options.device);
      if (board !== undefined) checkParts(id, { options, board, at, problems });
    }
    if (options.silence !== undefined && !channels.has(options.silence)) {
      problems.at(at("silence"), {
        message: of("route", id, noChannel(options.silence)),
        hint: didYouMean(options.silence, channels, LISTED.channels),
      });
    }
  }
}

/** Undefined where something is wrong with the device itself, which is told elsewhere. */
function boardOf(parsed: ParsedSite, things: ResolvedDevices, id: string): Board | undefined {
  const onLink = things.onLink.flat().find(({ device }) => device.id === id);
  const link = (parsed.devices.entries.get(id) as { link?: string } | undefined)?.link ?? "";
  const { type } = (parsed.links.entries.get(link) ?? {}) as { type?: string };
  if (onLink === undefined || type === undefined) return undefined;
  return { outputs: driverKinds.get(type)?.outputs?.(onLink.profile) ?? [], allowed: onLink.writes ?? [] };
}

function checkParts(
  id: string,
  about: {
    options: SirenOptions;
    board: Board;
    at: (...path: readonly string[]) => ReturnType<ParsedSite["tree"]["spot"]>;
    problems: Problems;
  },
): void {
  const { options, board, at, problems } = about;
  const ids = new Set(board.outputs.map((output) => output.id));
  for (const name of ["sounder", "beacon"] as const) {
    for (const kind of ["output", "pulse"] as const) {
      const output = options[name]?.[kind];
      if (output === undefined) continue;
      const tell = (message: Text, hint?: Text) =>
        problems.at(at(name, kind), { message: of("route", id, message), hint });
      const found = board.outputs.find((one) => one.id === output);
      if (found === undefined) {
        tell(texts.hasNoOutput(options.device, output), didYouMean(output, ids, LISTED.outputs));
      } else if (!board.allowed.includes(output)) {
        tell(texts.writeNotAllowed(options.device, output), texts.allowWrites([...board.allowed, output]));
      } else if (kind === "pulse" && !takes(found, options.hold / SECOND)) {
        tell(texts.noPulseOf(options.device, output, options.hold / SECOND), texts.WHAT_A_PULSE_IS);
      } else if (kind === "output" && found.states?.on !== 1) {
        tell(texts.noSwitch(options.device, output), texts.NAME_THE_RELAY);
      }
    }
  }
}

function takes({ unit, range }: OutputDescription, seconds: number): boolean {
  return unit === "s" && range !== undefined && seconds >= range.low && seconds <= range.high;
}
