/*
 * What is known of a term. It is over, in between (a value inside its deadband), or holds; where that is not known it lies between
 * two of these. Two such spans are kept: what the readings say, uncertain ones taken at their word, and what good readings alone
 * make sure. Joined in Kleene's way: the least of all, the greatest of any, the opposite of not.
 */

export const OVER = 0;
export const BETWEEN = 1;
export const HOLDS = 2;
export type Position = typeof OVER | typeof BETWEEN | typeof HOLDS;

/** Four positions in one small integer: said at least, said at most, sure at least, sure at most. */
export type Truth = number;

const SAID_MOST = 2;
const SURE_LEAST = 4;
const SURE_MOST = 6;
const MASK = 0b11;

function packed(saidLeast: number, saidMost: number, sureLeast: number, sureMost: number): Truth {
  return saidLeast | (saidMost << SAID_MOST) | (sureLeast << SURE_LEAST) | (sureMost << SURE_MOST);
}

/** Nothing is known: bad data, silence, a message that has run out. */
export const NOTHING_KNOWN: Truth = packed(OVER, HOLDS, OVER, HOLDS);

/** A good reading says so. */
export function sure(position: Position): Truth {
  return packed(position, position, position, position);
}

/** An uncertain reading says so: it may raise and ends nothing (semantics.md 8). */
export function said(position: Position): Truth {
  return packed(position, position, OVER, HOLDS);
}

/** All of two hold. */
export function both(a: Truth, b: Truth): Truth {
  return packed(
    Math.min(a & MASK, b & MASK),
    Math.min((a >> SAID_MOST) & MASK, (b >> SAID_MOST) & MASK),
    Math.min((a >> SURE_LEAST) & MASK, (b >> SURE_LEAST) & MASK),
    Math.min((a >> SURE_MOST) & MASK, (b >> SURE_MOST) & MASK),
  );
}

/** At least one of two holds. */
export function either(a: Truth, b: Truth): Truth {
  return packed(
    Math.max(a & MASK, b & MASK),
    Math.max((a >> SAID_MOST) & MASK, (b >> SAID_MOST) & MASK),
    Math.max((a >> SURE_LEAST) & MASK, (b >> SURE_LEAST) & MASK),
    Math.max((a >> SURE_MOST) & MASK, (b >> SURE_MOST) & MASK),
  );
}

/** It does not hold. */
export function opposite(a: Truth): Truth {
  return packed(
    HOLDS - ((a >> SAID_MOST) & MASK),
    HOLDS - (a & MASK),
    HOLDS - ((a >> SURE_MOST) & MASK),
    HOLDS - ((a >> SURE_LEAST) & MASK),
  );
}

/** Whether it holds, whatever is not known. */
export function holds(a: Truth): boolean {
  return (a & MASK) === HOLDS;
}

/** Whether good data say that it is over, whatever is not known. */
export function isOver(a: Truth): boolean {
  return ((a >> SURE_MOST) & MASK) === OVER;
}

/** Whether it might hold, for all that good data say. */
export function mayHold(a: Truth): boolean {
  return ((a >> SURE_MOST) & MASK) === HOLDS;
}
