import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Micros } from "../../model/time.ts";
import { type ChainKind, chainValue, type Digest, type DigestBody } from "./chain.ts";
import { whole } from "./database.ts";
import { parsePlain, stringifyPlain } from "./plain.ts";

/** End of the chain. */
export interface Head {
  readonly position: number;
  readonly chain: string;
  /** Rows up to this position may have been removed by retention. */
  readonly trimmed: number;
}

/** The head of a log; undefined when it has no chain. */
export function headOf(db: DatabaseSync): Head | undefined {
  const row = db.prepare("SELECT position, chain, trimmed FROM head").get();
  if (row === undefined) return undefined;
  return { position: whole(row.position), chain: String(row.chain), trimmed: whole(row.trimmed) };
}

/** The digest that a row of kind `digest` stands for. */
export function digestOf(row: { position: number; chain: string; body: string }): Digest {
  const { date, at, seq, trimmed } = parsePlain(row.body) as DigestBody;
  return { date, at, position: row.position, chain: row.chain, seq, trimmed };
}

/** The end of the chain while rows are added. */
export class ChainEnd {
  readonly #db: DatabaseSync;
  readonly #known: StatementSync;
  readonly #entry: StatementSync;
  head: Head;

  constructor(db: DatabaseSync, head: Head) {
    this.#db = db;
    this.head = head;
    this.#known = db.prepare("SELECT 1 FROM entries WHERE origin = ?");
    this.#entry = db.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)");
  }

  /** Values of the next row. */
  next(kind: ChainKind, body: string): { position: number; before: string; chain: string } {
    const before = this.head.chain;
    const position = this.head.position + 1;
    const chain = chainValue(before, { position, kind, body });
    this.head = { ...this.head, position, chain };
    return { position, before, chain };
  }

  /** Adds an entry; one of an `origin` that is there already is left out. */
  enter(
    kind: ChainKind,
    entry: { at: Micros; body: object; origin?: string },
  ): { position: number; chain: string; body: string } {
    const body = stringifyPlain(entry.body);
    if (entry.origin !== undefined && this.#known.get(entry.origin) !== undefined) {
      return { position: this.head.position, chain: this.head.chain, body };
    }
    const { position, before, chain } = this.next(kind, body);
    this.#entry.run(position, kind, entry.at, entry.origin ?? null, body, before, chain);
    return { position, chain, body };
  }

  /** A row has been removed by retention. */
  trimmed(position: number): void {
    if (position > this.head.trimmed) this.head = { ...this.head, trimmed: position };
  }

  keep(): void {
    const { position, chain, trimmed } = this.head;
    this.#db.prepare("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?)").run(position, chain, trimmed);
  }
}
