import type { DatabaseSync } from "node:sqlite";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmLogPath, parseEvent } from "./alarm-log-row.ts";
import { openDatabase } from "./database.ts";

/** Rows read at once. */
const READ_ROWS = 1_000;

/** alarms.db from any other thread. */
export class AlarmLogReader {
  readonly #db: DatabaseSync;

  /** @throws an SQLite error. */
  constructor(folder: string) {
    this.#db = openDatabase(alarmLogPath(folder), { readOnly: true });
  }

  /** Events with numbers in [from, to), ascending, at most `limit`; damaged ones are left out. @throws an SQLite error */
  events(from: number, to: number, limit: number): AlarmEvent[] {
    const rows = this.#db
      .prepare("SELECT seq, crc, body FROM events WHERE seq >= ? AND seq < ? ORDER BY seq LIMIT ?")
      .all(from, to, Math.min(limit, READ_ROWS));
    const events: AlarmEvent[] = [];
    for (const row of rows) {
      try {
        events.push(parseEvent(row));
      } catch {
        // A gap in the numbers shows it to who resends.
      }
    }
    return events;
  }

  close(): void {
    this.#db.close();
  }
}
