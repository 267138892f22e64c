import { hash } from "node:crypto";

/*
 * The chain that binds the alarm log: each row carries the chain value before it and its own, which is the SHA-256 over the value
 * before, the row's position and kind, and the bytes of its body as they are stored. Who alters, removes or swaps a row breaks
 * the chain there; who rewrites everything behind it meets the daily digests that were published outside.
 */

/** What a row of the log is. */
export const CHAIN_KINDS = [
  "event", // an alarm event
  "command", // what somebody asked for, and what became of it
  "digest", // a day's chain value, published outside
  "start", // the chain begins: what was in the log before is not covered
  "damage", // a damaged file took rows with it; what could be read was taken over as it was
] as const;
export type ChainKind = (typeof CHAIN_KINDS)[number];

/** Chain value before the first row of all. */
export const GENESIS: string = "0".repeat(64);

/** What one row hands to the chain. */
export interface Link {
  /** 1, 2, 3, … without gaps over all kinds. */
  readonly position: number;
  readonly kind: ChainKind;
  /** As it is stored. */
  readonly body: string;
}

/** Chain value of a row: 64 hexadecimal digits. */
export function chainValue(before: string, { position, kind, body }: Link): string {
  return hash("sha256", `${before}\n${position}\n${kind}\n${body}`, "hex");
}

/** A day's chain value: what is published outside, so that the log cannot be rewritten unnoticed. JSON-safe. */
export interface Digest {
  /** The day that had ended, in the site's time zone: `2026-05-21`. */
  readonly date: string;
  /** Wall clock when it was made, µs. */
  readonly at: number;
  /** Position in the chain up to which it speaks, and the chain value there. */
  readonly position: number;
  readonly chain: string;
  /** Highest event number of the log. */
  readonly seq: number;
  /** Rows up to this position may have been removed by retention, up to then. */
  readonly trimmed: number;
}

/** Body of a `digest` row; position and chain value are those of the row itself. */
export type DigestBody = Pick<Digest, "date" | "at" | "seq" | "trimmed">;

/** Body of a `start` row. */
export interface StartBody {
  /** `new`: the log was empty. `upgrade`: rows of before the chain stand before it. */
  readonly why: "new" | "upgrade";
  /** Wall clock, µs. */
  readonly at: number;
  /** Events up to this number are of before the chain; 0: none. */
  readonly unchained: number;
}

/** Body of a `damage` row. */
export interface DamageBody {
  /** Wall clock, µs. */
  readonly at: number;
  /** Positions that are gone, first and last of each span. */
  readonly lost: readonly (readonly [first: number, last: number])[];
}
