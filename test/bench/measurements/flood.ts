import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { raiseFlood } from "../load/flood.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { writeMqttSite } from "../site.ts";

/** 5,000 alarms: fifty instruments with a hundred channels. */
const DEVICES = 50;
const CHANNELS = 100;
/** All of them must be with a subscriber by then. */
const GOAL_MS = 5_000;
const PATIENCE_MS = 60_000;

/** 5,000 alarms raised within one second, at a subscriber, while ingest goes on. */
export const flood: Measurement = {
  id: "flood",
  async run(progress) {
    using folder = temporaryFolder("bench-flood");
    const site = writeMqttSite(folder, {
      link: '{ type: mqtt-broker, listen: "127.0.0.1:0" }',
      devices: DEVICES + 1,
      channels: CHANNELS,
    });
    await using gateway = await startGateway(site);
    progress(`${DEVICES * CHANNELS} alarms at once`);
    const seen = await raiseFlood(gateway.mqtt!, {
      devices: DEVICES,
      channels: CHANNELS,
      withinMs: PATIENCE_MS,
    });
    return [
      {
        what: `${DEVICES * CHANNELS} alarms raised at once, all at a subscriber`,
        goal: `≤ ${GOAL_MS / 1_000} s`,
        measured: `${(seen.lastMs / 1_000).toFixed(2)} s (readings accepted after ${(seen.publishedMs / 1_000).toFixed(2)} s)`,
        verdict: verdict(seen.lastMs <= GOAL_MS),
        figures: {
          last_alarm_ms: Math.round(seen.lastMs),
          readings_accepted_ms: Math.round(seen.publishedMs),
          other_messages_acknowledged: seen.acknowledgedMeanwhile,
        },
      },
    ];
  },
};
