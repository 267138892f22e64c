import type { Connection, Dialogue } from "../tcp/connection.ts";
import type { Held } from "../tcp/held-answers.ts";
import { type Check, FrameReader, type Spoiled } from "./frame-reader.ts";

export interface SessionHandler {
  /** False: a frame with such a check sum is not taken. */
  frame(session: Session, segment: Buffer, how: { check: Check; raw: Buffer }): boolean;
  spoiled(session: Session, why: Spoiled, raw: Buffer): void;
}

/** What devices say over one connection: often one logger, behind a relay several. */
export class Session implements Dialogue, Held {
  readonly connection: Connection;
  readonly #reader: FrameReader;
  /** Answers that wait for the disk. */
  #held = 0;
  #skipped = 0;

  constructor(connection: Connection, handler: SessionHandler) {
    this.connection = connection;
    this.#reader = new FrameReader({
      frame: (segment, check, raw) => {
        if (!connection.open) return true;
        const taken = handler.frame(this, segment, { check, raw });
        if (taken) {
          connection.heard();
          this.#skipped = this.#reader.skipped;
        }
        return taken;
      },
      spoiled: (why, raw) => {
        connection.spoiled();
        handler.spoiled(this, why, raw);
      },
    });
  }

  get pending(): number {
    return this.#reader.pending;
  }

  get held(): number {
    return this.#held;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#noise();
  }

  abandon(): void {
    this.#reader.abandon();
    this.#noise();
  }

  closed(): void {
    // Answers that still wait are dropped when their turn comes.
  }

  hold(): void {
    this.#held++;
  }

  release(): void {
    this.#held--;
    this.connection.resume();
  }

  #noise(): void {
    this.connection.noise(this.#reader.skipped - this.#skipped);
    this.#skipped = this.#reader.skipped;
  }
}
