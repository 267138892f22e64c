import { stringify } from "yaml";
import { Hj212Logger, type Hj212LoggerOptions } from "../../simulators/hj212-logger.ts";
import { DriverStand, type DriverStandOptions } from "../tcp/driver-stand.ts";

/** The identity in the example of the standard. */
export const MN = "010000A8900016F000169DC0";

/** A profile of everything that tests look at; it stands in `profiles/logger.yaml`. */
export const PROFILE = stringify({
  id: "logger",
  vendor: "test",
  product: "test",
  class: "gas",
  name: "测试",
  source: "test",
  maturity: "documented",
  liveness: "1h",
  channels: {
    h2s: { quantity: "gas_mass", gas: "H2S", range: { low: 0, high: 100 } },
    nh3: { quantity: "gas_mass", gas: "NH3" },
    nh3_minute: { quantity: "gas_mass", gas: "NH3" },
    nh3_hour: { quantity: "gas_mass", gas: "NH3" },
    nh3_day: { quantity: "gas_mass", gas: "NH3" },
    nh3_peak: { quantity: "gas_mass", gas: "NH3" },
    alarm: { quantity: "gas_alarm", report: "on-change" },
  },
  hj212: {
    flags: { X: "sensor_failure" },
    channels: {
      h2s: { code: "a21028", codes: [{ equals: -9999, reason: "sensor_failure" }] },
      nh3: { code: "a21001", unit: "ug/m3" },
      nh3_minute: { code: "a21001", field: "Avg", data: "minute" },
      nh3_hour: { code: "a21001", field: "Avg", data: "hour" },
      nh3_day: { code: "a21001", field: "Avg", data: "day" },
      nh3_peak: { code: "a21001", field: "Max", data: "hour" },
      alarm: { code: "SB1", field: "RS", data: 2021 },
    },
  },
});

export interface TestSite {
  readonly link?: object;
  readonly address?: object;
  readonly section?: object;
  readonly profile?: string;
}

/** A site with one data logger, `logger`. */
export function siteText({ link, address, profile = "logger" }: TestSite = {}): string {
  return stringify({
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    links: { air: { type: "hj212-server", listen: "127.0.0.1:0", ...link } },
    points: { yard: { name: "屠宰场", domain: "gas" } },
    profiles: ["./profiles"],
    devices: { logger: { profile, link: "air", point: "yard", address: { mn: MN, ...address } } },
    rules: {
      h2s: {
        name: "硫化氢",
        applies: { device: "logger", channel: "h2s" },
        above: { red: 10 },
        basis: "GBZ 2.1",
        guidance: "撤离",
      },
    },
  });
}

/** A server with its logger on a free port of the loopback. */
export class Stand implements AsyncDisposable {
  readonly inner: DriverStand;
  readonly #loggers: Hj212Logger[] = [];

  static async open(site: TestSite = {}, options: DriverStandOptions = {}): Promise<Stand> {
    return new Stand(
      await DriverStand.open(siteText(site), { files: { "profiles/logger.yaml": PROFILE }, ...options }),
    );
  }

  private constructor(inner: DriverStand) {
    this.inner = inner;
  }

  /** A logger that has dialled in. */
  async call(options: Partial<Hj212LoggerOptions> = {}): Promise<Hj212Logger> {
    const { port, clock } = this.inner;
    const logger = new Hj212Logger({ host: "127.0.0.1", port, mn: MN, clock, ...options });
    this.#loggers.push(logger);
    await logger.connect();
    return logger;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const logger of this.#loggers) logger.close();
    await this.inner[Symbol.asyncDispose]();
  }
}
