import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import { type Blob, pack, unpack } from "./block.ts";
import { ByteWriter, damaged } from "./bytes.ts";
import { closeDatabase, openDatabase, transaction, whole } from "./database.ts";
import { parsePlain } from "./plain.ts";

const DICTIONARY_FILE = "dictionary.db";

/** What a series id stands for. A change in any of these is another series. */
export interface SeriesDefinition {
  readonly site: string;
  readonly point: string;
  readonly device: string;
  /** Id within the device. */
  readonly channel: string;
  readonly domain: string;
  readonly quantity: string;
  readonly unit: string;
  /** Key of the channel (model/site.ts). */
  readonly key: string;
}

/** A row of the dictionary. */
export interface Series extends SeriesDefinition {
  /** Never reused. */
  readonly id: number;
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, definition TEXT NOT NULL UNIQUE, crc INTEGER NOT NULL);`;

/** The definition as text, always the same for the same. */
function canonical({ site, point, device, channel, domain, quantity, unit, key }: SeriesDefinition): string {
  return JSON.stringify([site, point, device, channel, domain, quantity, unit, key]);
}

function parse(id: number, definition: string): Series {
  const fields = parsePlain(definition);
  if (!Array.isArray(fields) || fields.length !== 8) throw damaged(`series ${id} has no definition`);
  const [site, point, device, channel, domain, quantity, unit, key] = fields.map(String) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { id, site, point, device, channel, domain, quantity, unit, key };
}

/** Path of the file. */
export function dictionaryPath(folder: string): string {
  return join(folder, DICTIONARY_FILE);
}

/** Series with ids above `above`, ascending. @throws HostError JOURNAL_DAMAGED or an SQLite error */
function read(db: DatabaseSync, above: number): Series[] {
  return db
    .prepare("SELECT id, definition, crc FROM series WHERE id > ? ORDER BY id")
    .all(above)
    .map((row) => {
      const id = whole(row.id);
      const definition = String(row.definition);
      if (crc32(definition) !== row.crc) throw damaged(`series ${id} has another checksum`);
      return parse(id, definition);
    });
}

/** Rows of a damaged dictionary that can still be read. */
export function salvageDictionary(folder: string): Series[] {
  const found: Series[] = [];
  let db: DatabaseSync | undefined;
  try {
    db = openDatabase(dictionaryPath(folder), { readOnly: true });
    const next = db.prepare("SELECT id, definition, crc FROM series WHERE id > ? ORDER BY id LIMIT 1");
    for (let row = next.get(0); row !== undefined; row = next.get(whole(row.id))) {
      const definition = String(row.definition);
      if (crc32(definition) === row.crc) found.push(parse(whole(row.id), definition));
    }
  } catch {
    // The segments carry the rest.
  } finally {
    db?.close();
  }
  return found;
}

/**
 * dictionary.db, from the writer's side: ids are durable before their first use. Definitions are kept as text: the writer looks
 * at one once a segment, and tens of thousands of objects would outweigh all else that it holds.
 */
export class Dictionary {
  readonly db: DatabaseSync;
  readonly #definitions = new Map<number, string>();
  readonly #insertion: StatementSync;
  /** The other way round, while ids are asked for. */
  #ids: Map<string, number> | undefined;
  #highest = 0;

  /** @throws HostError JOURNAL_DAMAGED or an SQLite error; `isDamage` tells. */
  constructor(folder: string) {
    this.db = openDatabase(dictionaryPath(folder));
    try {
      this.db.exec(SCHEMA);
      this.#insertion = this.db.prepare("INSERT INTO series VALUES (?, ?, ?)");
      for (const series of read(this.db, 0)) this.#learn(series.id, canonical(series));
    } catch (thrown) {
      this.db.close();
      throw thrown;
    }
  }

  get(id: number): Series | undefined {
    const definition = this.#definitions.get(id);
    return definition === undefined ? undefined : parse(id, definition);
  }

  /** Highest id in use. */
  get highest(): number {
    return this.#highest;
  }

  /** Puts rows back that were found elsewhere, when the dictionary itself was lost. Known ids are left alone. */
  restore(found: Iterable<Series>): void {
    const known = this.#known();
    transaction(this.db, () => {
      for (const series of found) {
        const definition = canonical(series);
        if (this.#definitions.has(series.id) || known.has(definition)) continue;
        this.#insert(series.id, definition);
        this.#learn(series.id, definition);
      }
    });
  }

  /** How many of these have no id yet. */
  missing(definitions: readonly SeriesDefinition[]): number {
    const known = this.#known();
    return definitions.filter((definition) => !known.has(canonical(definition))).length;
  }

  /**
   * Ids of the definitions, in order; new ones begin behind `above`, whose numbers have been leased. Durable when this returns.
   * @throws an SQLite error when the disk does not take new ones.
   */
  ids(definitions: readonly SeriesDefinition[], above: number): Uint32Array {
    const known = this.#known();
    const wanted = definitions.map(canonical);
    const fresh = new Map<string, number>();
    let next = Math.max(above, this.#highest) + 1;
    for (const definition of wanted) {
      if (!known.has(definition) && !fresh.has(definition)) fresh.set(definition, next++);
    }
    if (fresh.size > 0) {
      transaction(this.db, () => {
        for (const [definition, id] of fresh) this.#insert(id, definition);
      });
    }
    for (const [definition, id] of fresh) this.#learn(id, definition);
    this.#ids = undefined;
    return Uint32Array.from(wanted, (definition) => known.get(definition)!);
  }

  close(): void {
    closeDatabase(this.db);
  }

  #known(): Map<string, number> {
    this.#ids ??= new Map(Array.from(this.#definitions, ([id, definition]) => [definition, id] as const));
    return this.#ids;
  }

  #insert(id: number, definition: string): void {
    this.#insertion.run(id, definition, crc32(definition));
  }

  #learn(id: number, definition: string): void {
    this.#definitions.set(id, definition);
    this.#ids?.set(definition, id);
    this.#highest = Math.max(this.#highest, id);
  }
}

/** dictionary.db from any other thread. */
export class DictionaryReader {
  readonly #db: DatabaseSync;
  readonly #byId = new Map<number, Series>();
  #highest = 0;

  /** @throws an SQLite error. */
  constructor(folder: string) {
    this.#db = openDatabase(dictionaryPath(folder), { readOnly: true });
  }

  /** The series; rows that came since are looked up. @throws HostError JOURNAL_DAMAGED or an SQLite error */
  get(id: number): Series | undefined {
    if (id > this.#highest) {
      for (const series of read(this.#db, this.#highest)) {
        this.#byId.set(series.id, series);
        this.#highest = series.id;
      }
    }
    return this.#byId.get(id);
  }

  /** All series there are, by id. @throws HostError JOURNAL_DAMAGED or an SQLite error */
  all(): Series[] {
    return read(this.#db, 0);
  }

  close(): void {
    this.#db.close();
  }
}

const body = new ByteWriter();

/** Definitions as a portion that a segment carries. */
export function encodeDefinitions(series: readonly Series[]): Blob {
  body.clear();
  const json = new TextEncoder().encode(JSON.stringify(series.map((one) => [one.id, canonical(one)])));
  body.bytes(json);
  return pack(body);
}

/** What `encodeDefinitions` was given. @throws HostError JOURNAL_DAMAGED */
export function decodeDefinitions(bytes: Uint8Array, crc: number): Series[] {
  const from = unpack(bytes, crc);
  const rows = parsePlain(new TextDecoder().decode(from.bytes(from.left)));
  if (!Array.isArray(rows)) throw damaged("definitions of series are missing");
  return rows.map((row) => {
    if (!Array.isArray(row)) throw damaged("a definition of a series is missing");
    return parse(whole(row[0]), String(row[1]));
  });
}
