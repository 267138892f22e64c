import { z } from "zod";
import {
  DeviceError,
  describe,
  ERROR_CODES,
  type ErrorCode,
  type Fault,
  NetworkError,
} from "../../model/error.ts";
import { formatListen, parseListen } from "../../model/listen.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import type { Configuration } from "../configuration.ts";

/** A gateway on this machine answers at once or not at all. */
const CONNECT_DEADLINE_MS = 1_000;

const healthSchema = z.looseObject({ site: z.string() });
const refusalSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

/** The HTTP interface of a gateway that runs. */
export interface GatewayHttp {
  /** `http://host:port`. */
  readonly base: string;
  /**
   * The JSON at a path. @throws DeviceError when the gateway could not reach a device; NetworkError LINK_DOWN when it does not answer,
   * LINK_REFUSED when it refuses us.
   */
  ask(path: string, wait: Micros): Promise<unknown>;
}

/** Where the HTTP interface of a site's gateway is reached from this machine; undefined: it has none, or any port would do. */
export function gatewayBase({ http }: Configuration): string | undefined {
  const address = parseListen(http.listen);
  if (!http.enabled || address === undefined || address.port === 0) return undefined;
  const host = /^(0\.0\.0\.0|::)$/.test(address.host) ? "127.0.0.1" : address.host;
  return `http://${formatListen({ host, port: address.port })}`;
}

/** The running gateway of a site. Undefined when none answers at its HTTP address, or another site's. */
export async function findGateway(configuration: Configuration): Promise<GatewayHttp | undefined> {
  const base = gatewayBase(configuration);
  if (base === undefined || !(await isGatewayOf(base, configuration.site.id))) return undefined;
  const { token } = configuration.http;
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${configuration.secret(token)}`;
  return { base, ask: (path, wait) => ask(`${base}${path}`, { base, headers, wait }) };
}

async function ask(
  url: string,
  { base, headers, wait }: { base: string; headers: Record<string, string>; wait: Micros },
): Promise<unknown> {
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, { headers, signal: AbortSignal.timeout(wait / MILLISECOND) });
    body = await response.json();
  } catch (thrown) {
    throw new NetworkError(
      "LINK_DOWN",
      `the running gateway at ${base} did not answer: ${describe(thrown)}`,
      { cause: thrown },
    );
  }
  if (!response.ok) throw refusal(response.status, body, base);
  return body;
}

/** What was answered makes no sense: NetworkError LINK_REFUSED. */
export function notAGateway(base: string, cause: unknown): NetworkError {
  return new NetworkError("LINK_REFUSED", `the answer of ${base} is not that of a gateway`, {
    cause,
    hint: "is it another version than this command's?",
  });
}

async function isGatewayOf(base: string, site: string): Promise<boolean> {
  try {
    const response = await fetch(`${base}/health`, { signal: AbortSignal.timeout(CONNECT_DEADLINE_MS) });
    const health = healthSchema.safeParse(await response.json());
    return health.success && health.data.site === site;
  } catch {
    // Nobody listens, or somebody else does.
    return false;
  }
}

function refusal(status: number, body: unknown, base: string): Error {
  const parsed = refusalSchema.safeParse(body);
  if (!parsed.success) return new NetworkError("LINK_REFUSED", `the gateway at ${base} answered ${status}`);
  const { code, message } = parsed.data.error;
  if (isFault(code, "device")) return new DeviceError(code, message);
  return new NetworkError(isFault(code, "network") ? code : "LINK_REFUSED", message);
}

function isFault(code: string, fault: Fault): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code) && ERROR_CODES[code as ErrorCode].fault === fault;
}
