import type { Ticket } from "../driver.ts";
import type { Frame } from "./frame.ts";

/** What a confirmation needs of the frame that it answers. */
export type Confirmed = Pick<Frame, "serial" | "mainVersion" | "userVersion" | "source" | "destination">;

interface Held {
  readonly ticket: Ticket;
  readonly frame: Confirmed;
}

/** Confirmations one peer waits for, in the order of its frames: each leaves once what it confirms is on disk. */
export class HeldConfirmations {
  readonly #most: number;
  readonly #held: Held[] = [];
  #first = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#held.length - this.#first;
  }

  /** False when there are too many: then this one is never sent, and the device sends its frame again. */
  hold(ticket: Ticket, frame: Confirmed): boolean {
    if (this.size >= this.#most) return false;
    this.#held.push({ ticket, frame });
    return true;
  }

  /** Gives out what may leave. */
  release(durable: Ticket, send: (frame: Confirmed) => void): void {
    const held = this.#held;
    while (this.#first < held.length && held[this.#first]!.ticket <= durable)
      send(held[this.#first++]!.frame);
    if (this.#first === held.length || this.#first > this.#most) {
      held.splice(0, this.#first);
      this.#first = 0;
    }
  }
}
