import { z } from "zod";
import {
  ConfigurationError,
  DeviceError,
  describe,
  ERROR_CODES,
  type ErrorCode,
  type Fault,
  NetworkError,
} from "../../model/error.ts";
import { formatListen, parseListen } from "../../model/listen.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
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
  /** What it answers to JSON that is sent, whether it accepts or refuses. @throws NetworkError as `ask` does */
  post(path: string, body: object, wait: Micros): Promise<unknown>;
}

/** Where the HTTP interface of a site's gateway is reached from this machine; undefined: it has none, or any port would do. */
export function gatewayBase({ http }: Configuration): string | undefined {
  const address = parseListen(http.listen);
  if (!http.enabled || address === undefined || address.port === 0) return undefined;
  const host = /^(0\.0\.0\.0|::)$/.test(address.host) ? "127.0.0.1" : address.host;
  return `http://${formatListen({ host, port: address.port })}`;
}

/**
 * The running gateway of a site, spoken to as `user` of `http.users` where one is given. Undefined when none answers at its HTTP
 * address, or another site's. @throws ConfigurationError COMMAND_USAGE, SECRET_MISSING
 */
export async function findGateway(
  configuration: Configuration,
  user?: string,
): Promise<GatewayHttp | undefined> {
  const base = gatewayBase(configuration);
  const token = tokenOf(configuration, user);
  if (base === undefined || !(await isGatewayOf(base, configuration.site.id))) return undefined;
  const headers: Record<string, string> = { accept: "application/json" };
  if (token !== undefined) headers.authorization = `Bearer ${configuration.secret(token)}`;
  return {
    base,
    ask: async (path, wait) => {
      const { ok, status, body } = await talk(`${base}${path}`, { base, wait, request: { headers } });
      if (!ok) throw refusal(status, body, base);
      return body;
    },
    post: async (path, sent, wait) => {
      const request = {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(sent),
      };
      const { ok, status, body } = await talk(`${base}${path}`, { base, wait, request });
      if (!ok && refusalSchema.safeParse(body).success) throw refusal(status, body, base);
      return body;
    },
  };
}

function tokenOf({ http }: Configuration, user: string | undefined): string | undefined {
  if (user === undefined) return http.token;
  const known = http.users[user];
  if (known !== undefined) return known.token;
  throw new ConfigurationError("COMMAND_USAGE", `--user ${user}: http.users does not name them`, {
    hint:
      didYouMean(user, Object.keys(http.users), LISTED.users)?.en ?? "users are declared under http.users",
  });
}

async function talk(
  url: string,
  { base, request, wait }: { base: string; request: RequestInit; wait: Micros },
): Promise<{ ok: boolean; status: number; body: unknown }> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(wait / MILLISECOND) });
    const { ok, status } = response;
    return { ok, status, body: await response.json() };
  } catch (thrown) {
    throw new NetworkError(
      "LINK_DOWN",
      `the running gateway at ${base} did not answer: ${describe(thrown)}`,
      { cause: thrown },
    );
  }
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
