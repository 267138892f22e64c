import type { Ticket } from "../driver.ts";

/** Who waits for an answer. */
export interface Held {
  /** One answer more waits for the disk. */
  hold(): void;
  /** One less. */
  release(): void;
}

interface Entry<Answer> {
  readonly ticket: Ticket;
  readonly to: Held;
  readonly answer: Answer;
}

/** Taken entries are cut off the front of the queue in one go. */
const CUT_AT = 1_024;

/**
 * The answers of a link that wait for the disk, in the order of what they answer. Tickets only grow, so the first that must wait
 * holds none back that need not. Bounded by what each connection may hold.
 */
export class HeldAnswers<Answer> {
  readonly #send: (answer: Answer) => void;
  #queue: Entry<Answer>[] = [];
  #head = 0;

  constructor(send: (answer: Answer) => void) {
    this.#send = send;
  }

  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** Sends it at once when what it answers is durable, else when it is. */
  give(answer: Answer, { ticket, to, durable }: { ticket: Ticket; to: Held; durable: Ticket }): void {
    if (ticket <= durable) {
      this.#send(answer);
      return;
    }
    to.hold();
    this.#queue.push({ ticket, to, answer });
  }

  /** Everything up to `durable` is on disk. */
  release(durable: Ticket): void {
    while (this.#head < this.#queue.length && this.#queue[this.#head]!.ticket <= durable) {
      const { to, answer } = this.#queue[this.#head++]!;
      this.#send(answer);
      to.release();
    }
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= CUT_AT) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
