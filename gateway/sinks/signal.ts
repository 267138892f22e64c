/** Wakes one waiter. A notification that finds nobody waiting is kept for the next wait. */
export class Signal {
  #noted = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#noted = true;
    this.#wake?.();
  }

  async wait(): Promise<void> {
    if (!this.#noted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    this.#noted = false;
  }
}
