/*
 * Noise that is a function of (seed, number of the step) and keeps no state: who asks, how often and in which order makes
 * no difference, so a scenario gives the same bytes in every run.
 */

const FNV_OFFSET = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/** 32-bit FNV-1a hash of a text: turns a channel's key into its own stream of noise. */
export function hashText(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  return hash >>> 0;
}

/** Mixes two 32-bit numbers into one whose bits all depend on all of theirs (the finalizer of MurmurHash3, twice). */
export function mix(a: number, b: number): number {
  return finish(finish(a >>> 0) ^ Math.imul(b | 0, 0x9e37_79b9));
}

function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const TWO_TO_32 = 2 ** 32;

/** The `step`-th number of stream `seed`, evenly spread over (0, 1): never 0, so that its logarithm is finite. */
export function uniform(seed: number, step: number): number {
  // Steps beyond 2^32 (a century of ten a second) would repeat; the high half keeps them apart.
  const word = mix(mix(seed, Math.floor(step / TWO_TO_32)), step % TWO_TO_32);
  return (word + 0.5) / TWO_TO_32;
}

/** The `step`-th number of stream `seed`, normally distributed with standard deviation 1 (Box and Muller 1958). */
export function gaussian(seed: number, step: number): number {
  const radius = Math.sqrt(-2 * Math.log(uniform(seed, step)));
  return radius * Math.cos(2 * Math.PI * uniform(mix(seed, 1), step));
}
