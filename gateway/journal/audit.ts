import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { AlarmEvent } from "../../rules/event.ts";
import { alarmLogPath } from "./alarm-log-row.ts";
import {
  type ChainKind,
  chainValue,
  type DamageBody,
  type Digest,
  GENESIS,
  type StartBody,
} from "./chain.ts";
import { digestOf, type Head, headOf } from "./chain-end.ts";
import type { CommandRecord } from "./command-record.ts";
import { openDatabase, whole } from "./database.ts";
import { parsePlain } from "./plain.ts";

/** Rows read at once. */
const READ_ROWS = 1_000;
/** Faults that are described; what is beyond is counted. */
const FAULTS_DESCRIBED = 100;

/** A row of the log as it is stored. */
export interface AuditRow {
  readonly position: number;
  readonly kind: ChainKind;
  /** What it says; undefined when that cannot be read. */
  readonly event?: AlarmEvent;
  readonly command?: CommandRecord;
}

/** What is wrong with a log. */
export interface AuditFault {
  readonly kind:
    | "altered" // its content is not what the chain was given
    | "unlinked" // it does not follow the row before it: one of them was put in, swapped or rewritten
    | "missing" // rows are gone that retention has not removed and no damage explains
    | "unchained" // an event stands outside the chain
    | "end" // the end of the chain is not where the log says
    | "digest"; // a digest that was published says otherwise
  /** Where; 0: outside the chain. */
  readonly position: number;
  /** Last position of a span. */
  readonly to?: number;
  /** Number of the event, where it is one. */
  readonly seq?: number;
  /** For people. */
  readonly detail: string;
}

/** What became of a digest that was given. */
export interface CheckedDigest extends Digest {
  /** `unknown`: its row has been removed by retention, so nothing can be said. */
  readonly verdict: "verified" | "broken" | "unknown";
}

/** What an audit has found. JSON-safe. */
export interface AuditReport {
  /** Rows that were verified. */
  readonly rows: number;
  readonly events: number;
  readonly commands: number;
  readonly head: Head;
  /** Position of the oldest row. */
  readonly first: number;
  /** Where and why the chain begins. */
  readonly start: (StartBody & { readonly position: number }) | undefined;
  /** Damaged files that took rows with them. */
  readonly damage: readonly (DamageBody & { readonly position: number })[];
  /** Digests that the log itself has written down. */
  readonly digests: readonly Digest[];
  /** Digests that were given from outside. */
  readonly checked: readonly CheckedDigest[];
  /** In order of position; the first is where the log is broken. */
  readonly faults: readonly AuditFault[];
  readonly faultsInAll: number;
}

export interface AuditOptions {
  readonly folder: string;
  /** As they arrived outside. */
  readonly digests: readonly Digest[];
  /** Called with each row, in order. */
  readonly onRow: (row: AuditRow) => void;
}

/**
 * Verifies the alarm log of a data folder, whether the gateway runs or not; changes nothing.
 * @throws an SQLite error, or HostError JOURNAL_DAMAGED, when the file itself cannot be read
 */
export function auditLog(options: AuditOptions): AuditReport {
  const db = openDatabase(alarmLogPath(options.folder), { readOnly: true });
  try {
    // One snapshot: the gateway goes on writing, and what it adds meanwhile is not half seen.
    db.exec("BEGIN");
    return new Audit(db, options).run();
  } finally {
    db.close();
  }
}

interface Stored {
  readonly position: number;
  readonly kind: ChainKind;
  readonly body: string;
  readonly before: string;
  readonly chain: string;
  readonly row: Record<string, unknown>;
}

class Audit {
  readonly #db: DatabaseSync;
  readonly #options: AuditOptions;
  readonly #faults: AuditFault[] = [];
  readonly #holes: [number, number][] = [];
  readonly #damage: (DamageBody & { position: number })[] = [];
  readonly #digests: Digest[] = [];
  /** Chain values at the positions of the digests given. */
  readonly #values = new Map<number, string>();
  readonly #wanted: ReadonlySet<number>;
  #start: (StartBody & { position: number }) | undefined;
  #last: Stored | undefined;
  #first = 0;
  #rows = 0;
  #events = 0;
  #commands = 0;

  constructor(db: DatabaseSync, options: AuditOptions) {
    this.#db = db;
    this.#options = options;
    this.#wanted = new Set(options.digests.map(({ position }) => position));
  }

  run(): AuditReport {
    const head = headOf(this.#db) ?? { position: 0, chain: GENESIS, trimmed: 0 };
    for (let at = 0; ; ) {
      const rows = this.#page(at);
      for (const row of rows) this.#row(row);
      const last = rows.at(-1);
      if (last === undefined) break;
      at = last.position;
    }
    this.#explainHoles(head);
    this.#endOfChain(head);
    this.#outsiders();
    const checked = this.#options.digests.map((digest) => this.#check(digest, head));
    this.#faults.sort((a, b) => a.position - b.position);
    return {
      rows: this.#rows,
      events: this.#events,
      commands: this.#commands,
      head,
      first: this.#first,
      start: this.#start,
      damage: this.#damage,
      digests: this.#digests,
      checked,
      faults: this.#faults.slice(0, FAULTS_DESCRIBED),
      faultsInAll: this.#faults.length,
    };
  }

  #page(above: number): Stored[] {
    return this.#db
      .prepare(
        `SELECT position, 'event' AS kind, body, before, chain, seq, occurrence, time, crc FROM events WHERE position > ?
         UNION ALL SELECT position, kind, body, before, chain, NULL, NULL, time, NULL FROM entries WHERE position > ?
         ORDER BY position LIMIT ${READ_ROWS}`,
      )
      .all(above, above)
      .map((row) => ({
        position: whole(row.position),
        kind: String(row.kind) as ChainKind,
        body: String(row.body),
        before: String(row.before),
        chain: String(row.chain),
        row,
      }));
  }

  #row(stored: Stored): void {
    const { position, kind, before, chain } = stored;
    const last = this.#last;
    this.#last = stored;
    this.#rows++;
    if (this.#first === 0) this.#first = position;
    const next = (last?.position ?? 0) + 1;
    if (position > next) this.#holes.push([next, position - 1]);
    else if (before !== (last?.chain ?? GENESIS)) {
      this.#fault("unlinked", stored, "it does not follow the row before it");
    }
    if (this.#wanted.has(position)) this.#values.set(position, chain);
    // What a row says of the value before it stands even where the row before has left.
    if (this.#wanted.has(position - 1)) this.#values.set(position - 1, before);
    if (chainValue(before, stored) !== chain) {
      this.#fault("altered", stored, "its content is not what was chained");
    }
    let body: unknown;
    try {
      body = parsePlain(stored.body);
    } catch {
      this.#options.onRow({ position, kind });
      return;
    }
    this.#take(stored, body);
  }

  #take(stored: Stored, body: unknown): void {
    const { position, kind } = stored;
    switch (kind) {
      case "event": {
        const event = body as AlarmEvent;
        this.#events++;
        const { seq, occurrence, time, crc } = stored.row;
        if (
          event.seq !== seq ||
          event.occurrence !== occurrence ||
          event.time !== time ||
          crc32(stored.body) !== crc
        )
          this.#fault("altered", stored, "its columns are not those of its content");
        this.#options.onRow({ position, kind, event });
        return;
      }
      case "command":
        this.#commands++;
        this.#options.onRow({ position, kind, command: body as CommandRecord });
        return;
      case "digest":
        this.#digests.push(digestOf(stored));
        break;
      case "start":
        this.#start = { ...(body as StartBody), position };
        break;
      case "damage":
        this.#damage.push({ ...(body as DamageBody), position });
        break;
    }
    this.#options.onRow({ position, kind });
  }

  #fault(kind: AuditFault["kind"], { position, row }: Stored, detail: string): void {
    const seq = typeof row.seq === "number" ? { seq: row.seq } : {};
    this.#faults.push({ kind, position, ...seq, detail });
  }

  /** Retention takes the oldest; damage that was found at a start is written down. Whatever else is missing was taken. */
  #explainHoles(head: Head): void {
    const admitted = this.#damage.flatMap(({ lost }) => lost);
    for (const [from, to] of this.#holes) {
      let next = Math.max(from, head.trimmed + 1);
      for (const [first, last] of admitted) if (first <= next && last >= next) next = last + 1;
      if (next > to) continue;
      const detail =
        next === to ? "a row is missing" : `${to - next + 1} rows are missing, up to position ${to}`;
      this.#faults.push({ kind: "missing", position: next, to, detail });
    }
  }

  #endOfChain(head: Head): void {
    const position = this.#last?.position ?? head.trimmed;
    if (position < head.position) {
      this.#faults.push({
        kind: "end",
        position: position + 1,
        to: head.position,
        detail: `the log ends at ${position}; its own head says ${head.position}`,
      });
    } else if (this.#last !== undefined && (position > head.position || this.#last.chain !== head.chain)) {
      this.#fault("end", this.#last, "the last row is not where the log's own head says that the chain ends");
    }
    if (this.#start === undefined || this.#start.position !== 1) {
      this.#faults.push({ kind: "end", position: 1, detail: "the row with which the chain begins is gone" });
    }
  }

  /** Events without a place in the chain are those of before it. */
  #outsiders(): void {
    const rows = this.#db
      .prepare("SELECT seq FROM events WHERE position IS NULL AND seq > ? ORDER BY seq LIMIT ?")
      .all(this.#start?.unchained ?? 0, FAULTS_DESCRIBED);
    for (const { seq } of rows) {
      const detail = `event ${String(seq)} stands outside the chain`;
      this.#faults.push({ kind: "unchained", position: 0, seq: whole(seq), detail });
    }
  }

  #check(digest: Digest, head: Head): CheckedDigest {
    const { position, date } = digest;
    const value = this.#values.get(position) ?? (position === head.position ? head.chain : undefined);
    if (value === digest.chain) return { ...digest, verdict: "verified" };
    if (value === undefined && position <= head.trimmed) return { ...digest, verdict: "unknown" };
    const detail =
      position > head.position
        ? `the digest of ${date} speaks of position ${position}; the log ends at ${head.position}: its end was cut off, or it was begun anew`
        : value === undefined
          ? `the digest of ${date} speaks of a row that is missing`
          : `the digest of ${date} has another chain value: what is before it was rewritten`;
    this.#faults.push({ kind: "digest", position: Math.min(position, head.position + 1), detail });
    return { ...digest, verdict: "broken" };
  }
}
