import { type Sign, writeNumber } from "../drivers/szy206/numbers.ts";
import { layoutOf, type Szy206Section, valueMapping } from "../drivers/szy206/profile.ts";
import { InternalError } from "../model/error.ts";
import { qualityOf, REASON } from "../model/quality.ts";
import { MINUTE, type Micros } from "../model/time.ts";
import type { Caller } from "./caller-player.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Instrument, Saying } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { compileRaw, type RawValue } from "./raw-value.ts";
import type { Stage } from "./stage.ts";
import { Szy206Terminal } from "./szy206-terminal.ts";

/** How often a terminal reports that the scenario says nothing of. */
const DEFAULT_EVERY: Micros = 5 * MINUTE;

export interface Szy206CallerOptions {
  readonly server: Endpoint;
  readonly every: Micros | undefined;
  readonly stage: Stage;
}

interface Spoken {
  readonly index: number;
  readonly at: number;
  readonly raw: RawValue;
}

/** One instrument as a terminal: a report of each kind of value by the clock, with the alarm and status words. */
export class Szy206Caller implements Caller {
  readonly instrument: Instrument;
  readonly where: string;
  readonly every: Micros;
  readonly #terminal: Szy206Terminal;
  readonly #section: Szy206Section;
  /** Values by the code of their report. */
  readonly #values = new Map<number, Spoken[]>();
  readonly #alarms: Spoken[] = [];
  readonly #states: Spoken[] = [];

  constructor(instrument: Instrument, { server, every, stage }: Szy206CallerOptions) {
    const { id, section, address, channels } = instrument.device;
    if (!("szy206" in section) || address.terminal === undefined) {
      throw new InternalError("INTERNAL", `${id} is no terminal of SZY 206`);
    }
    this.instrument = instrument;
    this.where = `${formatEndpoint(server)} terminal ${address.terminal}`;
    this.every = every ?? DEFAULT_EVERY;
    this.#section = section.szy206;
    for (const [index, { local, unit }] of channels.entries()) {
      const channel = section.szy206.channels[local];
      if (channel === undefined) continue;
      const raw = compileRaw(valueMapping(channel), unit);
      const spoken = { index, at: channel.alarm ?? channel.status ?? channel.at, raw };
      if (channel.alarm !== undefined) this.#alarms.push(spoken);
      else if (channel.status !== undefined) this.#states.push(spoken);
      else if (channel.code !== undefined) {
        this.#values.set(channel.code, [...(this.#values.get(channel.code) ?? []), spoken]);
      }
    }
    this.#terminal = new Szy206Terminal({ ...server, address: address.terminal, clock: stage.clock });
  }

  get connected(): boolean {
    return this.#terminal.connected;
  }

  connect(): Promise<void> {
    return this.#terminal.connect();
  }

  close(): void {
    this.#terminal.close();
  }

  async report(moment: Moment): Promise<void> {
    const alarm = this.#word(this.#alarms, moment);
    const status = this.#word(this.#states, moment);
    for (const [code, spoken] of this.#values) {
      await this.#terminal.report({ code, values: this.#bytes(code, spoken, moment), alarm, status });
    }
  }

  #bytes(code: number, spoken: readonly Spoken[], moment: Moment): Buffer {
    const layout = layoutOf(this.#section, code) ?? [{ bytes: 1, decimals: 0, sign: "none" as Sign }];
    const rows = Math.ceil((Math.max(...spoken.map(({ at }) => at)) + 1) / layout.length);
    const values = Array.from({ length: rows * layout.length }, (_, at) => {
      const channel = spoken.find((one) => one.at === at);
      const value =
        channel === undefined ? null : written(this.instrument.says(channel.index, moment), channel.raw);
      return writeNumber(value, layout[at % layout.length]!);
    });
    return Buffer.concat(values);
  }

  #word(bits: readonly Spoken[], moment: Moment): number {
    let word = 0;
    for (const { index, at, raw } of bits) {
      if (written(this.instrument.says(index, moment), raw) === 1) word |= 1 << at;
    }
    return word;
  }
}

/** What a terminal writes for what an instrument says; null for what it has no value of. */
function written({ value, code }: Saying, raw: RawValue): number | null {
  if (code?.raw !== undefined) return Number(code.raw);
  if (code?.reason !== undefined && qualityOf(REASON[code.reason]) !== 0)
    return raw.code(code.reason) ?? null;
  const number = Number(raw.of(value));
  return Number.isFinite(number) ? number : null;
}
