import type { Counter as PrometheusCounter, Gauge as PrometheusGauge } from "@prometheus-io/client";
import type { CounterRegistry } from "../../model/counter.ts";

const PREFIX = "tocsin_";

/** A number that goes up and down, read when somebody asks. */
export interface Gauge {
  /** Prometheus name without prefix: `alarms_active`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Everything countable in Prometheus' text form. Built anew at each scrape: between scrapes it costs nothing. */
export async function renderMetrics(counters: CounterRegistry, gauges: readonly Gauge[]): Promise<string> {
  // A site that nobody scrapes does without the library.
  const prometheus = await import("@prometheus-io/client");
  const registry = new prometheus.Registry();
  const byName = new Map<string, PrometheusCounter<string> | PrometheusGauge<string>>();
  const labelsOf = new Map<string, Set<string>>();
  for (const { name } of counters) collectLabels(labelsOf, name.name, name.labels);
  for (const gauge of gauges) collectLabels(labelsOf, gauge.name, gauge.labels);
  const shape = (name: string, help: string) => ({
    name: PREFIX + name,
    help,
    labelNames: [...(labelsOf.get(name) ?? [])],
    registers: [registry],
  });
  for (const { name, total } of counters) {
    let metric = byName.get(name.name);
    if (metric === undefined) {
      metric = new prometheus.Counter({
        ...shape(name.name, name.help),
        name: `${PREFIX}${name.name}_total`,
      });
      byName.set(name.name, metric);
    }
    metric.inc({ ...name.labels }, total);
  }
  for (const gauge of gauges) {
    let metric = byName.get(gauge.name);
    if (metric === undefined) {
      metric = new prometheus.Gauge(shape(gauge.name, gauge.help));
      byName.set(gauge.name, metric);
    }
    metric.inc({ ...gauge.labels }, gauge.value);
  }
  return await registry.metrics();
}

function collectLabels(
  labels: Map<string, Set<string>>,
  name: string,
  values: Readonly<Record<string, string>> | undefined,
): void {
  const names = labels.get(name) ?? new Set();
  for (const label of Object.keys(values ?? {})) names.add(label);
  labels.set(name, names);
}
