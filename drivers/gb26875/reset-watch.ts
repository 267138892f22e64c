/** What is known of one system's resets. */
interface Known {
  /** Bit 13 of the state heard last. */
  set: boolean;
  /** Something of the system was asserted since. */
  asserted: boolean;
  /** The bit stays set in one state after the other: it tells of no reset any more, until it has been clear. */
  standing: boolean;
}

/**
 * Tells a reset from a state that still says "reset". Bit 13 comes with the reset itself on some panels and with every state after
 * it on others; who took the latter for resets would end a fire that began since.
 *
 * A state with the bit is a reset when the one before it did not have it, or when something was asserted since. Two in a row
 * without anything between them mean that the bit stands. The first state of a run tells nothing: doubt goes to the alarm. (A panel
 * whose bit stands while there is fire says fire in the same word, and such a word is never taken for a reset.)
 */
export class ResetWatch {
  readonly #systems = new Map<number, Known>();

  /** Something of a system asserts danger. */
  asserted(system: number): void {
    const known = this.#systems.get(system);
    if (known !== undefined) known.asserted = true;
  }

  /** Whether this state of a system tells of a reset just made. */
  state(system: number, set: boolean): boolean {
    const known = this.#systems.get(system);
    if (known === undefined) {
      this.#systems.set(system, { set, asserted: false, standing: false });
      return false;
    }
    if (!set) {
      known.set = false;
      known.standing = false;
      return false;
    }
    if (known.set && !known.asserted) known.standing = true;
    const reset = !known.set || (known.asserted && !known.standing);
    known.set = true;
    if (reset) known.asserted = false;
    return reset;
  }
}
