/** Work that looking at something spoiled is, in whole frames. */
export const SPOILED_EFFORT = 8;
/** Frames a second of one that has not introduced itself: it has to say who it is, and no more. */
const STRANGERS_RATE = 50;

/** What a peer may be of work in a second, in whole frames; `rate` is what one that is known may be. */
export function permittedEffort(rate: number, known: boolean): number {
  return known ? rate : Math.min(rate, STRANGERS_RATE);
}
