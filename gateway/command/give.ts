import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ConfigurationError, NetworkError } from "../../model/error.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import { COMMANDS_SUPPORTED } from "../alerts/command-schemas.ts";
import { loadConfiguration } from "../config/load.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { findGateway, notAGateway } from "./gateway-http.ts";
import { print, printJson } from "./output.ts";

/** A write to a device is read back before it is answered. */
const WAIT: Micros = 30 * SECOND;

const resultSchema = z.looseObject({
  accepted: z.boolean(),
  text: z.looseObject({ zh: z.string(), en: z.string() }),
});

/** Options of `tocsin command SITE VERB FIELD=VALUE…`. */
export interface GiveOptions {
  readonly json: boolean;
  /** One of `http.users`. */
  readonly user?: string;
}

/**
 * Gives the running gateway of a site a command, as `command/<verb>` on the alert topics does. Ends with `unreachable` when it is
 * refused. @throws ConfigurationError COMMAND_USAGE, SECRET_MISSING; NetworkError LINK_DOWN, LINK_REFUSED
 */
export async function give(
  site: string,
  { verb, fields }: { verb: string; fields: readonly string[] },
  options: GiveOptions,
): Promise<ExitCode> {
  if (!COMMANDS_SUPPORTED.some((known) => known === verb)) {
    throw new ConfigurationError("COMMAND_USAGE", `there is no command ${verb}`, {
      hint:
        didYouMean(verb, COMMANDS_SUPPORTED, LISTED.commands)?.en ??
        `one of ${COMMANDS_SUPPORTED.join(", ")}`,
    });
  }
  const body = { id: randomUUID(), ...Object.fromEntries(fields.map(fieldOf)) };
  const configuration = loadConfiguration(site);
  const gateway = await findGateway(configuration, options.user);
  if (gateway === undefined) {
    throw new NetworkError("LINK_DOWN", `no gateway of site ${configuration.site.id} answers over HTTP`, {
      hint: "is it running, and is its HTTP interface enabled?",
    });
  }
  const answer = await gateway.post(`/api/command/${verb}`, body, WAIT);
  const result = resultSchema.safeParse(answer);
  if (!result.success) throw notAGateway(gateway.base, result.error);
  const { accepted, text } = result.data;
  if (options.json) printJson(answer);
  else print(`${text.zh} ${text.en}`);
  return accepted ? EXIT.ok : EXIT.unreachable;
}

/** A field from the command line: `occurrence=12`, `oneShot=true`, `note=巡查中`. @throws ConfigurationError COMMAND_USAGE */
export function fieldOf(text: string): [string, string | number | boolean] {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new ConfigurationError("COMMAND_USAGE", `${text}: not a field`, {
      hint: "write fields as name=value: occurrence=12 note=巡查中",
    });
  }
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (value === "true" || value === "false") return [name, value === "true"];
  return [name, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value];
}
