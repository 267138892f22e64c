import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Driver, RawRead } from "../../../drivers/driver.ts";
import { ConfigurationError } from "../../../model/error.ts";
import { MILLISECOND, SECOND } from "../../../model/time.ts";
import type { Configuration } from "../../configuration.ts";
import { findGateway, notAGateway } from "../gateway-http.ts";

/** Asks units of one link for registers, and who they are. */
export interface Asker {
  /** @throws DeviceError or NetworkError as the driver does. */
  raw(request: RawRead): Promise<Uint8Array>;
  /** @throws DeviceError or NetworkError as the driver does. */
  identify(unit: number): Promise<Readonly<Record<string, string>>>;
  /** Leaves the bus to others before the next question. */
  rest(): Promise<void>;
}

/** Over a link that this command has opened and nobody else uses. @throws ConfigurationError COMMAND_USAGE for what cannot be asked. */
export function askLink(driver: Driver, link: string): Asker {
  if (driver.readRaw === undefined || driver.identify === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", `--link ${link}: its units cannot be asked one by one`);
  }
  const { readRaw, identify } = driver;
  return {
    raw: (request) => readRaw.call(driver, request),
    identify: (unit) => identify.call(driver, { unit }),
    rest: () => Promise.resolve(),
  };
}

/** A question through the gateway may wait for its turn on a slow bus. */
const WAIT = 30 * SECOND;
/** Between two questions on a bus in service: what is silent costs the bus a time-out, and the detectors come first. */
const REST_MS = (2 * SECOND) / MILLISECOND;

const rawSchema = z.looseObject({ bytes: z.string() });
const identitySchema = z.looseObject({ identity: z.record(z.string(), z.string()) });

/**
 * Through the running gateway, in its turn on the bus. @throws ConfigurationError COMMAND_USAGE when the site has no such link, or no
 * gateway runs.
 */
export async function askThroughGateway(configuration: Configuration, link: string): Promise<Asker> {
  if (!configuration.site.links.some(({ id }) => id === link)) {
    throw new ConfigurationError("COMMAND_USAGE", `no link is called "${link}" in this site`, {
      hint: `links: ${configuration.site.links.map(({ id }) => id).join(", ")}`,
    });
  }
  const gateway = await findGateway(configuration);
  if (gateway === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", "no gateway of this site is running", {
      hint: "then give the link itself: --link",
    });
  }
  const at = (what: string, query: Record<string, unknown>) =>
    `/api/${what}/${encodeURIComponent(link)}?${new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    )}`;
  return {
    raw: async ({ unit, table, address, count }) => {
      const answer = rawSchema.safeParse(await gateway.ask(at("raw", { unit, table, address, count }), WAIT));
      if (!answer.success) throw notAGateway(gateway.base, answer.error);
      return new Uint8Array(Buffer.from(answer.data.bytes, "hex"));
    },
    identify: async (unit) => {
      const answer = identitySchema.safeParse(await gateway.ask(at("identify", { unit }), WAIT));
      if (!answer.success) throw notAGateway(gateway.base, answer.error);
      return answer.data.identity;
    },
    rest: () => sleep(REST_MS),
  };
}
