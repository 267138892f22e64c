import { judge } from "../../drivers/judge.ts";
import { compileValue, type Decoded, type ValueDecoder, valueSchema } from "../../drivers/value.ts";
import { REASON, type Reason } from "../../model/quality.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import type { Channel, Site } from "../../model/site.ts";
import type { Unit } from "../../model/unit.ts";
import { nearest } from "../config/suggestion.ts";
import type { TargetOptions } from "./mapping.ts";

/** A decimal number, or infinity as `tocsin export` writes it. */
const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/;

/** One column, or one word of the channel column, that feeds a channel. */
export class Target {
  readonly channel: Channel;
  readonly #decode: ValueDecoder;
  readonly #words: ReadonlyMap<string, number> | undefined;
  readonly #states: Readonly<Record<string, number>> | undefined;
  readonly #asserts: boolean;
  readonly #decoded: Decoded = { value: 0, reason: REASON.good };
  /** What `take` has found. */
  value = Number.NaN;
  reason: Reason = REASON.good;

  /** @throws ConfigurationError UNIT_MISMATCH when the unit does not convert to the channel's */
  constructor(channel: Channel, options: TargetOptions, unit?: Unit) {
    this.channel = channel;
    const row = quantityRow(channel.quantity);
    const mapping =
      typeof options === "string"
        ? valueSchema.parse(unit === undefined ? {} : { unit })
        : { ...options, unit: options.unit ?? unit };
    const discrete = isDiscrete(channel.quantity);
    const names = channel.states ?? row.states;
    this.#decode = compileValue(mapping, {
      unit: channel.unit,
      ...(channel.range === undefined ? {} : { range: channel.range }),
    });
    this.#states = mapping.states;
    this.#words =
      discrete && mapping.states === undefined && names !== undefined
        ? new Map(Object.entries(names).map(([code, name]) => [String(name), Number(code)]))
        : undefined;
    this.#asserts = row.asserts === "danger" || channel.danger;
  }

  /** Reads a cell that holds something. False: it is neither a number nor a known word. */
  take(cell: string, status: Reason): boolean {
    const decoded = this.#decoded;
    const word = this.#words?.get(cell);
    if (word !== undefined) {
      decoded.value = word;
      decoded.reason = REASON.good;
    } else if (this.#states !== undefined && Object.hasOwn(this.#states, cell)) {
      this.#decode(cell, decoded);
    } else {
      const number = numberOf(cell);
      if (number === undefined) return false;
      this.#decode(number, decoded);
    }
    judge(decoded, status, this.#asserts);
    this.value = decoded.value;
    this.reason = decoded.reason;
    return true;
  }
}

/** NaN for a cell that says so; undefined for one that is no number. */
function numberOf(cell: string): number | undefined {
  // A number as people write it, before anything slower; "0x10" and "1e" are none.
  const number = Number(cell);
  if (!Number.isNaN(number) && NUMBER.test(cell)) return number;
  switch (cell.trim().toLowerCase()) {
    case "nan":
      return Number.NaN;
    case "inf":
    case "+inf":
    case "infinity":
      return Number.POSITIVE_INFINITY;
    case "-inf":
    case "-infinity":
      return Number.NEGATIVE_INFINITY;
    default:
      return undefined;
  }
}

/** The channel of a key, or why there is none. */
export function channelOf(site: Site, key: string): Channel | string {
  const found = site.channels.find((channel) => channel.key === key);
  if (found !== undefined) return found;
  const near = nearest(
    key,
    site.channels.map((channel) => channel.key),
  );
  return near === undefined ? "the site has no such channel" : `did you mean "${near}"?`;
}
