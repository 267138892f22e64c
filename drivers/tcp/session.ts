import type { Connection, Dialogue } from "./connection.ts";
import type { FrameFinder } from "./frame-finder.ts";
import type { Held } from "./held-answers.ts";

/** What finds a protocol's frames in the bytes of a connection. */
export type SessionReader = Pick<FrameFinder<string>, "push" | "abandon" | "pending" | "skipped">;

/**
 * What devices say over one connection, often one device, behind a relay several; with the answers that wait for the disk. `reader`
 * makes what finds the frames, for this session: it calls `heard` and `spoiled`.
 */
export class Session implements Dialogue, Held {
  readonly connection: Connection;
  readonly #reader: SessionReader;
  #held = 0;
  /** Of the reader's skipped bytes, those that the connection knows. */
  #skipped = 0;

  constructor(connection: Connection, reader: (session: Session) => SessionReader) {
    this.connection = connection;
    this.#reader = reader(this);
  }

  get pending(): number {
    return this.#reader.pending;
  }

  get held(): number {
    return this.#held;
  }

  /** A whole frame came: what was no frame before it is forgiven. */
  heard(): void {
    this.connection.heard();
    this.#skipped = this.#reader.skipped;
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
