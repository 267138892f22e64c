import type { z } from "zod";
import { type Profile, profileSchema } from "../../drivers/profile.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { Sl651Driver } from "../../drivers/sl651/driver.ts";
import { type Sl651Options, sl651AddressSchema, sl651LinkSchema } from "../../drivers/sl651/options.ts";
import type { sl651SectionSchema } from "../../drivers/sl651/profile.ts";
import { parseStationAddress } from "../../drivers/sl651/station-address.ts";
import type { Sl651Device } from "../../drivers/sl651/station-mapping.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { type Log, SILENT } from "../../model/log.ts";
import { isDiscrete, type Quantity, quantityRow } from "../../model/quantity.ts";
import type { Channel } from "../../model/site.ts";
import { type Clock, SystemClock } from "../../model/time.ts";
import { Sl651Station, type Sl651StationOptions } from "../../simulators/sl651-station.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { beijing } from "./reading.ts";

/** One station of a test. */
export interface TestStation {
  readonly id: string;
  /** A built-in profile by id, or channels and section of one. */
  readonly profile:
    | string
    | {
        channels: Record<string, { quantity: Quantity; range?: { low: number; high: number } }>;
        sl651: z.input<typeof sl651SectionSchema>;
      };
  readonly address: z.input<typeof sl651AddressSchema>;
}

const builtIn = loadProfiles([BUILT_IN_PROFILES]).profiles;

/** The station of the examples of the standard. */
export const RIVER: TestStation = { id: "river", profile: "sl651-river", address: { station: "0012345678" } };

export interface StandOptions {
  readonly stations?: readonly TestStation[];
  readonly link?: z.input<typeof sl651LinkSchema>;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Everything is on disk at once. Default: true. */
  readonly instant?: boolean;
}

/** A server with its stations on a free port of the loopback, and what enters the intake. */
export class Stand implements AsyncDisposable {
  readonly driver: Sl651Driver;
  readonly intake: RecordingIntake;
  readonly counters = new CounterRegistry();
  readonly channels: Channel[] = [];
  readonly clock: Clock;
  readonly #calls: Sl651Station[] = [];

  static async open(options: StandOptions = {}): Promise<Stand> {
    const stand = new Stand(options);
    await stand.driver.start(stand.intake);
    return stand;
  }

  constructor(options: StandOptions = {}) {
    this.clock = options.clock ?? new SystemClock();
    this.intake = new RecordingIntake({ instant: options.instant ?? true });
    const devices = (options.stations ?? [RIVER]).map((station, index) => this.#resolve(station, index));
    const parsed: Sl651Options = sl651LinkSchema.parse({ listen: "127.0.0.1:0", ...options.link });
    this.driver = new Sl651Driver({
      link: {
        index: 0,
        id: "rtu",
        key: "link@rtu",
        name: { zh: "rtu", en: "rtu" },
        type: "sl651-server",
        options: parsed,
      },
      options: parsed,
      devices,
      clock: this.clock,
      log: options.log ?? SILENT,
      counters: this.counters,
      secret: () => "1234",
    });
  }

  get port(): number {
    return Number(this.driver.listening.split(":").at(-1));
  }

  /** A station that has dialled in. */
  async call(options: Partial<Sl651StationOptions> = {}): Promise<Sl651Station> {
    const station = new Sl651Station({
      host: "127.0.0.1",
      port: this.port,
      address: parseStationAddress("0012345678")!,
      clock: this.clock,
      ...options,
    });
    this.#calls.push(station);
    await station.connect();
    return station;
  }

  /** What entered: `river.level 10.49 good @2017-07-18 11:00`. */
  entered(): string[] {
    return this.intake.readings.map(({ channel, value, reason, time }) => {
      const { key } = this.channels[channel]!;
      return `${key} ${Number.isNaN(value) ? "-" : value} ${reason} @${beijing(time, 16)}`;
    });
  }

  /** Sum of a counter over its labels. */
  total(name: string): number {
    let sum = 0;
    for (const counter of this.counters) if (counter.name.name === name) sum += counter.total;
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const station of this.#calls) station.close();
    this.intake.makeDurable();
    await this.driver.stop();
  }

  #resolve({ id, profile, address }: TestStation, index: number): Sl651Device {
    const resolved = resolve(profile);
    const channels = Object.entries(resolved.channels).map(([local, declared]) => {
      const row = quantityRow(declared.quantity);
      const channel: Channel = {
        index: this.channels.length,
        id: local,
        key: `${id}.${local}`,
        name: { zh: local, en: local },
        device: index,
        point: 0,
        quantity: declared.quantity,
        unit: row.unit,
        ...(declared.range === undefined ? {} : { range: declared.range }),
        danger: isDiscrete(declared.quantity) && row.asserts === "danger",
        period: 0,
        report: "periodic",
        stale: 0,
        heartbeat: 0,
        greatestDelay: 0,
        mode: "live",
      };
      this.channels.push(channel);
      return { local, channel };
    });
    const parsed = sl651AddressSchema.parse(address);
    return {
      device: {
        index,
        id,
        key: id,
        name: { zh: id, en: id },
        link: 0,
        point: 0,
        profile: "test",
        address: parsed,
        components: [],
        channels: channels.map(({ channel }) => channel.index),
        liveness: 0,
      },
      address: parsed,
      profile: resolved.sl651!,
      channels,
    };
  }
}

function resolve(profile: TestStation["profile"]): Pick<Profile, "channels" | "sl651"> {
  if (typeof profile !== "string") {
    return {
      channels: profileSchema.shape.channels.parse(profile.channels),
      sl651: profileSchema.shape.sl651.parse(profile.sl651),
    };
  }
  const found = builtIn.get(profile);
  if (found?.sl651 === undefined) throw new Error(`no SL 651 profile ${profile}`);
  return found;
}
