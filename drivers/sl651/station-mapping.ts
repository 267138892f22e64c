import { GOOD, qualityOf, REASON } from "../../model/quality.ts";
import type { ChannelIndex, ReadingBatch } from "../../model/reading.ts";
import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import type { DeviceOnLink } from "../driver.ts";
import { compileValue, type Decoded, type ValueDecoder } from "../value.ts";
import { MISSING, UNREADABLE, UNREADABLE_TIME } from "./digits.ts";
import { GUIDE } from "./elements.ts";
import { type Field, fieldNumber } from "./field.ts";
import type { Sl651Address } from "./options.ts";
import { isHexCoded, type Sl651Section, valueMapping } from "./profile.ts";

/** A device as this link has it. */
export type Sl651Device = DeviceOnLink<Sl651Address, Sl651Section>;

/** Where one element goes. */
interface Target {
  readonly channel: ChannelIndex;
  /** Power of two of the bit; 0: the whole number. */
  readonly bit: number;
  readonly hex: boolean;
  readonly decode: ValueDecoder;
}

/** Values of a block are this far apart. */
const BLOCK_STEP: Micros = 5 * MINUTE;

/** From the elements of one station to readings of its device. */
export class StationMapping {
  readonly #targets = new Map<number, Target[]>();
  readonly #blocksAtLast: boolean;
  readonly #out: Decoded = { value: 0, reason: 0 };

  /** @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit its channel. */
  constructor(device: Sl651Device) {
    this.#blocksAtLast = device.profile.blocks === "last";
    for (const { local, channel } of device.channels) {
      const written = device.profile.channels[local];
      if (written === undefined) continue;
      const target: Target = {
        channel: channel.index,
        bit: written.bit === undefined ? 0 : 2 ** written.bit,
        hex: isHexCoded(written),
        decode: compileValue(valueMapping(written), {
          unit: channel.unit,
          ...(channel.range === undefined ? {} : { range: channel.range }),
        }),
      };
      const known = this.#targets.get(written.element);
      if (known === undefined) this.#targets.set(written.element, [target]);
      else known.push(target);
    }
  }

  /** Appends the readings of one element; false when no channel wants it. `manual`: a person typed it in. */
  add(field: Field, batch: ReadingBatch, manual: boolean): boolean {
    const targets = this.#targets.get(field.guide);
    if (targets === undefined) return false;
    const time = this.#timeOf(field);
    const out = this.#out;
    for (const { channel, bit, hex, decode } of targets) {
      const number = fieldNumber(field, hex);
      if (number === MISSING) batch.add(channel, Number.NaN, REASON.missing_value, time);
      else if (number === UNREADABLE) batch.add(channel, Number.NaN, REASON.undecodable, time);
      else {
        const raw = field.guide === GUIDE.duration ? hoursOf(number as number) : (number as number);
        decode(bit === 0 ? raw : Math.floor(raw / bit) % 2, out);
        const reason = manual && qualityOf(out.reason) === GOOD ? REASON.local_override : out.reason;
        batch.add(channel, out.value, reason, time);
      }
    }
    return true;
  }

  #timeOf({ time, count }: Field): Micros {
    return this.#blocksAtLast && count > 1 && time !== UNREADABLE_TIME
      ? time - (count - 1) * BLOCK_STEP
      : time;
  }
}

/** A duration is written HH.mm: 1.30 is an hour and a half. */
function hoursOf(written: number): number {
  const hours = Math.trunc(written);
  return hours + (Math.round((written - hours) * 100) * MINUTE) / HOUR;
}
