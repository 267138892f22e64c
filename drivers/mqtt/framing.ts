/*
 * Packet boundaries in a byte stream (MQTT 3.1.1 and 5.0, section 2.1: one byte of type and flags, then the remaining length
 * in 1 to 4 bytes of 7 bits each). Nothing here looks further into a packet than its header.
 */

/** Upper four bits of a packet's first byte. */
export const PACKET = {
  connect: 0x10,
  puback: 0x40,
  pubrec: 0x50,
  pubcomp: 0x70,
} as const;

export const TYPE_MASK = 0xf0;
const LENGTH_MASK = 0x7f;
const MORE_BIT = 0x80;
const LENGTH_BITS = 7;
/** A fourth length byte cannot announce a fifth (2.2.3). */
const LENGTH_SHIFT_MAX = 21;

/** Why incoming bytes cannot be accepted. */
export type FrameFault = "not MQTT" | "malformed length" | "packet too large";

/** Walks over incoming bytes and refuses what is too large before anybody stores it. */
export class FrameCheck {
  readonly #largest: number;
  readonly #mustBegin: number | undefined;
  #begun = false;
  /** Bytes of the present packet still to come; -1 between packets, -2 within the length. */
  #rest = BETWEEN;
  #length = 0;
  #shift = 0;
  #header = 0;

  /** `largest` counts whole packets; `mustBegin` is the only first byte accepted. */
  constructor(largest: number, mustBegin?: number) {
    this.#largest = largest;
    this.#mustBegin = mustBegin;
  }

  /** Takes the next bytes; says what is wrong with them. */
  feed(bytes: Uint8Array): FrameFault | undefined {
    let at = 0;
    while (at < bytes.length) {
      if (this.#rest > 0) {
        const step = Math.min(this.#rest, bytes.length - at);
        at += step;
        this.#rest -= step;
        if (this.#rest === 0) this.#rest = BETWEEN;
        continue;
      }
      const byte = bytes[at++]!;
      if (this.#rest === BETWEEN) {
        if (!this.#begun) {
          if (this.#mustBegin !== undefined && byte !== this.#mustBegin) return "not MQTT";
          this.#begun = true;
        }
        this.#rest = IN_LENGTH;
        this.#length = 0;
        this.#shift = 0;
        this.#header = 1;
        continue;
      }
      this.#header++;
      this.#length += (byte & LENGTH_MASK) << this.#shift;
      if ((byte & MORE_BIT) !== 0) {
        if (this.#shift === LENGTH_SHIFT_MAX) return "malformed length";
        this.#shift += LENGTH_BITS;
        continue;
      }
      if (this.#length + this.#header > this.#largest) return "packet too large";
      this.#rest = this.#length === 0 ? BETWEEN : this.#length;
    }
    return undefined;
  }
}

const BETWEEN = -1;
const IN_LENGTH = -2;

/** What a splitter does with outgoing packets. */
export interface SplitTarget {
  /** Bytes of packets that pass, in order; not always whole packets. */
  pass(bytes: Uint8Array): void;
  /** A whole acknowledgement: PUBACK, PUBREC or PUBCOMP. */
  acknowledgement(type: number, packetId: number, packet: Uint8Array): void;
}

/** Largest acknowledgement that is kept together: an MQTT 5 one with a reason string of ours would be far smaller. */
const ACKNOWLEDGEMENT_BYTES_MAX = 512;

/** Splits outgoing bytes, however they are chopped, into acknowledgements and the rest. */
export class AcknowledgementSplitter {
  readonly #target: SplitTarget;
  #rest = BETWEEN;
  #length = 0;
  #shift = 0;
  #type = 0;
  readonly #kept = Buffer.alloc(ACKNOWLEDGEMENT_BYTES_MAX);
  #keptLength = 0;
  #idAt = 0;

  constructor(target: SplitTarget) {
    this.#target = target;
  }

  /** Whether a packet that passes has begun and not ended: nothing may be put in between. */
  get within(): boolean {
    return this.#rest !== BETWEEN && !isAcknowledgement(this.#type);
  }

  /** @throws RangeError when an acknowledgement is larger than any can be. */
  feed(bytes: Uint8Array): void {
    let at = 0;
    /** Where bytes that pass began in this chunk, or -1. */
    let passing = this.within ? 0 : -1;
    while (at < bytes.length) {
      if (this.#rest === BETWEEN) {
        this.#type = bytes[at]! & TYPE_MASK;
        this.#length = 0;
        this.#shift = 0;
        this.#keptLength = 0;
        if (isAcknowledgement(this.#type)) {
          if (passing >= 0) this.#target.pass(bytes.subarray(passing, at));
          passing = -1;
          this.#keep(bytes, at, at + 1);
        } else if (passing < 0) passing = at;
        this.#rest = IN_LENGTH;
        at++;
      } else if (this.#rest === IN_LENGTH) {
        const byte = bytes[at]!;
        if (isAcknowledgement(this.#type)) this.#keep(bytes, at, at + 1);
        at++;
        this.#length += (byte & LENGTH_MASK) << this.#shift;
        this.#shift += LENGTH_BITS;
        if ((byte & MORE_BIT) !== 0) continue;
        this.#rest = this.#length;
        this.#idAt = this.#keptLength;
        if (this.#length === 0) this.#finish();
      } else {
        const step = Math.min(this.#rest, bytes.length - at);
        if (isAcknowledgement(this.#type)) this.#keep(bytes, at, at + step);
        at += step;
        this.#rest -= step;
        if (this.#rest === 0) this.#finish();
      }
    }
    if (passing >= 0) this.#target.pass(passing === 0 ? bytes : bytes.subarray(passing));
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#keptLength + to - from > ACKNOWLEDGEMENT_BYTES_MAX) {
      throw new RangeError(`an acknowledgement of more than ${ACKNOWLEDGEMENT_BYTES_MAX} bytes`);
    }
    this.#kept.set(bytes.subarray(from, to), this.#keptLength);
    this.#keptLength += to - from;
  }

  #finish(): void {
    this.#rest = BETWEEN;
    if (!isAcknowledgement(this.#type)) return;
    const packetId = (this.#kept[this.#idAt]! << 8) | this.#kept[this.#idAt + 1]!;
    this.#target.acknowledgement(this.#type, packetId, this.#kept.subarray(0, this.#keptLength));
  }
}

function isAcknowledgement(type: number): boolean {
  return type === PACKET.puback || type === PACKET.pubrec || type === PACKET.pubcomp;
}
