import { crc32 } from "node:zlib";
import type { ReadingBatch } from "../../model/reading.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { Intake } from "../driver.ts";
import type { Frame } from "./frame.ts";
import type { Unit } from "./unit.ts";

/** An unconfirmed frame is sent again after at most ten seconds, three times (6.2); a little is added for the way. */
const RESEND_SPAN: Micros = 40 * SECOND;
const SOURCE_BYTES = 6;
/** Source, serial number and command of the frame whose identity is taken; overwritten by the next. */
const header = Buffer.alloc(SOURCE_BYTES + 3);

/** 64 bits of who sent what under which number. */
export interface Identity {
  readonly high: number;
  readonly low: number;
}

/** The identity of a frame: who sent it under which number, and what it says. Two sums, so that neither can hide the other. */
export function identityOf({ source, serial, command, unit }: Frame): Identity {
  header.writeUIntLE(source, 0, SOURCE_BYTES);
  header.writeUInt16LE(serial, SOURCE_BYTES);
  header.writeUInt8(command, SOURCE_BYTES + 2);
  const high = crc32(unit);
  const low = crc32(header);
  return high === 0 && low === 0 ? { high, low: 1 } : { high, low };
}

/**
 * Recognises what a device sends again because it heard no confirmation.
 *
 * The protocol has no mark for that, and there are devices that number all their frames alike and set no times: two fires of one
 * detector are then equal to the byte, and the second must not be taken for a repeat. So an equal frame is a repeat when its
 * objects carry their own times (one event happens once), or when nothing else came from the device in between.
 */
export class Repeats {
  #last: Identity | undefined;
  #at: Micros = 0;

  isRepeat(identity: Identity, unit: Unit, around: { intake: Intake; now: Micros }): boolean {
    if (unit.objects.every(({ time }) => !Number.isNaN(time))) {
      return around.intake.isRepeat(identity.high, identity.low);
    }
    const { high, low } = this.#last ?? {};
    return high === identity.high && low === identity.low && around.now - this.#at <= RESEND_SPAN;
  }

  /** The frame was kept. */
  accepted(identity: Identity, now: Micros): void {
    this.#last = identity;
    this.#at = now;
  }

  /** Something else came from the device. */
  interrupted(): void {
    this.#last = undefined;
  }
}

/** Puts an identity on what a frame says, so that the journal knows it after a restart. */
export function mark(batch: ReadingBatch, { high, low }: Identity): void {
  batch.identityHigh = high;
  batch.identityLow = low;
}
