import { stringify } from "yaml";
import { SystemClock } from "../../model/time.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until, within } from "../support/until.ts";
import { DriverStand } from "../tcp/driver-stand.ts";

/** Devices of the bench's journal (delivery-bench.ts): record n is a reading of device n % 50, with value n. */
const DEVICES = Array.from({ length: 50 }, (_, n) => `device-${n}`);
const GROUP = "county";

const profile = (metric: string) =>
  stringify({
    id: "gauge",
    vendor: "test",
    product: "test",
    class: "level",
    name: "水位计",
    source: "test",
    maturity: "documented",
    channels: { level: { quantity: "water_level", period: "1m" } },
    sparkplug: { channels: { level: { metric } } },
  });

export interface EdgeHostOptions {
  readonly hostId?: string;
  readonly protocol?: 4 | 5;
  readonly node?: string;
  readonly devices?: readonly string[];
  /** The one metric of each device that it listens to. */
  readonly metric?: string;
}

/** Our own host application as the other side of our own edge node. */
export class EdgeHost implements AsyncDisposable {
  readonly #stand: DriverStand;

  static async start(url: string, options: EdgeHostOptions = {}): Promise<EdgeHost> {
    const { hostId = "scada", protocol = 5, node = "demo", devices = DEVICES, metric = "level" } = options;
    const onPlant = { profile: "gauge", link: "plant", point: "river" };
    const backoff = { first: "50ms", greatest: "200ms" };
    const site = stringify({
      site: { id: "host", name: "上位" },
      http: { enabled: false },
      profiles: ["./profiles"],
      links: { plant: { type: "sparkplug", url, protocol, hostId, backoff, rebirth: { interval: "1s" } } },
      points: { river: { name: "河", domain: "water" } },
      devices: Object.fromEntries(
        devices.map((device) => [`host-${device}`, { ...onPlant, address: { group: GROUP, node, device } }]),
      ),
    });
    const stand = await DriverStand.prepare(site, {
      clock: new SystemClock(),
      intake: new RecordingIntake(),
      files: { "profiles/gauge.yaml": profile(metric) },
    });
    const host = new EdgeHost(stand);
    await stand.driver.start(stand.intake);
    // It asks as soon as it hears: what is said before that, it does not hear.
    await until("the host is there", () => host.count("rebirth_requests") > 0);
    return host;
  }

  private constructor(stand: DriverStand) {
    this.#stand = stand;
  }

  get intake(): RecordingIntake {
    return this.#stand.intake;
  }

  count(name: string): number {
    for (const counter of this.#stand.counters) {
      if (counter.name.name === `sparkplug_${name}`) return counter.total;
    }
    throw new Error(`no counter sparkplug_${name}`);
  }

  /** Values that it has heard, each once, ascending. */
  get heard(): number[] {
    const values = this.intake.readings.map(({ value }) => value).filter((value) => !Number.isNaN(value));
    return [...new Set(values)].sort((a, b) => a - b);
  }

  async hears(values: readonly number[]): Promise<void> {
    await until(
      "the host has heard everything",
      () => {
        const heard = new Set(this.heard);
        return values.every((value) => heard.has(value));
      },
      { detail: () => `${this.heard.length} of ${values.length} values` },
    );
  }

  /** Stops it in good order: it says that it goes. */
  async stop(): Promise<void> {
    await within("the host stops", this.#stand.driver.stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Options of the edge node as the bench's site file has them. */
export function edgeOptions(url: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    type: "sparkplug",
    url,
    group: GROUP,
    start: "from-oldest",
    linger: "0s",
    batch: 100,
    backoff: { first: "50ms", greatest: "200ms" },
    ...more,
  };
}
