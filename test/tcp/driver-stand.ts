import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Driver } from "../../drivers/driver.ts";
import type { DialInDriver } from "../../drivers/tcp/dial-in.ts";
import { loadConfiguration } from "../../gateway/config/load.ts";
import type { Configuration } from "../../gateway/configuration.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { type Log, SILENT } from "../../model/log.ts";
import { type Clock, HOUR, MILLISECOND, type Micros, SystemClock } from "../../model/time.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Devices write the time of China. */
export const BEIJING: Micros = 8 * HOUR;

export interface DriverStandOptions {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly intake?: RecordingIntake;
  readonly files?: Readonly<Record<string, string>>;
  /** Id of the link. Default: the site's first. */
  readonly link?: string;
}

/** The driver of one of a site's links as the gateway would make it, and what enters the intake. */
export class DriverStand implements AsyncDisposable {
  readonly configuration: Configuration;
  readonly intake: RecordingIntake;
  readonly counters = new CounterRegistry();
  readonly clock: Clock;
  driver!: DialInDriver & Pick<Driver, "request">;

  static async open(site: string, options: DriverStandOptions = {}): Promise<DriverStand> {
    const stand = await DriverStand.prepare(site, options);
    await stand.driver.start(stand.intake);
    return stand;
  }

  /** The same, before it is started. */
  static async prepare(site: string, options: DriverStandOptions = {}): Promise<DriverStand> {
    const stand = new DriverStand(site, options);
    const { configuration, counters, clock } = stand;
    const { links } = configuration.site;
    const link = links.find(({ id }) => id === (options.link ?? id))!;
    const { create } = await configuration.drivers.get(link.type)!.load();
    stand.driver = create({
      link,
      siteId: configuration.site.id,
      options: link.options,
      devices: configuration.devicesOf(link.index),
      clock,
      log: options.log ?? SILENT,
      counters,
      secret: (reference) => `secret of ${reference.slice("env:".length)}`,
    }) as DialInDriver;
    return stand;
  }

  private constructor(site: string, options: DriverStandOptions) {
    using folder = temporaryFolder("driver");
    for (const [name, text] of Object.entries({ ...options.files, "site.yaml": site })) {
      mkdirSync(dirname(folder.join(name)), { recursive: true });
      writeFileSync(folder.join(name), text);
    }
    this.configuration = loadConfiguration(folder.join("site.yaml"));
    this.clock = options.clock ?? new SystemClock();
    this.intake = options.intake ?? new RecordingIntake();
  }

  get port(): number {
    return Number(this.driver.listening.split(":").at(-1));
  }

  /** What entered: `logger.h2s 0.031 good @2026-05-21 14:30:00`. */
  entered(): string[] {
    return this.intake.readings.map(({ channel, value, reason, time }) => {
      const { key } = this.configuration.site.channels[channel]!;
      const when = Number.isNaN(time) ? "" : ` @${beijing(time)}`;
      return `${key} ${Number.isNaN(value) ? "-" : value} ${reason}${when}`;
    });
  }

  /** Sum of a counter over its labels, all or those given. */
  total(name: string, labels: Record<string, string> = {}): number {
    let sum = 0;
    for (const counter of this.counters) {
      if (counter.name.name !== name) continue;
      if (Object.entries(labels).every(([key, value]) => counter.name.labels?.[key] === value))
        sum += counter.total;
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.intake.makeDurable();
    await this.driver.stop();
  }
}

/** An instant as clocks in China show it. */
export function beijing(time: Micros): string {
  return new Date((time + BEIJING) / MILLISECOND).toISOString().slice(0, 19).replace("T", " ");
}

/** A small generator with a seed, so that what fails can be had again: whole numbers below `below`. */
export function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
