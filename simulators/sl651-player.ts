import type { Written, WrittenElement, WrittenGroup } from "../drivers/sl651/body-writer.ts";
import { FUNCTION } from "../drivers/sl651/control.ts";
import { BLOCK_VALUES, GUIDE, isBlock } from "../drivers/sl651/elements.ts";
import { type Sl651Section, valueMapping } from "../drivers/sl651/profile.ts";
import { formatStationAddress } from "../drivers/sl651/station-address.ts";
import { describe, InternalError } from "../model/error.ts";
import { qualityOf, REASON } from "../model/quality.ts";
import { HOUR, MINUTE, type Micros, SECOND } from "../model/time.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Instrument, Saying } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";
import { compileRaw, type RawValue } from "./raw-value.ts";
import { Sl651Station } from "./sl651-station.ts";
import type { Stage } from "./stage.ts";

/** How often a station reports that the scenario says nothing of: the time report of a river in flood. */
const DEFAULT_EVERY: Micros = 5 * MINUTE;
/** A centre that is not there is dialled again after this time. */
const REDIAL: Micros = 5 * SECOND;
/** Most stations of the field: rivers. The gateway does not look at it. */
const CLASS_RIVER = 0x48;
const BLOCK_STEP: Micros = 5 * MINUTE;

export interface Sl651PlayerOptions {
  /** Where the centre listens. */
  readonly server: Endpoint;
  /** Password of all stations, as on the wire. */
  readonly password: number;
  readonly instruments: readonly Instrument[];
  /** How often a device reports, by its id; undefined: every five minutes. */
  readonly every: (device: string) => Micros | undefined;
  readonly stage: Stage;
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** The stations that dial one centre of SL 651-2014, each with a connection of its own. */
export class Sl651Player implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #options: Sl651PlayerOptions;
  readonly #stations: readonly PlayedStation[];

  constructor(link: string, options: Sl651PlayerOptions) {
    this.link = link;
    this.#options = options;
    this.#stations = options.instruments.map((instrument) => new PlayedStation(instrument, options));
  }

  /** A centre that is not there yet is a normal situation: stations dial on their first tick, and again. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    for (const station of this.#stations) station.tick(moment);
  }

  reached(): Reached[] {
    return this.#stations.map(({ instrument: { device }, address }) => ({
      device: device.id,
      name: device.name,
      profile: device.profile,
      link: device.link,
      where: `${formatEndpoint(this.#options.server)} station ${formatStationAddress(address)}`,
      channels: device.channels.length,
    }));
  }

  stop(): Promise<void> {
    for (const station of this.#stations) station.close();
    return Promise.resolve();
  }
}

interface SpokenChannel {
  readonly index: number;
  readonly guide: number;
  /** Of a bit its power of two, else 0. */
  readonly bit: number;
  readonly raw: RawValue;
  readonly discrete: boolean;
}

/** One instrument as a station: reports by the clock, and at once when a state changes. */
class PlayedStation {
  readonly instrument: Instrument;
  readonly address: number;
  readonly #o: Sl651PlayerOptions;
  readonly #station: Sl651Station;
  readonly #channels: readonly SpokenChannel[];
  readonly #every: Micros;
  readonly #last = new Map<number, number>();
  #due: Micros = 0;
  #blocksDue: Micros = HOUR;
  #dialAt: Micros = 0;
  #dialling = false;

  constructor(instrument: Instrument, options: Sl651PlayerOptions) {
    const { id, section, address, channels } = instrument.device;
    if (!("sl651" in section) || address.station === undefined) {
      throw new InternalError("INTERNAL", `${id} is no station of SL 651`);
    }
    this.instrument = instrument;
    this.address = address.station;
    this.#o = options;
    this.#every = options.every(id) ?? DEFAULT_EVERY;
    this.#channels = channels.flatMap((channel, index) => spoken(section.sl651, channel, index));
    this.#station = new Sl651Station({
      ...options.server,
      address: this.address,
      password: options.password,
      clock: options.stage.clock,
      answer: ({ code }) =>
        code === FUNCTION.queryNow ? { stations: [this.#report(options.stage.moment(), false)] } : {},
    });
  }

  tick(moment: Moment): void {
    const away = this.instrument
      .faults(moment)
      .some(({ fault: { kind } }) => ["dead", "offline"].includes(kind));
    if (away) {
      if (this.#station.connected) this.#o.onConnection(this.instrument.device.id, false);
      this.#station.close();
      this.#due = 0;
      return;
    }
    if (!this.#station.connected) {
      this.#dial(moment.elapsed);
      return;
    }
    const changed = this.#changed(moment);
    if (!changed && moment.elapsed < this.#due) return;
    const blocks = moment.elapsed >= this.#blocksDue;
    if (blocks) this.#blocksDue = moment.elapsed + HOUR;
    if (moment.elapsed >= this.#due) this.#due = moment.elapsed + this.#every;
    const code = changed ? FUNCTION.additional : blocks ? FUNCTION.hourly : FUNCTION.timed;
    this.#station.report(code, { stations: [this.#report(moment, blocks)] }).catch((error: unknown) => {
      this.#o.onTrouble(this.instrument.device.id, describe(error));
    });
  }

  close(): void {
    this.#station.close();
  }

  #dial(elapsed: Micros): void {
    if (this.#dialling || elapsed < this.#dialAt) return;
    this.#dialling = true;
    this.#dialAt = elapsed + REDIAL;
    const { id } = this.instrument.device;
    this.#station
      .connect()
      .then(() => this.#o.onConnection(id, true))
      .catch((error: unknown) => this.#o.onTrouble(id, describe(error)))
      .finally(() => {
        this.#dialling = false;
      });
  }

  /** Whether a state differs from what it was at the last look. */
  #changed(moment: Moment): boolean {
    let changed = false;
    for (const { index, discrete } of this.#channels) {
      if (!discrete) continue;
      const { value } = this.instrument.says(index, moment);
      const last = this.#last.get(index);
      this.#last.set(index, value);
      if (last !== undefined && !Object.is(last, value)) changed = true;
    }
    return changed;
  }

  #report(moment: Moment, blocks: boolean) {
    const now = Math.floor(this.#o.stage.clock.wall() / MINUTE) * MINUTE;
    const present: WrittenElement[] = [];
    const hour: WrittenElement[] = [];
    let status: number | undefined;
    for (const { index, guide, bit, raw } of this.#channels) {
      const value = written(this.instrument.says(index, moment), raw);
      if (bit > 0) status = (status ?? 0) + (value === 1 ? bit : 0);
      else if (isBlock(guide)) hour.push({ guide, value: new Array<Written>(BLOCK_VALUES).fill(value) });
      else present.push({ guide, value });
    }
    if (status !== undefined) present.push({ guide: GUIDE.status, value: status });
    const groups: WrittenGroup[] = [];
    // An hour's values begin with the oldest, whose time is the one that is written (6.6.4.7).
    if (blocks && hour.length > 0) {
      groups.push({ observed: now - (BLOCK_VALUES - 1) * BLOCK_STEP, elements: hour });
    }
    groups.push({ observed: now, elements: present });
    return { address: this.address, category: CLASS_RIVER, groups };
  }
}

function spoken(
  section: Sl651Section,
  channel: Instrument["device"]["channels"][number],
  index: number,
): SpokenChannel[] {
  const how = section.channels[channel.local];
  if (how === undefined) return [];
  const raw = compileRaw(valueMapping(how), channel.unit);
  const bit = how.bit === undefined ? 0 : 2 ** how.bit;
  return [{ index, guide: how.element, bit, raw, discrete: channel.unit === "state" }];
}

/** What a station writes for what an instrument says; null for what it has no value of. */
function written({ value, code }: Saying, raw: RawValue): Written {
  if (code?.raw !== undefined) return Number(code.raw);
  if (code?.reason !== undefined && qualityOf(REASON[code.reason]) !== 0)
    return raw.code(code.reason) ?? null;
  const number = Number(raw.of(value));
  return Number.isFinite(number) ? number : null;
}
