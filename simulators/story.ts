import type { Micros } from "../model/time.ts";
import type { Fault } from "./fault.ts";
import { atStory, type Moment } from "./moment.ts";
import type { Change, Scenario, StoryEntry } from "./scenario.ts";
import { line, recordedTerm, type Signal, type SignalContext } from "./signal.ts";

/** What an entry of the story makes of a channel, from `at` on until the next piece. */
interface Piece {
  readonly at: Micros;
  /** The value without noise, or undefined: the channel's own signal again. */
  readonly value: ((moment: Moment) => number) | undefined;
}

/** A fault with its time in the story. */
export interface TimedFault {
  readonly fault: Fault;
  readonly from: Micros;
  readonly to: Micros;
  /** Its place in the scenario, so that every n-th can be counted for it. */
  readonly index: number;
}

/** A fault begins or ends, or something is said. */
export interface Scene {
  /** When, in the story. */
  readonly at: Micros;
  readonly say?: NonNullable<StoryEntry["say"]>;
  readonly fault?: TimedFault;
  /** The fault begins (true) or ends. */
  readonly begins?: boolean;
}

/** The value of one channel over the story: its own signal, with what the entries make of it. */
export interface Track {
  /** In the channel's unit, noise included. NaN where the recording has none. */
  value(moment: Moment): number;
}

/** Lays the story's entries for one channel over its own signal. */
export function compileTrack(signal: Signal, entries: readonly StoryEntry[], context: SignalContext): Track {
  const pieces: Piece[] = [];
  const steadyAt = (moment: Moment): number => {
    const piece = pieces.findLast(({ at }) => at <= moment.story);
    return piece?.value === undefined ? signal.steady(moment) : piece.value(moment);
  };
  for (const entry of inOrder(entries)) {
    const change = entry.set?.[context.key];
    if (change === undefined) continue;
    // The pieces before this one, as they are now: the line begins where they have led to.
    const earlier = [...pieces];
    const before = (moment: Moment): number => {
      const piece = earlier.at(-1);
      return piece?.value === undefined ? signal.steady(moment) : piece.value(moment);
    };
    pieces.push({ at: entry.at, value: changed(change, { entry, context, before }) });
  }
  return { value: (moment) => steadyAt(moment) + signal.noise(moment) };
}

interface Transition {
  readonly entry: StoryEntry;
  readonly context: SignalContext;
  /** The value that the channel would have without the change. */
  readonly before: (moment: Moment) => number;
}

function changed(change: Change, { entry, context, before }: Transition): Piece["value"] {
  if (typeof change !== "object") {
    const value = context.number(change);
    return () => value;
  }
  if ("release" in change) return undefined;
  if ("recorded" in change) return recordedTerm(change.recorded, context, entry.at);
  const { ramp, from } = change;
  const over = entry.for ?? 1;
  return (moment) => {
    const begin = from ?? before(atStory(moment, entry.at));
    return line(begin, ramp, (moment.story - entry.at) / over);
  };
}

function inOrder(entries: readonly StoryEntry[]): StoryEntry[] {
  return [...entries].sort((a, b) => a.at - b.at);
}

/** The faults of a scenario by whom they befall, and all its scenes in order. */
export class Story {
  readonly scenes: readonly Scene[];
  readonly #faults = new Map<string, TimedFault[]>();

  constructor(scenario: Pick<Scenario, "story" | "repeat">) {
    const scenes: Scene[] = [];
    let index = 0;
    for (const entry of scenario.story) {
      if (entry.say !== undefined) scenes.push({ at: entry.at, say: entry.say });
      for (const fault of entry.faults ?? []) {
        const end = entry.for === undefined ? Number.POSITIVE_INFINITY : entry.at + entry.for;
        const to = Math.min(end, scenario.repeat ?? Number.POSITIVE_INFINITY);
        const timed = { fault, from: entry.at, to, index: index++ };
        const known = this.#faults.get(fault.on);
        if (known === undefined) this.#faults.set(fault.on, [timed]);
        else known.push(timed);
        scenes.push({ at: timed.from, fault: timed, begins: true });
        if (Number.isFinite(to)) scenes.push({ at: to, fault: timed, begins: false });
      }
    }
    this.scenes = scenes.sort((a, b) => a.at - b.at || Number(a.begins ?? true) - Number(b.begins ?? true));
  }

  /** The faults that befall `key` at a moment, in the order of the file. */
  faults(key: string, moment: Moment): readonly TimedFault[] {
    const known = this.#faults.get(key);
    if (known === undefined) return NONE;
    const active = known.filter(({ from, to }) => moment.story >= from && moment.story < to);
    return active.length === 0 ? NONE : active;
  }

  /** Everybody a fault is laid on. */
  get befallen(): IterableIterator<string> {
    return this.#faults.keys();
  }
}

const NONE: readonly TimedFault[] = [];
