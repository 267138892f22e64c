import { randomUUID } from "node:crypto";
import { z } from "zod";
import { ConfigurationError, NetworkError } from "../../model/error.ts";
import type { Device } from "../../model/site.ts";
import { loadConfiguration } from "../config/load.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import type { Configuration } from "../configuration.ts";
import { type OfferedRequest, offeredRequests, requestJson } from "../requests.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { findGateway, notAGateway } from "./gateway-http.ts";
import { fieldOf } from "./give.ts";
import { print, printJson } from "./output.ts";
import { parseWait } from "./read.ts";
import { alignColumns } from "./table.ts";

const textSchema = z.looseObject({ zh: z.string(), en: z.string() });
const resultSchema = z.looseObject({
  accepted: z.boolean(),
  code: z.string().optional(),
  text: textSchema,
  answer: z
    .looseObject({
      facts: z.array(z.looseObject({ of: z.string().optional(), name: textSchema, text: textSchema })),
    })
    .optional(),
});
type Answered = z.output<typeof resultSchema>;

/** Options of `tocsin ask SITE DEVICE [REQUEST] [PARAMETER=VALUE…]`. */
export interface AskOptions {
  readonly json: boolean;
  /** One of `http.users`. */
  readonly user?: string;
  /** Required for what acts at the device. */
  readonly reason?: string;
  /** How long to wait for the gateway's answer, as a duration; it gives up after a minute itself. */
  readonly wait: string;
}

/**
 * Asks a device something through the running gateway, or has it do it; without a request lists what there is. Ends with `unreachable`
 * when it is refused or not answered. @throws ConfigurationError COMMAND_USAGE, SECRET_MISSING; NetworkError LINK_DOWN, LINK_REFUSED
 */
export async function ask(
  site: string,
  { device: id, request, parameters }: { device: string; request?: string; parameters: readonly string[] },
  options: AskOptions,
): Promise<ExitCode> {
  const wait = parseWait(options.wait);
  const configuration = loadConfiguration(site);
  const device = deviceOf(configuration, id);
  const known = offeredRequests(configuration, device);
  if (request === undefined) {
    list(known, options);
    return EXIT.ok;
  }
  const ids = known.map((one) => one.id);
  if (!ids.includes(request)) {
    throw new ConfigurationError("COMMAND_USAGE", `${id} knows no request ${request}`, {
      hint: didYouMean(request, ids, LISTED.requests)?.en ?? "devices on such a link can be asked nothing",
    });
  }
  const gateway = await findGateway(configuration, options.user);
  if (gateway === undefined) {
    throw new NetworkError("LINK_DOWN", `no gateway of site ${configuration.site.id} answers over HTTP`, {
      hint: "devices dial the gateway: it must be running, with its HTTP interface enabled",
    });
  }
  const { reason } = options;
  const body = {
    id: randomUUID(),
    device: id,
    request,
    parameters: Object.fromEntries(parameters.map(fieldOf)),
    ...(reason === undefined ? {} : { reason }),
  };
  const answer = await gateway.post("/api/command/ask", body, wait);
  const result = resultSchema.safeParse(answer);
  if (!result.success) throw notAGateway(gateway.base, result.error);
  if (options.json) printJson(answer);
  else print(asTable(result.data));
  return result.data.accepted ? EXIT.ok : EXIT.unreachable;
}

function deviceOf({ site }: Configuration, id: string): Device {
  const device = site.devices.find((candidate) => candidate.id === id);
  if (device !== undefined) return device;
  const ids = site.devices.map((candidate) => candidate.id);
  throw new ConfigurationError("COMMAND_USAGE", `no device is called "${id}" in this site`, {
    hint: didYouMean(id, ids, LISTED.devices)?.en ?? "the site has no devices",
  });
}

function list(requests: readonly OfferedRequest[], { json }: AskOptions): void {
  if (json) {
    printJson({
      requests: requests.map(requestJson),
    });
    return;
  }
  if (requests.length === 0) {
    print("没有可以召测的项目 there is nothing that it can be asked");
    return;
  }
  print(
    alignColumns(
      requests.map(({ id, name, parameters, acts, allowed }) => [
        id,
        `${name.zh} ${name.en}`,
        Object.keys(parameters.shape)
          .map((parameter) => `${parameter}=…`)
          .join(" "),
        ...(acts ? [allowed ? "已允许 allowed" : "站点文件未允许 not allowed by the site file"] : []),
      ]),
    ),
  );
}

function asTable({ answer, code, text }: Answered): string {
  if (answer === undefined) return `${text.zh} ${text.en}${code === undefined ? "" : ` [${code}]`}`;
  const several = answer.facts.some(({ of }) => of !== undefined);
  const rows = answer.facts.map(({ of = "", name, text: value }) => [
    ...(several ? [of] : []),
    `${name.zh} ${name.en}`,
    value.zh === value.en ? value.zh : `${value.zh} ${value.en}`,
  ]);
  return rows.length === 0 ? `${text.zh} ${text.en}` : alignColumns(rows);
}
