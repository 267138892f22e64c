import { freePort } from "../../support/free-port.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { startLoad } from "../load/load.ts";
import { runProbe } from "../load/probe.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { Samples } from "../samples.ts";
import { mqttClients, writeMqttSite } from "../site.ts";
import { round3 } from "../table.ts";
import { portOf } from "./ingest-embedded.ts";

const GOAL_MS = 20;

const BACKGROUND = { channels: 10, messagesPerSecond: 500 } as const;
const PUBLISHERS = 4;
const ALARMS = 500;
const GAP_MS = 8;
const SECONDS = 15;
const PATIENCE_MS = 10_000;

/** From a sample to its alert at a subscriber, with readings in the background and an InfluxDB that is not there. */
export const alarmLatency: Measurement = {
  id: "alarm-latency",
  run: async (progress) => {
    using folder = temporaryFolder("bench");
    const clients = mqttClients(PUBLISHERS + 1);
    const site = writeMqttSite(folder, {
      link: '{ type: mqtt-broker, listen: "127.0.0.1:0" }',
      devices: clients.length,
      channels: BACKGROUND.channels,
      sinks: `{ influx: { type: influxdb1, url: "http://127.0.0.1:${await freePort()}", database: tocsin } }`,
    });
    await using gateway = await startGateway(site);
    const at = { host: "127.0.0.1", port: portOf(gateway.mqtt) };
    await using load = startLoad({
      ...at,
      ...BACKGROUND,
      clients: clients.slice(0, PUBLISHERS),
      window: 1_000,
      seconds: SECONDS,
    });
    await load.connected;
    progress(`${ALARMS} alarms`);
    const { raised, returned } = await runProbe({
      ...at,
      client: clients[PUBLISHERS]!,
      alarms: ALARMS,
      gapMs: GAP_MS,
      patienceMs: PATIENCE_MS,
    });
    const { readings, seconds } = await load.result;
    const alert = new Samples(raised);
    const over = new Samples(returned);
    const p99 = alert.percentile(0.99);
    return [
      {
        what: "sample to alert at a subscriber, 5,000 readings/s in the background, InfluxDB down",
        goal: "p99 ≤ 20 ms",
        measured:
          `p50 ${round3(alert.median)} ms, p99 ${round3(p99)} ms, longest ${round3(alert.greatest)} ms of ${alert.count}; ` +
          `background ${round3(readings / seconds)} readings/s`,
        verdict: verdict(p99 <= GOAL_MS),
        figures: {
          p50_ms: alert.median,
          p99_ms: p99,
          longest_ms: alert.greatest,
          return_p50_ms: over.median,
          return_p99_ms: over.percentile(0.99),
          background_readings_per_second: readings / seconds,
        },
      },
    ];
  },
};
