import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

const RESERVE_FILE = "reserve";
/** What a start needs to write: logs of four small databases, and some to spare. */
const RESERVE_BYTES = 2 * 2 ** 20;

/**
 * Space kept for a start on a full disk: a gateway that cannot record must still come up and watch. It holds nothing.
 * Returns whether it had to be made. @throws a file system error when there is no space for it
 */
export function keepReserve(folder: string): boolean {
  const path = join(folder, RESERVE_FILE);
  if (statSync(path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return false;
  const making = `${path}.new`;
  // Written, not just given a length: a sparse file keeps no space. Not zeros, which some file systems do not store either.
  const block = new Uint8Array(64 * 1024).fill(0x5a);
  try {
    const file = openSync(making, "w");
    try {
      for (let at = 0; at < RESERVE_BYTES; at += block.length) {
        if (writeSync(file, block) !== block.length) throw new RangeError("the disk is full");
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(making, path);
  } catch (thrown) {
    rmSync(making, { force: true });
    throw thrown;
  }
  return true;
}

/** Gives the reserved space back. Returns whether there was any. */
export function releaseReserve(folder: string): boolean {
  const path = join(folder, RESERVE_FILE);
  const had = statSync(path, { throwIfNoEntry: false }) !== undefined;
  rmSync(path, { force: true });
  rmSync(`${path}.new`, { force: true });
  return had;
}
