import type { Ticket } from "../driver.ts";
import { PACKET } from "./framing.ts";

/** Packet identifiers there are (section 2.3.1): no peer can wait for more acknowledgements than that. */
export const HELD_MAX = 65_535;

const FIRST_CAPACITY = 64;
/** An acknowledgement without reason code and properties: header, length 2, packet identifier. */
const PLAIN_BYTES = 4;
const PLAIN_LENGTH = 2;

/** An acknowledgement that nothing on disk will ever permit: it and all behind it stay. */
const NEVER: Ticket = Number.POSITIVE_INFINITY;

/**
 * The acknowledgements one peer waits for, in the order of its publications: each leaves when the library has written it, its
 * reading is durable, and all before it have left (MQTT 3.1.1, 4.6: in the order in which the PUBLISH packets were received).
 */
export class HeldAcknowledgements {
  #capacity = FIRST_CAPACITY;
  #type = new Uint8Array(FIRST_CAPACITY);
  #packetId = new Uint16Array(FIRST_CAPACITY);
  #ticket = new Float64Array(FIRST_CAPACITY);
  #written = new Uint8Array(FIRST_CAPACITY);
  /** Packets with reason codes or properties, by absolute position. */
  readonly #long = new Map<number, Buffer>();
  /** Absolute positions; the place in the arrays is the position modulo the capacity. */
  #head = 0;
  #tail = 0;

  get size(): number {
    return this.#tail - this.#head;
  }

  /** A publication came in; its acknowledgement may leave once `ticket` is durable. Infinity: never. */
  expect(type: number, packetId: number, ticket: Ticket): void {
    const at = this.#append(type, packetId);
    this.#ticket[at] = ticket;
  }

  /** The same for a publication whose ticket is not known yet. Returns its place, for `settle`. */
  defer(type: number, packetId: number): number {
    this.expect(type, packetId, NEVER);
    return this.#tail - 1;
  }

  /** Now the ticket is known. A place that has not been settled holds back all behind it, so it is still there. */
  settle(place: number, ticket: Ticket): void {
    this.#ticket[place % this.#capacity] = ticket;
  }

  /** The acknowledgement of a publication will never leave, nor any behind it. */
  refuse(type: number, packetId: number): void {
    this.expect(type, packetId, NEVER);
  }

  /** The library wrote an acknowledgement. One that nobody expected keeps its place and waits for no ticket. */
  wrote(type: number, packetId: number, packet: Uint8Array): void {
    let position = this.#find(type, packetId);
    if (position < 0) {
      const at = this.#append(type, packetId);
      this.#ticket[at] = 0;
      position = this.#tail - 1;
    }
    this.#written[position % this.#capacity] = 1;
    if (packet.length !== PLAIN_BYTES) this.#long.set(position, Buffer.from(packet));
  }

  /** Takes out everything that may leave now, as one buffer; undefined when nothing may. */
  release(durable: Ticket): Buffer | undefined {
    let end = this.#head;
    let bytes = 0;
    while (end < this.#tail) {
      const at = end % this.#capacity;
      if (this.#written[at] === 0 || this.#ticket[at]! > durable) break;
      bytes += this.#long.size === 0 ? PLAIN_BYTES : (this.#long.get(end)?.length ?? PLAIN_BYTES);
      end++;
    }
    if (end === this.#head) return undefined;
    const out = Buffer.allocUnsafe(bytes);
    let to = 0;
    for (let position = this.#head; position < end; position++) {
      const long = this.#long.size === 0 ? undefined : this.#long.get(position);
      if (long !== undefined) {
        out.set(long, to);
        to += long.length;
        this.#long.delete(position);
        continue;
      }
      const at = position % this.#capacity;
      const id = this.#packetId[at]!;
      out[to] = this.#type[at]!;
      out[to + 1] = PLAIN_LENGTH;
      out[to + 2] = id >> 8;
      out[to + 3] = id & 0xff;
      to += PLAIN_BYTES;
    }
    this.#head = end;
    return out;
  }

  #append(type: number, packetId: number): number {
    if (this.size === this.#capacity) this.#grow();
    const at = this.#tail % this.#capacity;
    this.#type[at] = type;
    this.#packetId[at] = packetId;
    this.#written[at] = 0;
    this.#tail++;
    return at;
  }

  /** Position of the first acknowledgement of this kind and number that is not written yet, or -1. */
  #find(type: number, packetId: number): number {
    // A PUBACK is written while its publication is handled, so it is nearly always the last.
    if (type === PACKET.puback && this.#tail > this.#head) {
      const at = (this.#tail - 1) % this.#capacity;
      if (this.#type[at] === type && this.#packetId[at] === packetId && this.#written[at] === 0) {
        return this.#tail - 1;
      }
    }
    for (let position = this.#head; position < this.#tail; position++) {
      const at = position % this.#capacity;
      if (this.#written[at] === 0 && this.#type[at] === type && this.#packetId[at] === packetId) {
        return position;
      }
    }
    return -1;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const type = new Uint8Array(capacity);
    const packetId = new Uint16Array(capacity);
    const ticket = new Float64Array(capacity);
    const written = new Uint8Array(capacity);
    for (let position = this.#head; position < this.#tail; position++) {
      const from = position % this.#capacity;
      const to = position % capacity;
      type[to] = this.#type[from]!;
      packetId[to] = this.#packetId[from]!;
      ticket[to] = this.#ticket[from]!;
      written[to] = this.#written[from]!;
    }
    this.#capacity = capacity;
    this.#type = type;
    this.#packetId = packetId;
    this.#ticket = ticket;
    this.#written = written;
  }
}
