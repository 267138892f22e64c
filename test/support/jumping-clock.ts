import { type Clock, MILLISECOND, type Micros, type Timer } from "../../model/time.ts";

interface Armed {
  readonly at: Micros;
  readonly order: number;
  readonly run: () => void;
  handle: NodeJS.Timeout | undefined;
}

/**
 * Real time that a test can push ahead: sockets and disks take the time they take, and hours pass in an instant. Timers that a
 * jump reaches fire in order of their deadlines, each at its own time.
 */
export class JumpingClock implements Clock {
  readonly #startWall: Micros;
  readonly #startMonotonic = performance.now();
  #jumped: Micros = 0;
  #wallOffset: Micros = 0;
  #held: Micros | undefined;
  #order = 0;
  readonly #armed = new Set<Armed>();

  constructor(start: Micros = Date.now() * MILLISECOND) {
    this.#startWall = start;
  }

  now(): Micros {
    return this.#held ?? this.#flowing();
  }

  wall(): Micros {
    return this.now() + this.#wallOffset;
  }

  /** Somebody sets the wall clock by so much. */
  setWallBy(span: Micros): void {
    this.#wallOffset += span;
  }

  after(delay: Micros, run: () => void): Timer {
    const armed: Armed = {
      at: this.now() + Math.max(0, delay),
      order: this.#order++,
      run,
      handle: undefined,
    };
    this.#armed.add(armed);
    this.#arm(armed);
    return {
      cancel: () => {
        clearTimeout(armed.handle);
        this.#armed.delete(armed);
      },
    };
  }

  /** Moves on by `span` at once. */
  jump(span: Micros): void {
    const end = this.#flowing() + span;
    for (;;) {
      const next = [...this.#armed]
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.#held = Math.max(next.at, this.now());
      this.#fire(next);
    }
    this.#held = undefined;
    this.#jumped += end - this.#flowing();
    for (const armed of this.#armed) this.#arm(armed);
  }

  #flowing(): Micros {
    return (
      this.#startWall + this.#jumped + Math.round((performance.now() - this.#startMonotonic) * MILLISECOND)
    );
  }

  #arm(armed: Armed): void {
    clearTimeout(armed.handle);
    // setTimeout may fire a fraction of a millisecond early; rounding up keeps a timer from seeing a time before its own.
    const delay = Math.ceil(Math.max(0, armed.at - this.now()) / MILLISECOND);
    armed.handle = setTimeout(() => this.#fire(armed), Math.min(delay, 0x7fff_ffff));
    armed.handle.unref();
  }

  #fire(armed: Armed): void {
    if (!this.#armed.delete(armed)) return;
    clearTimeout(armed.handle);
    armed.run();
  }
}
