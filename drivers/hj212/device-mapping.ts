import { GOOD, qualityOf, REASON, type Reason } from "../../model/quality.ts";
import type { ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import { DAY, HOUR, type Micros } from "../../model/time.ts";
import type { DeviceOnLink, SnapshotValue } from "../driver.ts";
import { exceed, isRangeReason, judge } from "../judge.ts";
import { Said } from "../said.ts";
import { compileValue, type Decoded, type ValueDecoder } from "../value.ts";
import { DATA_COMMANDS } from "./commands.ts";
import { DATA_FLAGS } from "./flags.ts";
import type { Hj212Address } from "./options.ts";
import { Parameters, type ParameterVisitor, UNREADABLE_TIME, type Value } from "./parameters.ts";
import { commandOf, type Hj212Section, valueMapping } from "./profile.ts";

/** A device as this link has it. */
export type Hj212Device = DeviceOnLink<Hj212Address, Hj212Section>;

/** Where one value goes. */
interface Target {
  readonly slot: number;
  readonly channel: Channel;
  readonly decode: ValueDecoder;
}

/** What a report was, besides its readings. */
export interface Heard {
  /** Items that are none. */
  readonly senseless: number;
  /** Values that no channel wants. */
  readonly unmapped: number;
  /** Values with a flag that nobody explains. */
  readonly unknownFlags: number;
}

/** From the parameters of one device's reports to readings of its channels. */
export class DeviceMapping implements ParameterVisitor {
  readonly #device: Hj212Device;
  readonly #zone: Micros;
  /** By command and name. */
  readonly #targets = new Map<number, Map<string, Target[]>>();
  readonly #flags = new Map<string, Reason>();
  readonly #parameters = new Parameters();
  readonly #said: Said;
  readonly #out: Decoded = { value: 0, reason: 0 };
  // What is known of the report that is being read.
  #batch: ReadingBatch | undefined;
  #targetsNow: Map<string, Target[]> | undefined;
  #span: Micros = 0;
  #doubted = false;
  #received: Micros = 0;
  #unmapped = 0;
  #unknownFlags = 0;
  #from = "";

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit its channel. */
  constructor(device: Hj212Device, zone: Micros) {
    this.#device = device;
    this.#zone = zone;
    this.#said = new Said(device.channels.map(({ channel }) => channel.id));
    for (const [flag, { reason }] of Object.entries(DATA_FLAGS)) this.#flags.set(flag, REASON[reason]);
    for (const [flag, reason] of Object.entries(device.profile.flags)) this.#flags.set(flag, REASON[reason]);
    for (const [slot, { local, channel }] of device.channels.entries()) {
      const written = device.profile.channels[local];
      if (written === undefined) continue;
      const decode = compileValue(valueMapping(written), {
        unit: channel.unit,
        ...(channel.range === undefined ? {} : { range: channel.range }),
      });
      const cn = commandOf(written);
      const byName = this.#targets.get(cn) ?? new Map<string, Target[]>();
      this.#targets.set(cn, byName);
      const name = nameOf(written);
      byName.set(name, [...(byName.get(name) ?? []), { slot, channel, decode }]);
    }
  }

  /** Appends what a report says. `doubted`: its check sum was wrong, and nothing in it is good. */
  hear(
    report: { readonly cn: number; readonly cp: string },
    batch: ReadingBatch,
    how: { doubted: boolean; received: Micros },
  ): Heard {
    this.#batch = batch;
    this.#targetsNow = this.#targets.get(report.cn);
    this.#span = this.#device.profile.interval === "start" ? this.#spanOf(report.cn) : 0;
    this.#doubted = how.doubted;
    this.#received = how.received;
    this.#from = String(report.cn);
    this.#unmapped = 0;
    this.#unknownFlags = 0;
    const senseless = this.#parameters.read(report.cp, this.#zone, this);
    this.#batch = undefined;
    return { senseless, unmapped: this.#unmapped, unknownFlags: this.#unknownFlags };
  }

  value(value: Value): void {
    const name = value.field === "" ? value.code : `${value.code}-${value.field}`;
    const targets = this.#targetsNow?.get(name);
    if (targets === undefined || this.#batch === undefined) {
      this.#unmapped++;
      return;
    }
    const status = this.#statusOf(value.flag);
    for (const target of targets) this.#say(target, value, { status, name, batch: this.#batch });
  }

  /** What its channels said last in this run. */
  snapshot(): SnapshotValue[] {
    return this.#said.values();
  }

  #say(
    { slot, channel, decode }: Target,
    { text, flag, time: told }: Value,
    { status, name, batch }: { status: Reason; name: string; batch: ReadingBatch },
  ): void {
    const out = this.#out;
    if (text === "") {
      out.value = Number.NaN;
      out.reason = REASON.missing_value;
    } else decode(text, out);
    if (isRangeReason(status)) exceed(out, status);
    else judge(out, status, channel.danger);
    if (this.#doubted && qualityOf(out.reason) === GOOD) out.reason = REASON.uncertain;
    let time = told > UNREADABLE_TIME ? told + this.#span : told;
    // A clock that was set back would make new danger look older than the all-clear before it, and what is late raises nothing.
    if (channel.danger && out.value !== 0 && this.#said.isBack(slot, time)) time = Number.NaN;
    this.#said.timed(slot, time);
    batch.add(channel.index, out.value, out.reason, time);
    this.#said.hear(slot, {
      value: out.value,
      reason: out.reason,
      time: time > UNREADABLE_TIME ? time : this.#received,
      raw: flag === "" ? text : `${text} ${flag}`,
      from: `${name} in ${this.#from}`,
    });
  }

  #statusOf(flag: string): Reason {
    if (flag === "") return REASON.good;
    const reason = this.#flags.get(flag);
    if (reason !== undefined) return reason;
    this.#unknownFlags++;
    return REASON.uncertain;
  }

  #spanOf(cn: number): Micros {
    if (cn === DATA_COMMANDS.minute) return this.#device.profile.minute;
    if (cn === DATA_COMMANDS.hour) return HOUR;
    return cn === DATA_COMMANDS.day ? DAY : 0;
  }
}

/** How a value is called in parameters. */
function nameOf({ code, field }: { code: string; field: string }): string {
  return field === "" ? code : `${code}-${field}`;
}
