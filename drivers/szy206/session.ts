import type { Connection, Dialogue } from "../tcp/connection.ts";
import type { Held } from "../tcp/held-answers.ts";
import type { Frame } from "./frame.ts";
import { FrameReader, type Spoiled } from "./frame-reader.ts";

export interface SessionHandler {
  frame(session: Session, frame: Frame, raw: Buffer): void;
  spoiled(session: Session, why: Spoiled, raw: Buffer): void;
}

/** What terminals say over one connection. */
export class Session implements Dialogue, Held {
  readonly connection: Connection;
  readonly #reader: FrameReader;
  /** Confirmations that wait for the disk. */
  #held = 0;
  #skipped = 0;

  constructor(connection: Connection, handler: SessionHandler) {
    this.connection = connection;
    this.#reader = new FrameReader({
      frame: (frame, raw) => {
        if (!connection.open) return;
        connection.heard();
        this.#skipped = this.#reader.skipped;
        handler.frame(this, frame, raw);
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
    // Confirmations that still wait are dropped when their turn comes.
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
