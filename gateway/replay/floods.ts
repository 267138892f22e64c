import { MINUTE, type Micros } from "../../model/time.ts";
import type { Episode } from "./episodes.ts";

/** A flood begins with more than this many alarms within the interval, and ends with fewer than that (ISA-18.2, 16.5.2) … */
const FLOOD_BEGINS = 10;
const FLOOD_ENDS = 5;
/** … of this length. */
const FLOOD_INTERVAL: Micros = 10 * MINUTE;
/** An alarm that comes this often … */
const CHATTER_TIMES = 3;
/** … within this time chatters (PAS; the usual definition). */
const CHATTER_INTERVAL: Micros = MINUTE;

/** A stretch in which more alarms came than a person can take in. */
export interface Flood {
  readonly from: Micros;
  readonly to: Micros;
  readonly alarms: number;
  /** Most alarms within any ten minutes of it. */
  readonly peak: number;
}

/** An alarm that came and went again and again. */
export interface Chatter {
  readonly rule: string;
  readonly subject: string;
  /** When it first did. */
  readonly from: Micros;
  /** Raises within a minute of two others. */
  readonly alarms: number;
}

/** Floods among episodes in order of their raise. */
export function floods(episodes: readonly Episode[]): Flood[] {
  const found: Flood[] = [];
  let oldest = 0;
  let current: { from: Micros; first: number; peak: number } | undefined;
  const end = (last: number) => {
    if (current === undefined) return;
    const { from, first, peak } = current;
    found.push({ from, to: episodes[last]!.raised, alarms: last - first + 1, peak });
    current = undefined;
  };
  episodes.forEach(({ raised }, i) => {
    while (episodes[oldest]!.raised <= raised - FLOOD_INTERVAL) {
      oldest++;
      // Looking back from the instant at which the oldest leaves: so few are left that the flood was over then.
      if (current !== undefined && i - oldest < FLOOD_ENDS) end(i - 1);
    }
    const within = i - oldest + 1;
    if (within > FLOOD_BEGINS) current ??= { from: episodes[oldest]!.raised, first: oldest, peak: within };
    if (current !== undefined) current.peak = Math.max(current.peak, within);
  });
  end(episodes.length - 1);
  return found;
}

/** Alarms that chatter, in the order in which they began to. */
export function chatter(episodes: readonly Episode[]): Chatter[] {
  const found: Chatter[] = [];
  for (const own of Map.groupBy(episodes, ({ rule, subject }) => `${rule} ${subject}`).values()) {
    const part = new Set<number>();
    for (let i = CHATTER_TIMES - 1; i < own.length; i++) {
      const first = i - CHATTER_TIMES + 1;
      if (own[i]!.raised - own[first]!.raised > CHATTER_INTERVAL) continue;
      for (let j = first; j <= i; j++) part.add(j);
    }
    const [begin] = part;
    if (begin === undefined) continue;
    const { rule, subject, raised } = own[begin]!;
    found.push({ rule, subject, from: raised, alarms: part.size });
  }
  return found.sort((a, b) => a.from - b.from);
}
