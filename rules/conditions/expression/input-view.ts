import {
  BAD,
  GOOD,
  QUALITY_NAMES,
  type Quality,
  REASON,
  type Reason,
  UNCERTAIN,
} from "../../../model/quality.ts";
import { quantityRow } from "../../../model/quantity.ts";
import type { Channel } from "../../../model/site.ts";
import { type Micros, SECOND } from "../../../model/time.ts";
import type { Linear } from "../../../model/unit.ts";
import { type PackedNumber, pack, unpack } from "../../checkpoint-number.ts";
import type { OutsideTest } from "../../circumstance/guard.ts";
import type { World } from "../../circumstance/world.ts";
import type { Sample } from "../condition.ts";

/** Thrown out of an expression that reads what nobody knows. One object for all: it is no fault, and frequent. */
export const UNKNOWN_INPUT = new Error("an input of the expression is not known");

/** What one evaluation has relied on. */
export class Reliance {
  /** Worst quality of what was read. */
  quality: Quality = GOOD;
  /** Why it was not better. */
  reason: Reason = REASON.good;

  begin(): void {
    this.quality = GOOD;
    this.reason = REASON.good;
  }

  on(quality: Quality, reason: Reason): void {
    if (quality === GOOD || this.quality !== GOOD) return;
    this.quality = quality;
    this.reason = reason;
  }
}

/** JSON-safe: value, quality, reason, received. */
export type ChannelViewState = readonly [PackedNumber, number, number, PackedNumber];

/** A channel as an expression sees it, with its last value. */
export class ChannelInput {
  readonly #world: World;
  readonly #reliance: Reliance;
  readonly #unit: Linear;
  readonly #names: Readonly<Record<number, string>>;
  readonly #danger: boolean;
  #value = Number.NaN;
  #quality: Quality = BAD;
  #reason: Reason = REASON.no_communication;
  /** NaN: never heard. */
  #received: Micros = Number.NaN;

  /** `unit`: from the channel's unit into the one the expression states. */
  constructor(
    channel: Channel,
    { unit, world, reliance }: { unit: Linear; world: World; reliance: Reliance },
  ) {
    this.#world = world;
    this.#reliance = reliance;
    this.#unit = unit;
    this.#names = channel.states ?? { ...quantityRow(channel.quantity).states };
    this.#danger = channel.danger;
  }

  /** @throws UNKNOWN_INPUT where there is none that could be relied on. */
  get value(): number {
    this.#rely();
    return this.#value * this.#unit.scale + this.#unit.offset;
  }

  /** The name of its code; empty where the code has none. @throws UNKNOWN_INPUT as `value`. */
  get state(): string {
    this.#rely();
    return this.#names[this.#value] ?? "";
  }

  /** `good`, `uncertain` or `bad`. */
  get quality(): string {
    return QUALITY_NAMES[this.#quality];
  }

  /** Seconds since it was last heard, whatever it said. @throws UNKNOWN_INPUT before it was ever heard. */
  get age(): number {
    if (Number.isNaN(this.#received)) throw UNKNOWN_INPUT;
    return (this.#world.now - this.#received) / SECOND;
  }

  /** Takes a reading. */
  take({ value, quality, reason, received }: Sample): void {
    this.#value = value;
    this.#reason = reason;
    this.#received = received;
    // A fire bit beside a fault bit is a fire: it counts, and takes nothing back (semantics.md 9).
    const asserted = this.#danger && Number.isFinite(value) && value !== 0;
    this.#quality = quality === BAD && asserted ? UNCERTAIN : quality;
    if (Number.isNaN(value)) this.#quality = BAD;
  }

  /** Nothing is known of it any more. */
  lose(): void {
    this.#quality = BAD;
    this.#reason = REASON.low_coverage;
  }

  remembered(): ChannelViewState {
    return [pack(this.#value), this.#quality, this.#reason, pack(this.#received)];
  }

  restore(state: ChannelViewState): void {
    this.#value = unpack(state[0]);
    this.#quality = state[1] as Quality;
    this.#reason = state[2] as Reason;
    this.#received = unpack(state[3]);
  }

  #rely(): void {
    if (this.#quality === BAD) throw UNKNOWN_INPUT;
    this.#reliance.on(this.#quality, this.#reason);
  }
}

/** An outside source as an expression sees it. */
export class OutsideInputView {
  readonly #world: World;
  readonly #source: OutsideTest["source"];

  constructor(source: OutsideTest["source"], world: World) {
    this.#world = world;
    this.#source = source;
  }

  /** @throws UNKNOWN_INPUT while nobody knows. */
  get value(): number {
    const value = this.#world.outside(this.#source.index);
    if (Number.isNaN(value)) throw UNKNOWN_INPUT;
    return value;
  }

  /** The name of its level; empty where it has none. @throws UNKNOWN_INPUT while nobody knows. */
  get level(): string {
    return this.#source.levels?.[this.value] ?? "";
  }
}
