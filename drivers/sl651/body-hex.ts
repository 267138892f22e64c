import { HOUR, MINUTE, type Micros } from "../../model/time.ts";
import type { Body, BodyVisitor } from "./body-visitor.ts";
import { carriesClass, carriesElements, isUniform } from "./control.ts";
import { readStep, readTime } from "./digits.ts";
import {
  BATCH_DEFINITION,
  blockWidth,
  EXTENDED,
  elementOf,
  formatGuide,
  GUIDE,
  isBlock,
} from "./elements.ts";
import { emptyField, type Field } from "./field.ts";
import { ADDRESS_BYTES, readStationAddress } from "./station-address.ts";
import { undecodable } from "./undecodable.ts";

/** Bytes of the serial number, and of both times (6.6.2.5 and 6.6.2.8). */
const SERIAL_BYTES = 2;
const SENT_BYTES = 6;
const OBSERVED_BYTES = 5;
const STEP_BYTES = 3;
/** Values of a block of one hour are this far apart. */
const BLOCK_STEP: Micros = 5 * MINUTE;

/** Reads a HEX/BCD body (6.6.3). @throws DeviceError DEVICE_UNDECODABLE */
export function decodeHexBody(body: Body, offset: Micros, visitor: BodyVisitor): void {
  new HexWalk(body, offset, visitor).run();
}

class HexWalk {
  readonly #bytes: Uint8Array;
  readonly #code: number;
  readonly #offset: Micros;
  readonly #visitor: BodyVisitor;
  readonly #field: Field = emptyField();
  #at = 0;
  #step: Micros | undefined;

  constructor(body: Body, offset: Micros, visitor: BodyVisitor) {
    this.#bytes = body.bytes;
    this.#code = body.code;
    this.#offset = offset;
    this.#visitor = visitor;
    this.#field.bytes = body.bytes;
  }

  run(): void {
    const bytes = this.#bytes;
    const serial = (bytes[0]! << 8) | bytes[1]!;
    const sent = readTime(bytes, SERIAL_BYTES, { pairs: 6, ascii: false, offset: this.#offset });
    this.#visitor.head({ serial, sent });
    // Without an observation time of its own an element was observed when it was sent.
    this.#field.time = sent;
    this.#at = SERIAL_BYTES + SENT_BYTES;
    if (!carriesElements(this.#code)) {
      if (this.#pairIs(GUIDE.station)) this.#station();
      if (this.#at < bytes.length) this.#visitor.content(bytes.subarray(this.#at));
      return;
    }
    while (this.#at < bytes.length) this.#group();
  }

  /** A guide and what belongs to it. */
  #group(): void {
    const bytes = this.#bytes;
    if (this.#pairIs(GUIDE.time)) {
      const at = this.#take(2 + OBSERVED_BYTES, "an observation time");
      this.#field.time = readTime(bytes, at + 2, { pairs: 5, ascii: false, offset: this.#offset });
    } else if (this.#pairIs(GUIDE.station)) {
      this.#station();
    } else if (this.#pairIs(GUIDE.manual)) {
      this.#visitor.manual(bytes.subarray(this.#take(this.#left, "a manual report") + 2));
    } else if (this.#pairIs(GUIDE.picture)) {
      this.#visitor.picture(bytes.subarray(this.#take(this.#left, "a picture") + 2));
    } else if (bytes[this.#at] === GUIDE.batch && bytes[this.#at + 1] === BATCH_DEFINITION) {
      this.#visitor.content(bytes.subarray(this.#take(this.#left, "a batch") + 2));
    } else if (bytes[this.#at] === GUIDE.step && isUniform(this.#code)) {
      const at = this.#take(2 + STEP_BYTES, "a time step");
      this.#step = readStep(bytes, at + 2);
    } else {
      this.#element();
    }
  }

  #station(): void {
    const bytes = this.#bytes;
    const at = this.#take(2 + ADDRESS_BYTES, "a station's address");
    const address = readStationAddress(bytes, at + 2);
    const timeFollows = bytes[this.#at] === GUIDE.time && bytes[this.#at + 1] === GUIDE.time;
    const timeBehindClass = bytes[this.#at + 1] === GUIDE.time && bytes[this.#at + 2] === GUIDE.time;
    const category =
      (carriesClass(this.#code) && !timeFollows) || (timeBehindClass && !timeFollows)
        ? bytes[this.#take(1, "a station's class")]
        : undefined;
    this.#visitor.station(address, category);
  }

  #element(): void {
    const bytes = this.#bytes;
    const field = this.#field;
    const extended = bytes[this.#at] === GUIDE.extended;
    const at = this.#take(extended ? 3 : 2, "an element");
    field.guide = extended ? EXTENDED + bytes[at + 1]! : bytes[at]!;
    const definition = bytes[at + (extended ? 2 : 1)]!;
    const length = definition >> 3;
    field.decimals = definition & 0b111;
    if (this.#step !== undefined) this.#row(length, this.#step);
    else this.#value(length);
  }

  /** One value, or one block of them. */
  #value(length: number): void {
    const field = this.#field;
    const at = this.#take(length, formatGuide(field.guide));
    if (isBlock(field.guide)) {
      this.#block(at, length);
      return;
    }
    field.at = at;
    field.length = length;
    field.count = 1;
    this.#visitor.element(field);
  }

  /** The values of a block: the first was observed at the observation time, the others five minutes apart. */
  #block(at: number, length: number): void {
    const field = this.#field;
    const first = field.time;
    const width = blockWidth(field.guide);
    if (length === 0 || length % width !== 0)
      throw undecodable(`${formatGuide(field.guide)} of ${length} bytes`);
    field.length = width;
    field.decimals = elementOf(field.guide)?.decimals ?? 0;
    field.count = length / width;
    for (let i = 0; i < field.count; i++) {
      field.at = at + i * width;
      if (first !== 0) field.time = first + i * BLOCK_STEP;
      this.#visitor.element(field);
    }
    field.time = first;
  }

  /** All that is left are values of one element, each a step after the one before (6.6.4.4). */
  #row(length: number, step: Micros): void {
    const field = this.#field;
    const first = field.time;
    const { decimals } = field;
    const blocks = isBlock(field.guide);
    // A step of nothing goes with blocks of an hour only (note g of table C.1).
    if (step < 0 || (step === 0 && !blocks)) throw undecodable("the time step is none");
    if (length === 0) throw undecodable("the values have no length");
    const apart = step === 0 ? HOUR : step;
    for (let i = 0; this.#at < this.#bytes.length; i++) {
      if (first !== 0) field.time = first + i * apart;
      field.decimals = decimals;
      this.#value(length);
    }
    field.time = first;
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #pairIs(guide: number): boolean {
    return this.#bytes[this.#at] === guide && this.#bytes[this.#at + 1] === guide;
  }

  /** Goes on by `length` bytes and gives where they begin. */
  #take(length: number, what: string): number {
    if (length > this.#left) {
      throw undecodable(`${what} at byte ${this.#at} needs ${length} bytes, ${this.#left} are left`);
    }
    const at = this.#at;
    this.#at += length;
    return at;
  }
}
