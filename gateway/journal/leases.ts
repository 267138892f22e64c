import type { DatabaseSync } from "node:sqlite";
import { transaction, whole } from "./database.ts";

/**
 * Numbers that are never given out twice: alarm events, occurrences, series, and the journal's own sequence. Only numbers up to a
 * durable top may be used; after a crash the next ones begin behind it.
 */
export type LeaseKind = "event" | "occurrence" | "series" | "sequence";

const SCHEMA = "CREATE TABLE IF NOT EXISTS lease (kind TEXT PRIMARY KEY, top INTEGER NOT NULL) WITHOUT ROWID";

/** The tops, kept in two database files: either alone suffices, the higher one counts. */
export class Leases {
  readonly #files: readonly DatabaseSync[];
  readonly #tops = new Map<LeaseKind, number>();

  constructor(files: readonly DatabaseSync[]) {
    this.#files = files;
    for (const db of files) {
      db.exec(SCHEMA);
      for (const row of db.prepare("SELECT kind, top FROM lease").all()) {
        const kind = row.kind as LeaseKind;
        this.#tops.set(kind, Math.max(this.top(kind), whole(row.top)));
      }
    }
  }

  /** Highest number that may have been used; 0 when there was none. */
  top(kind: LeaseKind): number {
    return this.#tops.get(kind) ?? 0;
  }

  /** Makes numbers up to `top` usable, durably. A lower one changes nothing. @throws an SQLite error when the disk does not. */
  extend(kind: LeaseKind, top: number): void {
    if (top <= this.top(kind)) return;
    for (const db of this.#files) {
      transaction(db, () =>
        db
          .prepare(
            "INSERT INTO lease VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET top = max(top, excluded.top)",
          )
          .run(kind, top),
      );
    }
    this.#tops.set(kind, top);
  }
}
