import { rank } from "../../model/severity.ts";
import { MINUTE, type Micros } from "../../model/time.ts";
import type { Episode } from "./episodes.ts";

/** How one alarm of the one side compares with the other. */
export type Change =
  /** Only under the other rules. */
  | { readonly kind: "appears"; readonly other: Episode }
  /** Only under these rules. */
  | { readonly kind: "vanishes"; readonly own: Episode }
  | {
      readonly kind: "differs";
      readonly own: Episode;
      readonly other: Episode;
      /** The other one's raise less this one's, µs; negative: it comes earlier. */
      readonly raised: Micros;
      /** Likewise the end; undefined when only one of them still stands. */
      readonly ended: Micros | undefined;
      /** Whether the worst severity is another. */
      readonly severity: "same" | "higher" | "lower";
    };

/** What another configuration would have done differently. */
export interface Difference {
  /** In order of time. */
  readonly changes: readonly Change[];
  /** Alarms that are the same in both, to the microsecond. */
  readonly same: number;
}

/** Two alarms that do not overlap are the same one when their raises are no further apart than this. */
export const PAIR_WITHIN: Micros = 15 * MINUTE;

/**
 * Compares the alarms of two replays of one recording. Two alarms are the same one when they are of the same rule (by its id) on the
 * same subject, and were active at the same time or raised within PAIR_WITHIN of each other. Each pairs with one other at most: those
 * that overlap first, in order of their raises, then the nearest of the rest.
 */
export function difference(own: readonly Episode[], other: readonly Episode[]): Difference {
  const changes: Change[] = [];
  let same = 0;
  const others = Map.groupBy(other, keyOf);
  const seen = new Set<string>();
  for (const [key, mine] of Map.groupBy(own, keyOf)) {
    seen.add(key);
    const theirs = others.get(key) ?? [];
    const partner = pair(mine, theirs);
    for (const episode of mine) {
      const found = partner.get(episode);
      if (found === undefined) changes.push({ kind: "vanishes", own: episode });
      else {
        const change = compared(episode, found);
        if (change === undefined) same++;
        else changes.push(change);
      }
    }
    const taken = new Set(partner.values());
    for (const episode of theirs) if (!taken.has(episode)) changes.push({ kind: "appears", other: episode });
  }
  for (const [key, theirs] of others) {
    if (!seen.has(key)) for (const episode of theirs) changes.push({ kind: "appears", other: episode });
  }
  changes.sort((a, b) => timeOf(a) - timeOf(b));
  return { changes, same };
}

/** When a change first shows. */
export function timeOf(change: Change): Micros {
  if (change.kind === "appears") return change.other.raised;
  if (change.kind === "vanishes") return change.own.raised;
  return Math.min(change.own.raised, change.other.raised);
}

function keyOf({ rule, subject }: Episode): string {
  return `${rule} ${subject}`;
}

/** Both lists are of one rule and subject, in order of raise; within each none overlaps another. */
function pair(mine: readonly Episode[], theirs: readonly Episode[]): Map<Episode, Episode> {
  const pairs = new Map<Episode, Episode>();
  let from = 0;
  for (const episode of mine) {
    // What ended before this one began overlaps none of the later ones either.
    while (from < theirs.length && endOf(theirs[from]!) < episode.raised) from++;
    const candidate = theirs[from];
    if (candidate === undefined || candidate.raised > endOf(episode)) continue;
    pairs.set(episode, candidate);
    from++;
  }
  const taken = new Set(pairs.values());
  const free = theirs.filter((episode) => !taken.has(episode));
  let first = 0;
  for (const episode of mine) {
    if (pairs.has(episode)) continue;
    while (first < free.length && free[first]!.raised < episode.raised - PAIR_WITHIN) first++;
    let nearest = -1;
    for (let i = first; i < free.length && free[i]!.raised <= episode.raised + PAIR_WITHIN; i++) {
      if (taken.has(free[i]!)) continue;
      if (nearest < 0 || apart(free[i]!, episode) < apart(free[nearest]!, episode)) nearest = i;
    }
    if (nearest < 0) continue;
    taken.add(free[nearest]!);
    pairs.set(episode, free[nearest]!);
  }
  return pairs;
}

function apart(a: Episode, b: Episode): Micros {
  return Math.abs(a.raised - b.raised);
}

function endOf({ ended }: Episode): Micros {
  return ended ?? Number.POSITIVE_INFINITY;
}

function compared(own: Episode, other: Episode): Change | undefined {
  const raised = other.raised - own.raised;
  const bothEnd = own.ended !== undefined && other.ended !== undefined;
  const bothStand = own.ended === undefined && other.ended === undefined;
  const ended = bothEnd ? other.ended - own.ended : bothStand ? 0 : undefined;
  const worse = rank(other.severity) - rank(own.severity);
  if (raised === 0 && ended === 0 && worse === 0) return undefined;
  const severity = worse === 0 ? "same" : worse > 0 ? "higher" : "lower";
  return { kind: "differs", own, other, raised, ended, severity };
}
