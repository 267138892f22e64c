import { existsSync, mkdirSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { syncFolder } from "./database.ts";
import { DAMAGED_FOLDER } from "./segment.ts";

/** What SQLite keeps beside a database file; a log left behind would be taken for the next file of that name. */
const COMPANIONS = ["-wal", "-shm", "-journal"];

/**
 * Moves a damaged file, with its logs, to the folder `damaged`, where nothing of ours touches it again. The database must be
 * closed. Returns its new path.
 */
export function setAside(folder: string, path: string): string {
  const target = join(folder, DAMAGED_FOLDER);
  mkdirSync(target, { recursive: true });
  let name = basename(path);
  for (let n = 2; existsSync(join(target, name)); n++) name = `${basename(path)}.${n}`;
  // Logs first: cut off in between, the file would otherwise stand in its place without them.
  for (const companion of COMPANIONS) {
    if (existsSync(path + companion)) renameSync(path + companion, join(target, name + companion));
  }
  if (existsSync(path)) renameSync(path, join(target, name));
  syncFolder(target);
  syncFolder(folder);
  return join(target, name);
}
