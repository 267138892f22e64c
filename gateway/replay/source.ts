import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { Playback } from "./playback.ts";

/** Something that was left out, or is not as it should be; counted, with the first examples. */
export interface Remark {
  /** What kind of thing; stable, for scripts. */
  readonly kind: string;
  readonly count: number;
  /** The first few, each with its place: `levels.csv:812:3: not a number: "12,4"`. */
  readonly examples: readonly string[];
}

/** A recorded history that can be played. */
export interface Source {
  /** What it is, for people: a file, a data folder. */
  readonly name: string;
  /**
   * Plays all of it in order; yields how much is done, 0 to 1, every now and then.
   * @throws ConfigurationError where the table or its mapping is wrong as a whole; HostError where it cannot be read.
   */
  play(playback: Playback): Generator<number, void, undefined>;
  /** What was left out so far. */
  remarks(): readonly Remark[];
  /**
   * Indices of the channels that the recording has at all; finds out before the first play, and may read all of it for that.
   * @throws ConfigurationError where the table or its mapping is wrong as a whole
   */
  channels(site: Site): ReadonlySet<number>;
}

/** Which part of a recording: `received` from `since` (after what warms up windows) up to, not including, `until`, µs. */
export interface Span {
  readonly since: Micros;
  readonly until: Micros;
}

/** Examples of one kind that are kept. */
const MOST_EXAMPLES = 20;
/** Kinds that are kept apart. */
const MOST_KINDS = 200;

/** Collects remarks: bounded, and nothing goes uncounted. */
export class Remarks {
  readonly #kinds = new Map<string, { count: number; examples: string[] }>();

  add(kind: string, example?: string | (() => string), count = 1): void {
    let known = this.#kinds.get(kind);
    if (known === undefined) {
      if (this.#kinds.size >= MOST_KINDS && kind !== "more") {
        this.add("more", kind, count);
        return;
      }
      known = { count: 0, examples: [] };
      this.#kinds.set(kind, known);
    }
    known.count += count;
    if (example === undefined || known.examples.length >= MOST_EXAMPLES) return;
    known.examples.push(typeof example === "string" ? example : example());
  }

  count(kind: string): number {
    return this.#kinds.get(kind)?.count ?? 0;
  }

  list(): Remark[] {
    return Array.from(this.#kinds, ([kind, { count, examples }]) => ({ kind, count, examples }));
  }
}
