import { z } from "zod";
import type { SnapshotValue } from "../../drivers/driver.ts";
import { REASON, type ReasonName } from "../../model/quality.ts";
import type { Device } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Configuration } from "../configuration.ts";
import { findGateway, notAGateway } from "./gateway-http.ts";

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

/**
 * Asks the running gateway what a device says now. Undefined when no gateway of this site answers at its HTTP address.
 * @throws DeviceError when the gateway could not read the device; NetworkError LINK_REFUSED when it refuses us.
 */
export async function askGateway(
  configuration: Configuration,
  device: Device,
  wait: Micros,
): Promise<SnapshotValue[] | undefined> {
  const gateway = await findGateway(configuration);
  if (gateway === undefined) return undefined;
  const answer = answerSchema.safeParse(
    await gateway.ask(`/api/read/${encodeURIComponent(device.id)}`, wait),
  );
  if (!answer.success) throw notAGateway(gateway.base, answer.error);
  return answer.data.values.map((value) => ({
    channel: value.channel,
    raw: value.raw,
    from: value.from,
    value: value.value,
    time: value.time,
    reason: REASON[value.reason as ReasonName] ?? REASON.bad,
  }));
}
