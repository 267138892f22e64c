import type { Clock } from "../../model/time.ts";
import type { ResolvedSink } from "./resolved.ts";
import type { Sink } from "./sink.ts";

/** Makes a sink; its client library is loaded only when a site uses it. Touches nothing outside. */
export async function createSink(resolved: ResolvedSink, clock: Clock): Promise<Sink> {
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
