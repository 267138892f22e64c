import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { pack, unpack } from "./block.ts";
import { ByteReader, ByteWriter, damaged } from "./bytes.ts";
import { syncFolder } from "./database.ts";
import { parsePlain, stringifyPlain } from "./plain.ts";

/** State of the rules and alarms as it was behind record `sequence`. */
export interface Checkpoint {
  readonly sequence: number;
  /** JSON-safe. */
  readonly state: unknown;
}

const SLOTS = [0, 1] as const;

/** Path of one of the two files. */
function slotPath(folder: string, slot: number): string {
  return join(folder, `checkpoint-${slot}`);
}

const body = new ByteWriter();

/**
 * The last two checkpoints, in plain files of their own: CRC-32, then a blob as in block.ts with the sequence and JSON. A file is
 * written beside, synced and renamed; the one before it stays untouched, so no bad page takes both.
 */
export class Checkpoints {
  readonly #folder: string;
  #next: number;
  /** The newest that can be read. */
  readonly latest: Checkpoint | undefined;
  /** Files that cannot be read. */
  readonly damaged: readonly string[];

  constructor(folder: string) {
    this.#folder = folder;
    const damagedFiles: string[] = [];
    let latest: Checkpoint | undefined;
    let latestSlot = 1;
    for (const slot of SLOTS) {
      const path = slotPath(folder, slot);
      if (!existsSync(path)) continue;
      try {
        const found = readCheckpoint(path);
        if (latest !== undefined && found.sequence <= latest.sequence) continue;
        latest = found;
        latestSlot = slot;
      } catch {
        damagedFiles.push(path);
      }
    }
    this.latest = latest;
    this.damaged = damagedFiles;
    this.#next = 1 - latestSlot;
  }

  /** Writes a checkpoint over the older of the two. @throws a file system error */
  write(checkpoint: Checkpoint): void {
    body.clear();
    body.varint(checkpoint.sequence);
    body.bytes(new TextEncoder().encode(stringifyPlain(checkpoint.state)));
    const { bytes, crc } = pack(body);
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, crc, true);
    const path = slotPath(this.#folder, this.#next);
    const file = openSync(`${path}.new`, "w");
    try {
      writeAll(file, head);
      writeAll(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
    syncFolder(this.#folder);
    this.#next = 1 - this.#next;
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function readCheckpoint(path: string): Checkpoint {
  const bytes = readFileSync(path);
  const from: ByteReader = unpack(bytes.subarray(4), new ByteReader(bytes).uint32());
  const sequence = from.varint();
  const state = parsePlain(new TextDecoder().decode(from.bytes(from.left)));
  if (state === undefined) throw damaged("the checkpoint is empty");
  return { sequence, state };
}
