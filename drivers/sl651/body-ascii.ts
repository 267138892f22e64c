import { DAY, HOUR, MINUTE, type Micros } from "../../model/time.ts";
import type { Body, BodyVisitor } from "./body-visitor.ts";
import { carriesElements, isUniform } from "./control.ts";
import { hexValue, readTime, UNREADABLE_TIME } from "./digits.ts";
import { blockWidth, elementOf, guideOfIdentifier, isBlock } from "./elements.ts";
import { emptyField, type Field } from "./field.ts";
import { parseStationAddress } from "./station-address.ts";
import { undecodable } from "./undecodable.ts";

const SERIAL_CHARACTERS = 4;
const SENT_CHARACTERS = 12;
const OBSERVED_CHARACTERS = 10;
const SPACE = 0x20;
/** What follows these is not made of tokens (table C.1). */
const MANUAL = "RGZS";
const PICTURE = "PIC";
const STEP = /^DR([DHN])(\d\d)$/;
const STEP_UNITS: Readonly<Record<string, Micros>> = { D: DAY, H: HOUR, N: MINUTE };
const BLOCK_STEP: Micros = 5 * MINUTE;
/** An extended identifier stands in the row of identifiers like one of the table. */
const EXTENDED_IDENTIFIER = /^FF[0-9A-F]{2}$/;

/** Reads an ASCII body (6.6.2): identifiers and values with spaces between them. @throws DeviceError DEVICE_UNDECODABLE */
export function decodeAsciiBody(body: Body, offset: Micros, visitor: BodyVisitor): void {
  new AsciiWalk(body, offset, visitor).run();
}

class AsciiWalk {
  readonly #bytes: Uint8Array;
  readonly #code: number;
  readonly #offset: Micros;
  readonly #visitor: BodyVisitor;
  readonly #field: Field = { ...emptyField(), ascii: true };
  #at = 0;

  constructor(body: Body, offset: Micros, visitor: BodyVisitor) {
    this.#bytes = body.bytes;
    this.#code = body.code;
    this.#offset = offset;
    this.#visitor = visitor;
    this.#field.bytes = body.bytes;
  }

  run(): void {
    let serial = 0;
    for (let i = 0; i < SERIAL_CHARACTERS; i++) {
      const digit = hexValue(this.#bytes[i]!);
      if (digit < 0) throw undecodable("the serial number is no hex number");
      serial = serial * 16 + digit;
    }
    const sent = readTime(this.#bytes, SERIAL_CHARACTERS, { pairs: 6, ascii: true, offset: this.#offset });
    this.#visitor.head({ serial, sent });
    this.#field.time = sent;
    this.#at = SERIAL_CHARACTERS + SENT_CHARACTERS;
    const elements = carriesElements(this.#code);
    for (;;) {
      const before = this.#at;
      const identifier = this.#token();
      if (identifier === "") return;
      if (identifier === "ST") this.#station();
      else if (!elements) {
        this.#at = before;
        this.#visitor.content(this.#remainder());
        return;
      } else if (!this.#group(identifier)) return;
    }
  }

  /** What one identifier introduces; false when it takes all that is left. */
  #group(identifier: string): boolean {
    if (identifier === MANUAL || identifier === PICTURE) return this.#raw(identifier);
    if (identifier === "TT") {
      this.#field.time = this.#observed();
      return true;
    }
    const step = STEP.exec(identifier);
    if (step !== null) {
      if (!isUniform(this.#code)) return true;
      this.#rows(Number(step[2]) * STEP_UNITS[step[1]!]!);
      return false;
    }
    this.#value(guideOfIdentifier(identifier) ?? 0, this.#token());
    return true;
  }

  #raw(identifier: string): boolean {
    const rest = this.#remainder();
    // The last space belongs to the encoding (6.6.2.1), not to what was typed in; a picture has every byte of its own.
    if (identifier === PICTURE) this.#visitor.picture(rest);
    else this.#visitor.manual(rest.at(-1) === SPACE ? rest.subarray(0, -1) : rest);
    return false;
  }

  #station(): void {
    const address = parseStationAddress(this.#token());
    if (address === undefined) throw undecodable("ST is not followed by an address of ten digits");
    const before = this.#at;
    const category = this.#token();
    if (/^[A-Z]$/.test(category) && this.#nextIsIdentifier()) {
      this.#visitor.station(address, category.charCodeAt(0));
    } else {
      this.#at = before;
      this.#visitor.station(address, undefined);
    }
  }

  /** H, K and Z are classes and elements alike: behind a class comes an identifier, behind an element its value. */
  #nextIsIdentifier(): boolean {
    const before = this.#at;
    const next = this.#token();
    this.#at = before;
    return next === "" || /^[A-Z]/.test(next) ? next !== "M" : false;
  }

  #observed(): Micros {
    const token = this.#token();
    if (token.length !== OBSERVED_CHARACTERS) return UNREADABLE_TIME;
    return readTime(this.#bytes, this.#at - OBSERVED_CHARACTERS, {
      pairs: 5,
      ascii: true,
      offset: this.#offset,
    });
  }

  #value(guide: number, token: string): void {
    if (token === "") throw undecodable("an identifier at the end has no value");
    const field = this.#field;
    field.guide = guide;
    field.at = this.#at - token.length;
    field.length = token.length;
    field.decimals = 0;
    field.count = 1;
    if (isBlock(guide) && token !== "M") this.#block(token.length);
    else this.#visitor.element(field);
  }

  #block(length: number): void {
    const field = this.#field;
    const first = field.time;
    const from = field.at;
    const width = 2 * blockWidth(field.guide);
    if (length % width !== 0) throw undecodable(`a block of ${length} characters`);
    field.length = width;
    field.decimals = elementOf(field.guide)?.decimals ?? 0;
    field.count = length / width;
    for (let i = 0; i < field.count; i++) {
      field.at = from + i * width;
      if (first !== UNREADABLE_TIME) field.time = first + i * BLOCK_STEP;
      this.#visitor.element(field);
    }
    field.time = first;
  }

  /** Identifiers, then groups of one value each, a step apart (6.6.4.4 b and c). */
  #rows(step: Micros): void {
    const field = this.#field;
    const first = field.time;
    const guides: number[] = [];
    let token = this.#token();
    for (; isColumn(token); token = this.#token()) guides.push(guideOfIdentifier(token) ?? 0);
    if (guides.length === 0) throw undecodable("a time step without elements");
    if (step === 0 && !guides.every(isBlock)) throw undecodable("the time step is none");
    const apart = step === 0 ? HOUR : step;
    for (let row = 0; token !== ""; row++) {
      if (first !== UNREADABLE_TIME) field.time = first + row * apart;
      for (const guide of guides) {
        this.#value(guide, token);
        token = this.#token();
      }
    }
    field.time = first;
  }

  #remainder(): Uint8Array {
    let at = this.#at;
    if (this.#bytes[at] === SPACE) at++;
    this.#at = this.#bytes.length;
    return this.#bytes.subarray(at);
  }

  /** The next characters up to a space; empty at the end. */
  #token(): string {
    const bytes = this.#bytes;
    let at = this.#at;
    while (bytes[at] === SPACE) at++;
    const from = at;
    while (at < bytes.length && bytes[at] !== SPACE) at++;
    this.#at = at;
    return Buffer.from(bytes.buffer, bytes.byteOffset + from, at - from).toString("latin1");
  }
}

function isColumn(token: string): boolean {
  const guide = guideOfIdentifier(token);
  return (
    guide !== undefined && (elementOf(guide)?.id === token.toUpperCase() || EXTENDED_IDENTIFIER.test(token))
  );
}
