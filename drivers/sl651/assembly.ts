import type { Micros } from "../../model/time.ts";
import { FUNCTION } from "./control.ts";
import type { Encoding, Frame } from "./frame.ts";

/** A missing packet is asked for so often after the first sending (6.3.1.2 c). */
export const RESENDS = 2;

const SERIAL_CHARACTERS = 4;

/**
 * The packets of one report (mode M3). Only the first has a serial number; the parts joined in order are the body. A picture is
 * counted and not kept: nothing here shows pictures.
 */
export class Assembly {
  readonly code: number;
  readonly encoding: Encoding;
  readonly total: number;
  readonly #parts: (Uint8Array | undefined)[];
  #received = 0;
  /** Bytes that are kept. */
  bytes = 0;
  /** When the last packet came. */
  heard: Micros;
  /** How often the packet that is missing now has been asked for. */
  asked = 0;
  /** The last frame: whose addresses an answer goes to. */
  last: Frame;

  constructor(first: Frame & { packet: NonNullable<Frame["packet"]> }, now: Micros) {
    this.code = first.code;
    this.encoding = first.encoding;
    this.total = first.packet.total;
    this.#parts = new Array<Uint8Array | undefined>(this.total).fill(undefined);
    this.heard = now;
    this.last = first;
  }

  /** Whether a packet can be of this report. */
  fits(frame: Frame): boolean {
    return frame.code === this.code && frame.encoding === this.encoding && frame.packet?.total === this.total;
  }

  /** Takes a packet. A packet that has come before is the same again. Gives the bytes that are kept of it. */
  take(frame: Frame & { packet: NonNullable<Frame["packet"]> }, now: Micros): number {
    this.heard = now;
    this.last = { ...frame, body: new Uint8Array(0) };
    const at = frame.packet.sequence - 1;
    if (this.#parts[at] !== undefined) return 0;
    const kept = at === 0 || this.code !== FUNCTION.picture ? Buffer.from(frame.body) : NOTHING;
    this.#parts[at] = kept;
    this.#received++;
    this.asked = 0;
    this.bytes += kept.length;
    return kept.length;
  }

  get complete(): boolean {
    return this.#received === this.total;
  }

  /** Number of the first packet that is not there; 0 when all are. */
  get missing(): number {
    return this.#parts.indexOf(undefined) + 1;
  }

  /** The first packet, whose body begins with the serial number; undefined while it is missing. */
  get head(): Uint8Array | undefined {
    return this.#parts[0];
  }

  /** Serial number of the report; 0 while its first packet is missing. */
  get serial(): number {
    const head = this.#parts[0];
    if (head === undefined) return 0;
    if (this.encoding === "hex") return ((head[0] ?? 0) << 8) | (head[1] ?? 0);
    const serial = Number.parseInt(Buffer.from(head.subarray(0, SERIAL_CHARACTERS)).toString("latin1"), 16);
    return Number.isNaN(serial) ? 0 : serial;
  }

  /** The parts in order as one body. */
  join(): Uint8Array {
    return Buffer.concat(this.#parts.map((part) => part ?? NOTHING));
  }
}

const NOTHING = new Uint8Array(0);
