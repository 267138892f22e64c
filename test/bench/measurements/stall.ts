import { join } from "node:path";
import { startChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startLoad } from "../load/load.ts";
import { runProbe } from "../load/probe.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { Samples } from "../samples.ts";
import { mqttClients, writeMqttSite } from "../site.ts";
import { round3 } from "../table.ts";
import { portOf } from "./ingest-embedded.ts";

const GOAL_MS = 1_000;

const BACKGROUND = { channels: 10, messagesPerSecond: 500 } as const;
const PUBLISHERS = 4;
/** Spread over most of a stall of about ten seconds. */
const ALARMS = 20;
const GAP_MS = 200;
const SECONDS = 11;
const PATIENCE_MS = 15_000;
const START_MS = 20_000;

/** Red alerts while the disk does not answer for about ten seconds and readings go on arriving. */
export const stall: Measurement = {
  id: "stall",
  run: async (progress) => {
    using folder = temporaryFolder("bench");
    const clients = mqttClients(PUBLISHERS + 1);
    const site = writeMqttSite(folder, {
      link: '{ type: mqtt-broker, listen: "127.0.0.1:0" }',
      devices: clients.length,
      channels: BACKGROUND.channels,
    });
    await using gateway = startChild(process.execPath, [
      join(import.meta.dirname, "../load/pausable-gateway.ts"),
      site,
    ]);
    const [ready] = await gateway.waitForLine(/^\{.*"msg":"ready".*\}$/, START_MS);
    const at = { host: "127.0.0.1", port: portOf((JSON.parse(ready) as { mqtt?: string }).mqtt) };
    await using load = startLoad({
      ...at,
      ...BACKGROUND,
      clients: clients.slice(0, PUBLISHERS),
      window: 1_000,
      seconds: SECONDS,
    });
    await load.connected;
    progress(`${ALARMS} alarms while the disk stalls`);
    gateway.write("pause\n");
    await gateway.waitForLine(/^paused$/);
    const stalled = performance.now();
    const { raised, uncommitted } = await runProbe({
      ...at,
      client: clients[PUBLISHERS]!,
      alarms: ALARMS,
      gapMs: GAP_MS,
      patienceMs: PATIENCE_MS,
    });
    const seconds = (performance.now() - stalled) / 1_000;
    gateway.write("resume\n");
    await gateway.waitForLine(/^resumed$/);
    // Everything published meanwhile is acknowledged in the end.
    await load.result;
    const alert = new Samples(raised);
    return [
      {
        what: "red alert at a subscriber while the disk stalls",
        goal: "≤ 1 s",
        measured:
          `longest ${round3(alert.greatest)} ms, p50 ${round3(alert.median)} ms of ${alert.count} in a stall of ` +
          `${round3(seconds)} s; ${uncommitted} events marked uncommitted`,
        verdict: verdict(alert.greatest <= GOAL_MS),
        figures: {
          longest_ms: alert.greatest,
          p50_ms: alert.median,
          stall_seconds: seconds,
          uncommitted_events: uncommitted,
        },
      },
    ];
  },
};
