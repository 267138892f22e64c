import { join } from "node:path";
import { missing } from "../../servers/available.ts";
import { startInfluxdb1 } from "../../servers/influxdb1.ts";
import { startChild } from "../../support/child.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { startLoad } from "../load/load.ts";
import { leftOut, type Measurement, type Progress, type Row, verdict } from "../measurement.ts";
import { Metrics } from "../metrics.ts";
import { type ProcessUsage, peakOf, usageOf } from "../process-usage.ts";
import { mqttClients, writeMqttSite } from "../site.ts";
import { mebibytes, round3 } from "../table.ts";

const WHAT = "MQTT QoS 1 → embedded broker → durable → InfluxDB 1.x";
/** design: readings a second, sustained. */
const GOAL = 40_000;

const CLIENTS = 4;
const WINDOW = 1_000;
/** Compilers warm up, buffers grow. */
const WARM_UP_SECONDS = 2;
const SECONDS = 8;
/** InfluxDB may lag this long behind the last acknowledgement. */
const DRAIN_MS = 60_000;

/** Acknowledged and in InfluxDB, from publishers in a process of their own; beside it the bare MQTT library. */
export const ingestEmbedded: Measurement = {
  id: "ingest-embedded",
  run: async (progress) => {
    if (missing("influxd")) return [leftOut(WHAT, "≥ 40,000 readings/s", "no influxd on this machine")];
    const rows: Row[] = [];
    for (const channels of [16, 1]) rows.push(...(await ingest(channels, progress)));
    return rows;
  },
};

async function ingest(channels: number, progress: Progress): Promise<Row[]> {
  progress(`${channels} readings a message, bare library`);
  const ceiling = await bare(channels);
  progress(`${channels} readings a message, the gateway`);
  await using influx = await startInfluxdb1();
  using folder = temporaryFolder("bench");
  const site = writeMqttSite(folder, {
    link: '{ type: mqtt-broker, listen: "127.0.0.1:0" }',
    devices: CLIENTS,
    channels,
    sinks: `{ influx: { type: influxdb1, url: "${influx.url}", database: tocsin } }`,
  });
  await using gateway = await startGateway(site);
  const pid = gateway.child.process.pid!;
  const address = portOf(gateway.mqtt);
  const drained = () =>
    until(
      "InfluxDB has everything",
      async () => {
        const metrics = await Metrics.of(gateway.http!);
        return metrics.get("journal_uncommitted_readings") + metrics.get("sink_pending_records") === 0;
      },
      { withinMs: DRAIN_MS, everyMs: 100, detail: () => gateway.child.tail() },
    );
  await publish(address, channels, WARM_UP_SECONDS).result;
  await drained();

  const before = usageOf(pid);
  const entered = (await Metrics.of(gateway.http!)).get("readings_entered");
  const load = publish(address, channels, SECONDS);
  await load.connected;
  const began = performance.now();
  const result = await load.result;
  await drained();
  const seconds = (performance.now() - began) / 1_000;
  const after = usageOf(pid);
  const metrics = await Metrics.of(gateway.http!);
  if (metrics.get("readings_entered") - entered !== result.readings) {
    throw new Error(
      `${result.readings} readings acknowledged, ${metrics.get("readings_entered") - entered} entered`,
    );
  }
  const [total] = await influx.query("SELECT count(value) AS total FROM gas_lel");
  if (Number(total?.total) !== metrics.get("readings_entered")) {
    throw new Error(`InfluxDB has ${String(total?.total)} of ${metrics.get("readings_entered")} readings`);
  }
  const cpu = after.cpu - before.cpu;
  const rate = result.readings / seconds;
  const accepted = result.readings / result.seconds;
  return [
    {
      what: `${WHAT}, ${channels} reading${channels > 1 ? "s" : ""} a message`,
      goal: "≥ 40,000 readings/s",
      measured:
        `${round3(rate)} readings/s until InfluxDB has them (${round3(accepted)} acknowledged/s), ` +
        `${round3(result.readings / cpu)} a CPU second (${busiest(before, after, seconds)}), ${mebibytes(peakOf(pid))}; ` +
        `the bare library acknowledges ${round3(ceiling.rate)} readings/s, ${round3(ceiling.perCpuSecond)} a CPU second`,
      verdict: verdict(rate >= GOAL),
      figures: {
        readings_a_message: channels,
        readings_per_second: rate,
        acknowledged_per_second: accepted,
        messages_per_second: result.messages / result.seconds,
        readings_per_cpu_second: result.readings / cpu,
        cpu_seconds: cpu,
        peak_resident_bytes: peakOf(pid),
        bare_library_readings_per_second: ceiling.rate,
        bare_library_readings_per_cpu_second: ceiling.perCpuSecond,
        publisher_cpu_seconds: result.cpu,
      },
    },
  ];
}

function publish(port: number, channels: number, seconds: number) {
  return startLoad({
    host: "127.0.0.1",
    port,
    clients: mqttClients(CLIENTS),
    channels,
    window: WINDOW,
    seconds,
  });
}

/** What the MQTT library acknowledges with nothing behind it: same publishers, same machine, same minute. */
async function bare(channels: number): Promise<{ rate: number; perCpuSecond: number }> {
  await using broker = startChild(process.execPath, [join(import.meta.dirname, "../load/bare-broker.ts")]);
  const port = Number((await broker.waitForLine(/^listening (\d+)$/))[1]);
  await publish(port, channels, 1).result;
  const before = usageOf(broker.process.pid!);
  const { readings, seconds } = await publish(port, channels, SECONDS / 2).result;
  const cpu = usageOf(broker.process.pid!).cpu - before.cpu;
  return { rate: readings / seconds, perCpuSecond: readings / cpu };
}

/** The three busiest threads of a process and their share of a core. */
export function busiest(before: ProcessUsage, after: ProcessUsage, seconds: number): string {
  return [...after.threads]
    .map(([thread, cpu]) => ({ thread, share: (cpu - (before.threads.get(thread) ?? 0)) / seconds }))
    .sort((a, b) => b.share - a.share)
    .slice(0, 3)
    .map(({ thread, share }) => `${thread.replace(/ \d+$/, "")} ${Math.round(share * 100)} %`)
    .join(", ");
}

/** The port of `host:port`. @throws {Error} when there is none. */
export function portOf(address: string | undefined): number {
  const port = Number(address?.slice(address.lastIndexOf(":") + 1));
  if (!(port > 0)) throw new Error(`no port in ${address}`);
  return port;
}
