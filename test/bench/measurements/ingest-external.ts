import { missing } from "../../servers/available.ts";
import { startMosquitto } from "../../servers/mosquitto.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { startLoad } from "../load/load.ts";
import { leftOut, type Measurement, verdict } from "../measurement.ts";
import { Metrics } from "../metrics.ts";
import { usageOf } from "../process-usage.ts";
import { mqttClients, writeMqttSite } from "../site.ts";
import { round3 } from "../table.ts";

const WHAT = "MQTT QoS 1 from an external broker (Mosquitto), acknowledged only when durable";
const GOAL_TEXT = "≥ 20,000 readings/s";
const GOAL = 20_000;

const CLIENTS = 4;
/** What the broker has not passed on yet waits in its queue: this bounds it. */
const WINDOW = 500;
const CHANNELS = 16;
const WARM_UP_SECONDS = 1;
const SECONDS = 6;
const DRAIN_MS = 60_000;

export const ingestExternal: Measurement = {
  id: "ingest-external",
  run: async (progress) => {
    if (missing("mosquitto")) return [leftOut(WHAT, GOAL_TEXT, "no mosquitto on this machine")];
    const rows = [];
    for (const channels of [CHANNELS, 1]) {
      progress(`${channels} readings a message`);
      rows.push(await ingest(channels));
    }
    return rows;
  },
};

async function ingest(channels: number) {
  // Mosquitto acknowledges its publishers before it passes on: without a bound on its queue nothing is dropped there.
  await using broker = await startMosquitto({ lines: ["max_queued_messages 0"] });
  using folder = temporaryFolder("bench");
  const site = writeMqttSite(folder, {
    link: `{ type: mqtt-client, url: "${broker.url}" }`,
    devices: CLIENTS,
    channels,
  });
  await using gateway = await startGateway(site);
  const pid = gateway.child.process.pid!;
  const http = gateway.http!;
  const publish = (seconds: number) =>
    startLoad({
      host: broker.host,
      port: broker.port,
      clients: mqttClients(CLIENTS),
      channels,
      window: WINDOW,
      seconds,
    });
  const durable = (readings: number) =>
    until(
      `${readings} readings are durable`,
      async () => {
        const metrics = await Metrics.of(http);
        return (
          metrics.get("readings_entered") >= readings && metrics.get("journal_uncommitted_readings") === 0
        );
      },
      { withinMs: DRAIN_MS, everyMs: 50, detail: () => gateway.child.tail() },
    );
  await subscribed(http, gateway.child.tail.bind(gateway.child));
  const warmUp = await publish(WARM_UP_SECONDS).result;
  await durable(warmUp.readings);

  const before = usageOf(pid);
  const load = publish(SECONDS);
  await load.connected;
  const began = performance.now();
  const { readings, seconds: publishing } = await load.result;
  await durable(warmUp.readings + readings);
  const seconds = (performance.now() - began) / 1_000;
  const cpu = usageOf(pid).cpu - before.cpu;
  const metrics = await Metrics.of(http);
  const rate = readings / seconds;
  return {
    what: `${WHAT}, ${channels} reading${channels > 1 ? "s" : ""} a message`,
    goal: GOAL_TEXT,
    measured:
      `${round3(rate)} readings/s durable, ${round3(readings / cpu)} a CPU second; ` +
      `Mosquitto took ${round3(readings / publishing)}/s; repeats ${metrics.get("mqtt_repeats")}`,
    verdict: verdict(rate >= GOAL),
    figures: {
      readings_a_message: channels,
      readings_per_second: rate,
      messages_per_second: rate / channels,
      readings_per_cpu_second: readings / cpu,
      mosquitto_readings_per_second: readings / publishing,
    },
  };
}

/** Messages published before the subscription stands would be nobody's. */
async function subscribed(http: string, tail: () => string): Promise<void> {
  await until(
    "the gateway has subscribed",
    async () => {
      const response = await fetch(`http://${http}/api/links`);
      const { links } = (await response.json()) as { links: { up?: boolean }[] };
      return links.every(({ up }) => up !== false);
    },
    { detail: tail },
  );
}
