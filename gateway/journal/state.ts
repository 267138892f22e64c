import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { closeDatabase, openDatabase, transaction, whole } from "./database.ts";

const STATE_FILE = "state.db";
/** Boots remembered, for a person who looks back. */
const BOOTS = 1_000;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS boot (
  number INTEGER PRIMARY KEY, boot TEXT NOT NULL, at REAL NOT NULL, sequence INTEGER NOT NULL,
  event INTEGER NOT NULL, occurrence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS clean_stop (
  one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, event INTEGER NOT NULL, occurrence INTEGER NOT NULL);`;

/** Last numbers used when the gateway stopped in good order. */
export interface CleanStop {
  /** Last record of the journal. */
  readonly sequence: number;
  /** Last event number. */
  readonly event: number;
  readonly occurrence: number;
}

/** A start of the gateway: first numbers it may use. */
export interface Boot extends CleanStop {
  readonly boot: string;
  /** Wall clock, µs. */
  readonly at: number;
}

/** Path of the file. */
export function statePath(folder: string): string {
  return join(folder, STATE_FILE);
}

/** state.db: boots and the clean-stop mark; the leases (leases.ts) have a table in it, too. */
export class State {
  readonly db: DatabaseSync;

  /** @throws an SQLite error; `isDamage` tells. */
  constructor(folder: string) {
    this.db = openDatabase(statePath(folder));
    try {
      this.db.exec(SCHEMA);
    } catch (thrown) {
      this.db.close();
      throw thrown;
    }
  }

  /** The mark of the last stop, if that was in good order and nothing has been started since. */
  cleanStop(): CleanStop | undefined {
    const row = this.db.prepare("SELECT sequence, event, occurrence FROM clean_stop").get();
    if (row === undefined) return undefined;
    return { sequence: whole(row.sequence), event: whole(row.event), occurrence: whole(row.occurrence) };
  }

  /** Records a start and takes the clean-stop mark away, at once. */
  begin({ boot, at, sequence, event, occurrence }: Boot): void {
    transaction(this.db, () => {
      this.db.exec("DELETE FROM clean_stop");
      this.db
        .prepare("INSERT INTO boot (boot, at, sequence, event, occurrence) VALUES (?, ?, ?, ?, ?)")
        .run(boot, at, sequence, event, occurrence);
      this.db.prepare("DELETE FROM boot WHERE number <= (SELECT max(number) FROM boot) - ?").run(BOOTS);
    });
  }

  /** Marks that everything is on disk and these were the last numbers used. */
  markCleanStop({ sequence, event, occurrence }: CleanStop): void {
    transaction(this.db, () =>
      this.db
        .prepare("INSERT OR REPLACE INTO clean_stop VALUES (1, ?, ?, ?)")
        .run(sequence, event, occurrence),
    );
  }

  close(): void {
    closeDatabase(this.db);
  }
}
