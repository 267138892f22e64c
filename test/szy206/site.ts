import { stringify } from "yaml";
import { Szy206Terminal, type Szy206TerminalOptions } from "../../simulators/szy206-terminal.ts";
import { DriverStand, type DriverStandOptions } from "../tcp/driver-stand.ts";

/** The terminal of the published frame. */
export const TERMINAL = "5303810D00";

export interface TestSite {
  readonly link?: object;
  readonly address?: object;
  readonly profile?: string;
}

/** A site with one terminal, `intake`. */
export function siteText({ link, address, profile = "szy206-flow" }: TestSite = {}): string {
  return stringify({
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    links: { water: { type: "szy206-server", listen: "127.0.0.1:0", ...link } },
    points: { weir: { name: "取水口", domain: "water" } },
    profiles: ["./profiles"],
    devices: {
      intake: { profile, link: "water", point: "weir", address: { terminal: TERMINAL, ...address } },
    },
    rules: {
      mains: {
        name: "停电",
        applies: { quantity: "mains" },
        equals: { yellow: "failed" },
        guidance: "检查供电",
      },
    },
  });
}

/** Temperatures of a maker's own layout, and words with the high byte first; it stands in `profiles/own.yaml`. */
export const OWN = stringify({
  id: "own",
  vendor: "test",
  product: "test",
  class: "level",
  name: "测试",
  source: "test",
  maturity: "documented",
  liveness: "1h",
  channels: {
    temperature: { quantity: "temperature" },
    second: { quantity: "temperature" },
    mains: { quantity: "mains", report: "on-change" },
    alarm: { quantity: "level_alarm", report: "on-change" },
  },
  szy206: {
    words: "high-first",
    layouts: { "9": [{ bytes: 2, decimals: 1, sign: "bit" }] },
    channels: {
      temperature: { code: 9, unit: "Cel" },
      second: { code: 9, at: 1, unit: "Cel" },
      mains: { alarm: 0 },
      alarm: { alarm: 2 },
    },
  },
});

/** A server with its terminal on a free port of the loopback. */
export class Stand implements AsyncDisposable {
  readonly inner: DriverStand;
  readonly #terminals: Szy206Terminal[] = [];

  static async open(site: TestSite = {}, options: DriverStandOptions = {}): Promise<Stand> {
    return new Stand(
      await DriverStand.open(siteText(site), { files: { "profiles/own.yaml": OWN }, ...options }),
    );
  }

  private constructor(inner: DriverStand) {
    this.inner = inner;
  }

  /** A terminal that has dialled in. */
  async call(options: Partial<Szy206TerminalOptions> = {}): Promise<Szy206Terminal> {
    const { port, clock } = this.inner;
    const terminal = new Szy206Terminal({ host: "127.0.0.1", port, address: TERMINAL, clock, ...options });
    this.#terminals.push(terminal);
    await terminal.connect();
    return terminal;
  }

  /** What entered, without times: `intake.flow 5.9 good`. */
  said(): string[] {
    return this.inner.entered().map((line) => line.replace(/ @.*$/, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const terminal of this.#terminals) terminal.close();
    await this.inner[Symbol.asyncDispose]();
  }
}
