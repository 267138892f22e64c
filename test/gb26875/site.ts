import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { DeviceOnLink } from "../../drivers/driver.ts";
import type { Gb26875Address } from "../../drivers/gb26875/address.ts";
import { Gb26875Driver } from "../../drivers/gb26875/driver.ts";
import type { Gb26875Options } from "../../drivers/gb26875/options.ts";
import type { Gb26875Section } from "../../drivers/gb26875/profile.ts";
import { BUILT_IN_PROFILES } from "../../drivers/profile-store.ts";
import { loadConfiguration } from "../../gateway/config/load.ts";
import type { Configuration } from "../../gateway/configuration.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { type Log, SILENT } from "../../model/log.ts";
import type { Channel } from "../../model/site.ts";
import { type Clock, SystemClock } from "../../model/time.ts";
import { parseEndpoint } from "../../simulators/endpoint.ts";
import { SimulatedTransmitter, type SimulatedTransmitterOptions } from "../../simulators/gb26875-device.ts";
import { RecordingIntake, type ReportedHealth } from "../support/recording-intake.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** The device of the standard's examples. */
export const SOURCE = 889;

/** Two listed detectors and a listed system; all else is unlisted. */
const COMPONENTS = {
  panel: { name: "火灾报警控制器", address: { system: 1, systemAddress: 1 } },
  smoke: { name: "10区2位感烟", address: { system: 1, zone: 10, point: 2, type: 40 } },
  gas: { name: "1区7位燃气", address: { system: 1, zone: 1, point: 7, type: 12 } },
};

const BUILT_IN = "gb26875-device";
const VARIANT = "variant";

/** The built-in profile with another section in part; components are added to its own. */
function variant(section: { components?: object }): string {
  const profile = parse(readFileSync(join(BUILT_IN_PROFILES, `${BUILT_IN}.yaml`), "utf8")) as {
    gb26875: { components: object };
  };
  const components = { ...profile.gb26875.components, ...section.components };
  return stringify({ ...profile, id: VARIANT, gb26875: { ...profile.gb26875, ...section, components } });
}

export interface TestSite {
  readonly link?: object;
  readonly address?: object;
  readonly components?: object;
  /** What the built-in profile's section says otherwise. */
  readonly section?: object;
}

/** A site file with one transmission device, `uitd-1`. */
export function siteText(site: TestSite = {}): string {
  return stringify({
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    links: { fire: { type: "gb26875-server", listen: "127.0.0.1:0", ...site.link } },
    points: { tower: { name: "江天大厦", domain: "fire" } },
    devices: {
      "uitd-1": {
        profile: site.section === undefined ? BUILT_IN : VARIANT,
        link: "fire",
        point: "tower",
        address: { source: SOURCE, ...site.address },
        components: site.components ?? COMPONENTS,
      },
    },
    rules: {
      fire: { name: "火警", applies: { quantity: ["fire", "call_point"] }, equals: { red: "active" } },
    },
    profiles: site.section === undefined ? [] : ["./profiles"],
  });
}

/** A driver as the gateway would make it, with an intake whose disk a test moves. */
export class Stand implements AsyncDisposable {
  readonly configuration: Configuration;
  readonly driver: Gb26875Driver;
  readonly intake: RecordingIntake;
  readonly counters = new CounterRegistry();
  readonly clock: Clock;
  readonly #transmitters: SimulatedTransmitter[] = [];

  static async start(
    site: TestSite = {},
    more: { clock?: Clock; log?: Log; intake?: RecordingIntake } = {},
  ): Promise<Stand> {
    const stand = new Stand(site, more);
    await stand.driver.start(stand.intake);
    return stand;
  }

  private constructor(
    site: TestSite,
    {
      clock = new SystemClock(),
      log = SILENT,
      intake = new RecordingIntake(),
    }: { clock?: Clock; log?: Log; intake?: RecordingIntake },
  ) {
    const folder = temporaryFolder("gb26875");
    const path = folder.join("site.yaml");
    writeFileSync(path, siteText(site));
    if (site.section !== undefined) {
      mkdirSync(folder.join("profiles"));
      writeFileSync(folder.join("profiles", "variant.yaml"), variant(site.section));
    }
    this.configuration = loadConfiguration(path);
    folder.remove();
    this.clock = clock;
    this.intake = intake;
    const link = this.configuration.site.links[0]!;
    this.driver = new Gb26875Driver({
      link,
      options: link.options as Gb26875Options,
      devices: this.configuration.devicesOf(0) as DeviceOnLink<Gb26875Address, Gb26875Section>[],
      clock,
      log,
      counters: this.counters,
      secret: () => "",
    });
  }

  /** A channel by its key: `uitd-1:smoke.fire`. */
  channel(key: string): Channel {
    const channel = this.configuration.site.channels.find((candidate) => candidate.key === key);
    if (channel === undefined) throw new Error(`no channel ${key}`);
    return channel;
  }

  /** Everything that entered for a channel: value, and the reason unless it is good. */
  said(key: string): string[] {
    const { index } = this.channel(key);
    return this.intake.readings
      .filter(({ channel }) => channel === index)
      .map(({ value, reason }) => (reason === "good" ? `${value}` : `${value} ${reason}`));
  }

  /** What was told of the device itself: that it is gone, or back. */
  get outages(): readonly ReportedHealth[] {
    return this.intake.health.filter(({ thing }) => thing === "device");
  }

  /** A counter's total, over all labels unless some are given. */
  count(name: string, labels: Record<string, string> = {}): number {
    let sum = 0;
    for (const counter of this.counters) {
      if (counter.name.name !== `gb26875_${name}`) continue;
      if (Object.entries(labels).every(([key, value]) => counter.name.labels?.[key] === value))
        sum += counter.total;
    }
    return sum;
  }

  /** A transmission device, connected. */
  async transmitter(options: Partial<SimulatedTransmitterOptions> = {}): Promise<SimulatedTransmitter> {
    const transmitter = new SimulatedTransmitter({
      clock: this.clock,
      centre: parseEndpoint(this.driver.listening),
      source: SOURCE,
      destination: 88_888,
      ...options,
    });
    this.#transmitters.push(transmitter);
    await transmitter.connect();
    return transmitter;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const transmitter of this.#transmitters) await transmitter.disconnect();
    await this.driver.stop();
  }
}
