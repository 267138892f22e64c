import type { Text } from "../../model/text.ts";
import { LISTED, listed, meant } from "./texts/hints.ts";

/** How many changes may lie between a word and the one suggested: a third of its letters, at least one. */
const LETTERS_PER_CHANGE = 3;
/** Longer words are not compared: the table grows with the square. */
const LONGEST = 64;

/**
 * Letters to insert, delete, replace or swap with their neighbour to get from `a` to `b` (optimal string alignment,
 * the restricted Damerau–Levenshtein distance).
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, before[j - 2]! + 1);
      }
      row.push(best);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** The candidate that a person most likely meant by `word`; undefined when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > LONGEST) return undefined;
  const wanted = fold(word);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / LETTERS_PER_CHANGE)) + 1;
  for (const candidate of candidates) {
    if (candidate.length > LONGEST) continue;
    const distance = editDistance(wanted, fold(candidate));
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Case and the choice of `-`, `_` or nothing between words are the most common slips: they cost nothing. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, "");
}

/** How many names a hint lists before it gives up. */
const MOST_LISTED = 16;

/** `did you mean "port"?`, else the list of what there is, if it is short. */
export function didYouMean(
  word: string,
  candidates: Iterable<string>,
  what: Text = LISTED.known,
): Text | undefined {
  const all = [...candidates];
  const near = nearest(word, all);
  if (near !== undefined) return meant(near);
  if (all.length === 0) return undefined;
  return listed(what, all.slice(0, MOST_LISTED), Math.max(0, all.length - MOST_LISTED));
}
