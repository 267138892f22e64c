import { z } from "zod";
import type { SnapshotValue } from "../../drivers/driver.ts";
import {
  DeviceError,
  describe,
  ERROR_CODES,
  type ErrorCode,
  type Fault,
  NetworkError,
} from "../../model/error.ts";
import { parseListen } from "../../model/listen.ts";
import { REASON, type ReasonName } from "../../model/quality.ts";
import type { Device } from "../../model/site.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import type { Configuration } from "../configuration.ts";

/** A gateway on this machine answers at once or not at all. */
const CONNECT_DEADLINE_MS = 1_000;

const healthSchema = z.looseObject({ site: z.string() });

const number = z.union([z.number(), z.null().transform(() => Number.NaN)]);
const answerSchema = z.looseObject({
  values: z.array(
    z.looseObject({
      channel: z.string(),
      raw: z.string(),
      from: z.string(),
      value: number,
      reason: z.string(),
      time: number.default(Number.NaN),
    }),
  ),
});
const refusalSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

/**
 * Asks the running gateway what a device says now. Undefined when no gateway of this site answers at its HTTP address.
 * @throws DeviceError when the gateway could not read the device; NetworkError LINK_REFUSED when it refuses us.
 */
export async function askGateway(
  configuration: Configuration,
  device: Device,
  wait: Micros,
): Promise<SnapshotValue[] | undefined> {
  const { http } = configuration;
  const address = parseListen(http.listen);
  if (!http.enabled || address === undefined || address.port === 0) return undefined;
  const host = /^(0\.0\.0\.0|::)$/.test(address.host) ? "127.0.0.1" : address.host;
  const base = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
  if (!(await isGatewayOf(base, configuration.site.id))) return undefined;

  const headers: Record<string, string> = { accept: "application/json" };
  if (http.token !== undefined) headers.authorization = `Bearer ${configuration.secret(http.token)}`;
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(`${base}/api/read/${encodeURIComponent(device.id)}`, {
      headers,
      signal: AbortSignal.timeout(wait / MILLISECOND),
    });
    body = await response.json();
  } catch (thrown) {
    throw new NetworkError(
      "LINK_DOWN",
      `the running gateway at ${base} did not answer: ${describe(thrown)}`,
      {
        cause: thrown,
      },
    );
  }
  if (!response.ok) throw refusal(response.status, body, base);
  const answer = answerSchema.safeParse(body);
  if (!answer.success) {
    throw new NetworkError("LINK_REFUSED", `the answer of ${base} is not that of a gateway`, {
      cause: answer.error,
      hint: "is it another version than this command's?",
    });
  }
  return answer.data.values.map((value) => ({
    channel: value.channel,
    raw: value.raw,
    from: value.from,
    value: value.value,
    time: value.time,
    reason: REASON[value.reason as ReasonName] ?? REASON.bad,
  }));
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
