import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import type { SinkCursor } from "./cursor.ts";
import { Delivery } from "./delivery.ts";
import type { ResolvedInflux, ResolvedSink } from "./resolved.ts";
import type { Sink } from "./sink.ts";
import type { DeliverySource } from "./source.ts";
import type { EdgeDelivery } from "./sparkplug/edge-delivery.ts";
import type { EdgeChannel } from "./sparkplug/edge-metric.ts";

/** What a delivery is made of, whatever it delivers to. */
export interface DeliveryParts {
  readonly resolved: ResolvedSink;
  /** Site id. */
  readonly site: string;
  /** What the site consists of now. */
  readonly channels: readonly EdgeChannel[];
  readonly source: DeliverySource;
  readonly cursor: SinkCursor;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes the delivery to a sink; its client library is loaded only when a site uses it. Touches nothing outside.
 * @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file of a broker cannot be read.
 */
export async function createDelivery(parts: DeliveryParts): Promise<Delivery | EdgeDelivery> {
  const { resolved, ...rest } = parts;
  const { id } = resolved;
  if (resolved.type === "sparkplug") {
    const { EdgeDelivery } = await import("./sparkplug/edge-delivery.ts");
    const { options, password } = resolved;
    return new EdgeDelivery({ id, options, ...(password === undefined ? {} : { password }), ...rest });
  }
  return new Delivery({
    id,
    options: resolved.options,
    sink: await createSink(resolved, parts.clock),
    ...rest,
  });
}

/** Makes a sink that takes line protocol. Touches nothing outside. */
async function createSink(resolved: ResolvedInflux, clock: Clock): Promise<Sink> {
  switch (resolved.type) {
    case "influxdb1": {
      const { Influxdb1Sink } = await import("./influxdb1.ts");
      return new Influxdb1Sink(resolved, clock);
    }
    case "influxdb2": {
      const { Influxdb2Sink } = await import("./influxdb2.ts");
      return new Influxdb2Sink(resolved, clock);
    }
  }
}
