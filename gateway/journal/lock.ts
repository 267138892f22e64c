import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { HostError } from "../../model/error.ts";
import { setAside } from "./damage.ts";
import { isBusy, isDamage, unavailable } from "./database.ts";

const LOCK_FILE = "lock.db";
const PID_FILE = "lock.pid";

/**
 * One gateway a data folder: an exclusive transaction on a database of its own, held for life. The kernel ends it with the
 * process, whatever kills that.
 */
export class Lock {
  readonly #folder: string;
  readonly #db: DatabaseSync;

  /** @throws HostError ALREADY_RUNNING when another process, or another journal in this one, has the folder. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#db = hold(folder);
    writeFileSync(join(folder, PID_FILE), `${process.pid}\n`);
  }

  /** Lets the next one in. */
  release(): void {
    rmSync(join(this.#folder, PID_FILE), { force: true });
    this.#db.close();
  }
}

function hold(folder: string): DatabaseSync {
  const path = join(folder, LOCK_FILE);
  for (let tries = 1; ; tries++) {
    // Nobody who holds it lets go soon: no waiting.
    const db = new DatabaseSync(path, { timeout: 0 });
    try {
      db.exec("BEGIN EXCLUSIVE");
      return db;
    } catch (thrown) {
      db.close();
      if (isBusy(thrown)) throw alreadyRunning(folder, thrown);
      // Whoever holds it makes us busy before we can see damage: nobody does. The file holds nothing; the next one is new.
      if (!isDamage(thrown) || tries > 1) throw unavailable(thrown, `cannot lock ${path}`);
      setAside(folder, path);
    }
  }
}

function alreadyRunning(folder: string, cause: unknown): HostError {
  let pid = "";
  try {
    pid = readFileSync(join(folder, PID_FILE), "utf8").trim();
  } catch {
    // It is only for the message.
  }
  return new HostError(
    "ALREADY_RUNNING",
    `another gateway uses ${folder}${pid === "" ? "" : ` (process ${pid})`}`,
    { cause, hint: "stop that one first, or give this one a data folder of its own" },
  );
}
