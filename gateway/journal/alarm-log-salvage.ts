import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { alarmLogPath } from "./alarm-log-row.ts";
import { type ChainKind, chainValue } from "./chain.ts";
import { type Head, headOf } from "./chain-end.ts";
import { openDatabase, whole } from "./database.ts";

/** A row as it stood in a damaged log. */
export interface SalvagedRow {
  readonly table: "events" | "entries";
  readonly row: Readonly<Record<string, string | number | null>>;
}

/** What a damaged log still gave. */
export interface Salvaged {
  readonly rows: readonly SalvagedRow[];
  readonly head?: Head;
}

/** What a damaged log still gives, from both ends. The caller opens it afresh with the rest. */
export function salvageAlarmLog(folder: string): Salvaged {
  const rows: SalvagedRow[] = [];
  for (const [table, key] of [
    ["events", "seq"],
    ["entries", "position"],
  ] as const) {
    const found = new Map<number, SalvagedRow>();
    for (const order of ["ASC", "DESC"] as const) {
      attempt(folder, (db) => {
        const next = db.prepare(
          `SELECT * FROM ${table} WHERE ${key} ${order === "ASC" ? ">" : "<"} ? ORDER BY ${key} ${order} LIMIT 1`,
        );
        for (let at = order === "ASC" ? -1 : Number.MAX_SAFE_INTEGER; ; ) {
          const row = next.get(at);
          if (row === undefined) break;
          at = whole(row[key]);
          if (found.has(at)) break;
          if (isWhole(table, row)) found.set(at, { table, row: row as SalvagedRow["row"] });
        }
      });
    }
    rows.push(...found.values());
  }
  let head: Head | undefined;
  attempt(folder, (db) => {
    head = headOf(db);
  });
  return { rows, ...(head === undefined ? {} : { head }) };
}

/** Whether a salvaged row is what was written. */
function isWhole(table: "events" | "entries", row: Record<string, unknown>): boolean {
  if (table === "events") return crc32(String(row.body)) === row.crc;
  const link = {
    position: Number(row.position),
    kind: String(row.kind) as ChainKind,
    body: String(row.body),
  };
  return chainValue(String(row.before), link) === row.chain;
}

/** Spans of positions behind what retention has removed that are not among those given. */
export function spansMissing(positions: readonly number[], head: Head): (readonly [number, number])[] {
  const missing: (readonly [number, number])[] = [];
  let next = head.trimmed + 1;
  for (const position of [...positions].sort((a, b) => a - b)) {
    if (position > next) missing.push([next, position - 1]);
    next = Math.max(next, position + 1);
  }
  if (next <= head.position) missing.push([next, head.position]);
  return missing;
}

function attempt(folder: string, read: (db: DatabaseSync) => void): void {
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(alarmLogPath(folder), { readOnly: true });
    read(db);
  } catch {
    // From here on this end gives nothing.
  } finally {
    db?.close();
  }
}
