import type { Micros } from "../../model/time.ts";
import type { Segment } from "./segment.ts";

/** The packets of one report. Each has the head of the whole; their parameters joined in order are the report's. */
export class Assembly {
  readonly first: Segment;
  readonly #parts: (string | undefined)[];
  #received = 0;
  /** Bytes that are kept. */
  bytes = 0;
  /** When the last packet came. */
  heard: Micros;
  /** Whether one of them asks for an answer. */
  answer = false;
  /** Whether the check sum of one of them was wrong. */
  doubted = false;

  constructor(first: Segment, total: number, now: Micros) {
    this.first = first;
    this.#parts = new Array<string | undefined>(total).fill(undefined);
    this.heard = now;
  }

  get complete(): boolean {
    return this.#received === this.#parts.length;
  }

  /** Packets that have not come. */
  get missing(): number {
    return this.#parts.length - this.#received;
  }

  /** Whether a packet can be of this report. */
  fits(segment: Segment): boolean {
    const { qn, cn, packet } = segment;
    return qn === this.first.qn && cn === this.first.cn && packet?.total === this.#parts.length;
  }

  /** Whether it is a packet that has come already and says something else now: another report has begun. */
  contradicts(segment: Segment): boolean {
    const known = this.#parts[(segment.packet?.number ?? 1) - 1];
    return known !== undefined && known !== segment.cp;
  }

  /** Takes a packet; gives the bytes that are kept of it, 0 for one that has come before. */
  take(number: number, cp: string, now: Micros): number {
    this.heard = now;
    if (this.#parts[number - 1] !== undefined) return 0;
    this.#parts[number - 1] = cp;
    this.#received++;
    this.bytes += cp.length;
    return cp.length;
  }

  /** The parameters of the whole. */
  join(): string {
    let whole = this.#parts[0] ?? "";
    for (let i = 1; i < this.#parts.length; i++) whole = joined(whole, this.#parts[i] ?? "");
    return whole;
  }
}

const BEGINS_WITH_ITEM = /^[A-Za-z0-9]+(-[A-Za-z]+)?=/;
const SEPARATED = /[;,]$/;

/**
 * Makers cut between values, with or without the separator, and some in the middle of one. What begins with a whole name behind a
 * whole value is the next value; everything else goes on where the packet before it broke off.
 */
function joined(before: string, next: string): string {
  if (before === "" || next === "" || SEPARATED.test(before) || /^[;,]/.test(next)) return before + next;
  const last = before.slice(Math.max(before.lastIndexOf(";"), before.lastIndexOf(",")) + 1);
  return last.includes("=") && BEGINS_WITH_ITEM.test(next) ? `${before};${next}` : before + next;
}
