import { REASON, type Reason } from "../../model/quality.ts";
import { NO_TIME, type ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { DeviceOnLink, SnapshotValue } from "../driver.ts";
import { Said } from "../said.ts";
import { compileValue, type Decoded, type ValueDecoder } from "../value.ts";
import { afnName, type Frame } from "./frame.ts";
import { MISSING, UNREADABLE, UNREADABLE_TIME } from "./numbers.ts";
import type { Szy206Address } from "./options.ts";
import { layoutOf, type Szy206Section, valueMapping } from "./profile.ts";
import { type Report, readReport } from "./report.ts";

/** A device as this link has it. */
export type Szy206Device = DeviceOnLink<Szy206Address, Szy206Section>;

interface Target {
  readonly slot: number;
  readonly channel: Channel;
  readonly decode: ValueDecoder;
  /** Where its value is. */
  readonly at: number;
}

/** From the reports of one terminal to readings of its channels. */
export class TerminalMapping {
  readonly #section: Szy206Section;
  readonly #zone: Micros;
  readonly #label: boolean;
  readonly #values = new Map<number, Target[]>();
  readonly #alarms: Target[] = [];
  readonly #states: Target[] = [];
  readonly #said: Said;
  readonly #out: Decoded = { value: 0, reason: 0 };

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit its channel. */
  constructor(device: Szy206Device, { zone, label }: { zone: Micros; label: boolean }) {
    this.#section = device.profile;
    this.#zone = zone;
    this.#label = label;
    this.#said = new Said(device.channels.map(({ channel }) => channel.id));
    for (const [slot, { local, channel }] of device.channels.entries()) {
      const written = device.profile.channels[local];
      if (written === undefined) continue;
      const decode = compileValue(valueMapping(written), {
        unit: channel.unit,
        ...(channel.range === undefined ? {} : { range: channel.range }),
      });
      const target = { slot, channel, decode, at: written.alarm ?? written.status ?? written.at };
      if (written.alarm !== undefined) this.#alarms.push(target);
      else if (written.status !== undefined) this.#states.push(target);
      else if (written.code !== undefined) {
        this.#values.set(written.code, [...(this.#values.get(written.code) ?? []), target]);
      }
    }
  }

  /**
   * Appends what a report says, and gives it back. `now` is the wall clock, for labels without a month.
   * @throws DeviceError DEVICE_UNDECODABLE
   */
  hear(
    frame: Frame,
    batch: ReadingBatch,
    { now, received }: { now: Micros; received: Micros },
  ): Report & { readonly unmapped: number } {
    const report = readReport(frame, {
      layout: layoutOf(this.#section, frame.code),
      label: this.#label,
      highFirst: this.#section.words === "high-first",
      zone: this.#zone,
      now,
    });
    const said = {
      batch,
      received,
      time: this.#section.time === "label" ? report.time : NO_TIME,
      from: `${afnName(frame.afn).en}, code ${frame.code}`,
    };
    let mapped = 0;
    for (const target of this.#values.get(frame.code) ?? []) {
      const value = report.values[target.at];
      if (value === undefined) continue;
      mapped++;
      this.#value(target, value, said);
    }
    this.#bits(this.#alarms, report.alarm, said);
    this.#bits(this.#states, report.status, said);
    return { ...report, unmapped: Math.max(0, report.values.length - mapped) };
  }

  /** What its channels said last in this run. */
  snapshot(): SnapshotValue[] {
    return this.#said.values();
  }

  #bits(targets: readonly Target[], word: number | undefined, said: Saying): void {
    if (word === undefined) return;
    for (const target of targets) this.#value(target, (word >> target.at) & 1, said);
  }

  #value(target: Target, value: Report["values"][number], said: Saying): void {
    const out = this.#out;
    if (value === MISSING)
      this.#say(target, { value: Number.NaN, reason: REASON.missing_value, raw: "AA" }, said);
    else if (value === UNREADABLE) {
      this.#say(target, { value: Number.NaN, reason: REASON.undecodable, raw: "?" }, said);
    } else {
      target.decode(value as number, out);
      this.#say(target, { value: out.value, reason: out.reason, raw: String(value as number) }, said);
    }
  }

  #say(
    { slot, channel }: Target,
    { value, reason, raw }: { value: number; reason: Reason; raw: string },
    { batch, received, time: told, from }: Saying,
  ): void {
    let time = told;
    // A clock that was set back would make new danger look older than the all-clear before it, and what is late raises nothing.
    if (channel.danger && value !== 0 && this.#said.isBack(slot, time)) time = NO_TIME;
    this.#said.timed(slot, time);
    batch.add(channel.index, value, reason, time);
    this.#said.hear(slot, { value, reason, time: time > UNREADABLE_TIME ? time : received, raw, from });
  }
}

interface Saying {
  readonly batch: ReadingBatch;
  readonly received: Micros;
  readonly time: Micros;
  readonly from: string;
}
