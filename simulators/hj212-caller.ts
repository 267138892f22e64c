import { DATA_COMMANDS } from "../drivers/hj212/commands.ts";
import { DATA_FLAGS } from "../drivers/hj212/flags.ts";
import { writeTime } from "../drivers/hj212/parameters.ts";
import { commandOf, type Hj212Section, valueMapping } from "../drivers/hj212/profile.ts";
import { InternalError } from "../model/error.ts";
import { DAY, HOUR, MINUTE, type Micros } from "../model/time.ts";
import type { Caller } from "./caller-player.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { Hj212Logger } from "./hj212-logger.ts";
import type { Instrument, Saying } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import { compileRaw, type RawValue } from "./raw-value.ts";
import type { Stage } from "./stage.ts";

/** How often a logger reports real-time data that the scenario says nothing of. */
const DEFAULT_EVERY: Micros = 1 * MINUTE;
/** Loggers write the time of China. */
const ZONE: Micros = 8 * HOUR;
/** A number that an instrument shows has so many digits. */
const DIGITS = 10;
const MISSING_FLAG = "D";

export interface Hj212CallerOptions {
  readonly server: Endpoint;
  readonly password: string | undefined;
  readonly every: Micros | undefined;
  readonly stage: Stage;
}

interface Spoken {
  readonly index: number;
  readonly code: string;
  readonly field: string;
  readonly raw: RawValue;
}

/** One instrument as a data logger: real-time data by the clock, and the data of minutes, hours and days when those end. */
export class Hj212Caller implements Caller {
  readonly instrument: Instrument;
  readonly where: string;
  readonly every: Micros;
  readonly #logger: Hj212Logger;
  readonly #stage: Stage;
  readonly #section: Hj212Section;
  /** What each command carries. */
  readonly #spoken = new Map<number, Spoken[]>();
  readonly #flags = new Map<string, string>();
  /** The interval that was reported last, by command. */
  readonly #reported = new Map<number, Micros>();

  constructor(instrument: Instrument, { server, password, every, stage }: Hj212CallerOptions) {
    const { id, section, address, channels } = instrument.device;
    if (!("hj212" in section) || address.mn === undefined) {
      throw new InternalError("INTERNAL", `${id} is no data logger of HJ 212`);
    }
    this.instrument = instrument;
    this.where = `${formatEndpoint(server)} MN ${address.mn}`;
    this.every = every ?? DEFAULT_EVERY;
    this.#stage = stage;
    this.#section = section.hj212;
    for (const [flag, { reason }] of Object.entries(DATA_FLAGS)) this.#flags.set(reason, flag);
    for (const [flag, reason] of Object.entries(section.hj212.flags)) this.#flags.set(reason, flag);
    for (const [index, { local, unit }] of channels.entries()) {
      const channel = section.hj212.channels[local];
      if (channel === undefined) continue;
      const cn = commandOf(channel);
      const raw = compileRaw(valueMapping(channel), unit);
      const { code, field } = channel;
      this.#spoken.set(cn, [...(this.#spoken.get(cn) ?? []), { index, code, field, raw }]);
    }
    this.#logger = new Hj212Logger({
      ...server,
      mn: address.mn,
      clock: stage.clock,
      ...(password === undefined ? {} : { password }),
    });
  }

  get connected(): boolean {
    return this.#logger.connected;
  }

  connect(): Promise<void> {
    return this.#logger.connect();
  }

  close(): void {
    this.#logger.close();
  }

  async report(moment: Moment): Promise<void> {
    const now = this.#stage.clock.wall();
    const reports: Promise<void>[] = [];
    for (const [cn, spoken] of this.#spoken) {
      const time = this.#timeOf(cn, now);
      if (time !== undefined) reports.push(this.#logger.report(cn, this.#parameters(spoken, time, moment)));
    }
    await Promise.all(reports);
  }

  /** DataTime of a report that is due; undefined: its interval has been reported. */
  #timeOf(cn: number, now: Micros): Micros | undefined {
    const span = this.#spanOf(cn);
    if (span === 0) return now;
    const end = Math.floor((now + ZONE) / span) * span - ZONE;
    const before = this.#reported.get(cn);
    this.#reported.set(cn, end);
    // The interval that was running when it began is not whole.
    if (before === undefined || before === end) return undefined;
    return this.#section.interval === "start" ? end - span : end;
  }

  #spanOf(cn: number): Micros {
    if (cn === DATA_COMMANDS.minute) return this.#section.minute;
    if (cn === DATA_COMMANDS.hour) return HOUR;
    return cn === DATA_COMMANDS.day ? DAY : 0;
  }

  #parameters(spoken: readonly Spoken[], time: Micros, moment: Moment): string {
    const factors = spoken.map(({ index, code, field, raw }) => {
      const { text, flag } = this.#written(this.instrument.says(index, moment), raw);
      return `${field === "" ? code : `${code}-${field}`}=${text},${code}-Flag=${flag}`;
    });
    return [`DataTime=${writeTime(time, ZONE)}`, ...factors].join(";");
  }

  #written({ value, code }: Saying, raw: RawValue): { text: string; flag: string } {
    const normal = this.#flags.get("good") ?? "N";
    if (code?.raw !== undefined) return { text: String(code.raw), flag: normal };
    const number = raw.of(value);
    const text =
      typeof number === "string"
        ? number
        : Number.isFinite(number)
          ? String(Number(number.toPrecision(DIGITS)))
          : "";
    if (code?.reason === undefined) return { text, flag: text === "" ? MISSING_FLAG : normal };
    const own = raw.code(code.reason);
    if (own !== undefined) return { text: String(own), flag: normal };
    return { text, flag: this.#flags.get(code.reason) ?? MISSING_FLAG };
  }
}
