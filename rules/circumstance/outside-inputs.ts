import type { OutsideSource } from "../../model/outside.ts";
import type { Micros } from "../../model/time.ts";
import { type PackedNumber, pack, unpack } from "../checkpoint-number.ts";
import type { OutsideInput } from "../input.ts";
import { NEVER } from "../timer-queue.ts";

/** How an outside source stands. */
export const OUTSIDE_STATES = ["valid", "malformed", "expired", "never"] as const;
export type OutsideState = (typeof OUTSIDE_STATES)[number];

/** An outside source as consoles show it. */
export interface OutsideView {
  readonly source: OutsideSource;
  readonly state: OutsideState;
  /** What rules take it for; NaN: nobody knows, and rules take what is stricter. */
  readonly value: number;
  /** When the last message was taken; NaN: never. */
  readonly received: Micros;
  /** Until when it counts, or counted; NaN: there was none. */
  readonly until: Micros;
}

/** JSON-safe, by id: value, received, until, and the name of the level that the value stands for. */
export type OutsideInputsState = Readonly<
  Record<string, readonly [PackedNumber, PackedNumber, Micros, string | null]>
>;

/**
 * What was last heard from outside. A message counts until its end; then, or before the first, the source's standard holds if it
 * states one, else nobody knows. A message that nobody could read takes the place of the one before it, because it may have
 * been a warning, and until the later of both ends nobody knows.
 */
export class OutsideInputs {
  readonly #sources: readonly OutsideSource[];
  readonly #value: Float64Array;
  readonly #received: Float64Array;
  readonly #until: Float64Array;

  constructor(sources: readonly OutsideSource[]) {
    this.#sources = sources;
    this.#value = new Float64Array(sources.length).fill(Number.NaN);
    this.#received = new Float64Array(sources.length).fill(Number.NaN);
    this.#until = new Float64Array(sources.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** A start: of a source that states nothing for when it says nothing, the first message has as long to come as one counts. */
  begin(at: Micros): void {
    this.#sources.forEach(({ standard, validFor }, i) => {
      if (standard === undefined && this.#until[i] === Number.NEGATIVE_INFINITY)
        this.#until[i] = at + validFor;
    });
  }

  /** Takes a message. Index of its source; undefined when this configuration has none of that id. */
  take({ id, value: said, level, until }: OutsideInput, now: Micros): number | undefined {
    const index = this.#sources.findIndex((source) => source.id === id);
    if (index < 0) return undefined;
    const value = this.#meant(index, said, level);
    const before = this.#until[index]!;
    this.#until[index] = Number.isNaN(value) ? Math.max(before, until) : until;
    this.#value[index] = value;
    this.#received[index] = now;
    return index;
  }

  /** What rules take it for; NaN: nobody knows. */
  value(index: number, now: Micros): number {
    if (now < this.#until[index]!) return this.#value[index]!;
    return this.#sources[index]!.standard ?? Number.NaN;
  }

  /** When that changes by time alone. */
  until(index: number, now: Micros): Micros {
    const until = this.#until[index]!;
    return now < until ? until : NEVER;
  }

  view(index: number, now: Micros): OutsideView {
    const received = this.#received[index]!;
    // Before the first message the end is only that of waiting for it.
    const valid = now < this.#until[index]!;
    const state = valid ? (Number.isNaN(this.#value[index]!) ? "malformed" : "valid") : "expired";
    return {
      source: this.#sources[index]!,
      state: Number.isNaN(received) ? "never" : state,
      value: this.value(index, now),
      received,
      until: Number.isNaN(received) ? Number.NaN : this.#until[index]!,
    };
  }

  state(): OutsideInputsState {
    return Object.fromEntries(
      this.#sources.flatMap(({ id }, i) =>
        this.#until[i] === Number.NEGATIVE_INFINITY ? [] : [[id, this.#row(i)]],
      ),
    );
  }

  restore(state: OutsideInputsState): void {
    this.#sources.forEach(({ id }, i) => {
      const known = state[id];
      if (known === undefined) return;
      this.#value[i] = this.#meant(i, unpack(known[0]), known[3] ?? undefined);
      this.#received[i] = unpack(known[1]);
      this.#until[i] = known[2];
    });
  }

  #row(i: number): OutsideInputsState[string] {
    const value = this.#value[i]!;
    const level = this.#sources[i]!.levels?.[value] ?? null;
    return [pack(value), pack(this.#received[i]!), this.#until[i]!, level];
  }

  /** What a value means now. A level that there is no more is one that nobody knows. */
  #meant(i: number, value: number, level: string | undefined): number {
    const { levels } = this.#sources[i]!;
    if (Number.isNaN(value)) return value;
    if ((levels === undefined) !== (level === undefined)) return levels === undefined ? Number.NaN : value;
    if (levels === undefined || level === undefined) return value;
    const at = levels.indexOf(level);
    return at < 0 ? Number.NaN : at;
  }
}
