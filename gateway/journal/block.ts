import { constants, crc32, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { AlarmEvent } from "../../rules/event.ts";
import { ByteReader, ByteWriter, damaged } from "./bytes.ts";
import {
  readBytes,
  readSteady,
  readUint32,
  readValues,
  writeBytes,
  writeSteady,
  writeUint32,
  writeValues,
} from "./columns.ts";
import type { CommandRecord } from "./command-record.ts";
import { loggedEntries, type Page, type PlacedInput } from "./page.ts";
import { parsePlain, stringifyPlain } from "./plain.ts";

/*
 * A page as one blob: what a commit appends to the open segment.
 *
 *   byte     version
 *   byte     packing: 0 plain, 1 zstd
 *   varint   length of the body before packing
 *   body:
 *     skeleton   everything but the readings' columns: see writeSkeleton
 *     series     first differences (polled channels come in order: mostly 1)
 *     values     decimals, float32 or float64, a tag each
 *     reasons, flags   bytes, one byte if all are equal
 *     times      difference from the message's `received` (mostly 0)
 *
 * The CRC-32 of the whole blob stands beside it in the table. A block is self-contained: damage to one costs that one.
 */

const VERSION = 1;
const PLAIN = 0;
const ZSTD = 1;
/** Below this, packing costs 30 µs and gains next to nothing. */
const PACK_FROM = 256;
/** Fastest level: 40 µs for 8 kB; level 3 gains 2 % for half as much time again (measured on blocks of polled readings). */
const PACK = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Bound on what a length field may ask for; the intake's bound keeps pages far below. */
const MAX_RECORDS = 2 ** 26;
const MAX_BODY = 2 ** 30;

const CLAIMS = 1;
const IDENTITIES = 2;
const TEXTS = 4;

const body = new ByteWriter();
const blob = new ByteWriter();
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });

/** A packed body with its CRC-32, as it stands in a table. */
export interface Blob {
  /** Valid until the next call that makes one: SQLite copies it when it is bound. */
  readonly bytes: Uint8Array;
  readonly crc: number;
}

/** The page as a blob. */
export function encodeBlock(page: Page): Blob {
  body.clear();
  writeSkeleton(body, page);
  writeUint32(body, page.series, page.readings);
  writeValues(body, page.value, { count: page.readings, delta: false });
  writeBytes(body, page.reason, page.readings);
  writeBytes(body, page.flags, page.readings);
  writeSteady(body, page.time, {
    count: page.readings,
    differences: { base: receivedOf(page) },
  });
  return pack(body);
}

/** The page that `encodeBlock` was given, columns cut to length. @throws HostError JOURNAL_DAMAGED */
export function decodeBlock(bytes: Uint8Array, crc: number): Page {
  const from = unpack(bytes, crc);
  const skeleton = readSkeleton(from);
  const count = skeleton.readings;
  const series = readUint32(from, count);
  const value = readValues(from, { count, delta: false });
  const reason = readBytes(from, count);
  const flags = readBytes(from, count);
  const time = readSteady(from, { count, differences: { base: receivedOf(skeleton) } });
  if (from.left !== 0) throw damaged(`${from.left} bytes are left over`);
  return { ...skeleton, series, value, reason, flags, time };
}

/** A block's page without the columns of its readings. @throws HostError JOURNAL_DAMAGED */
export function decodeBlockSkeleton(bytes: Uint8Array, crc: number): Skeleton {
  return readSkeleton(unpack(bytes, crc));
}

/** What a page holds beside the columns of its readings. */
export type Skeleton = Omit<Page, "series" | "value" | "reason" | "flags" | "time">;

/** `received` of the message that each reading belongs to. */
function receivedOf(page: Skeleton): Float64Array {
  const received = new Float64Array(page.readings);
  let i = 0;
  for (let m = 0; m < page.messages; m++) {
    const end = page.end[m]!;
    const at = page.received[m]!;
    for (; i < end; i++) received[i] = at;
  }
  return received;
}

/**
 * Appends first, counts, what is present, ends of messages, received times, and where present claims, identities, and the JSON
 * of inputs and events.
 */
export function writeSkeleton(out: ByteWriter, page: Skeleton): void {
  const { messages } = page;
  const claims = page.claimed.length;
  let identities = false;
  for (let m = 0; m < messages && !identities; m++) {
    identities = page.identityHigh[m] !== 0 || page.identityLow[m] !== 0;
  }
  const texts = page.inputs.length > 0 || loggedEntries(page) > 0;
  out.varint(page.first);
  out.varint(page.readings);
  out.varint(messages);
  out.byte((claims > 0 ? CLAIMS : 0) | (identities ? IDENTITIES : 0) | (texts ? TEXTS : 0));
  writeUint32(out, page.end, messages);
  writeSteady(out, page.received, { count: messages, differences: "first" });
  if (claims > 0) {
    out.varint(claims);
    writeUint32(out, page.claimedIndex, claims);
    writeSteady(out, page.claimed, { count: claims, differences: "first" });
  }
  if (identities) {
    for (let m = 0; m < messages; m++) {
      out.uint32(page.identityHigh[m]!);
      out.uint32(page.identityLow[m]!);
    }
  }
  if (texts) {
    const json = utf8.encode(
      stringifyPlain({ inputs: page.inputs, events: page.events, records: page.records }),
    );
    out.varint(json.length);
    out.bytes(json);
  }
}

const NO_INDEX = new Uint32Array(0);
const NO_TIMES = new Float64Array(0);

/** Reads what `writeSkeleton` wrote. @throws HostError JOURNAL_DAMAGED */
export function readSkeleton(from: ByteReader): Skeleton {
  const first = from.varint();
  const readings = from.count(MAX_RECORDS);
  const messages = from.count(MAX_RECORDS);
  const present = from.byte();
  const end = readUint32(from, messages);
  checkEnds(end, readings);
  const received = readSteady(from, { count: messages, differences: "first" });
  let claimedIndex: Uint32Array = NO_INDEX;
  let claimed: Float64Array = NO_TIMES;
  if ((present & CLAIMS) !== 0) {
    const claims = from.count(readings);
    claimedIndex = readUint32(from, claims);
    claimed = readSteady(from, { count: claims, differences: "first" });
  }
  const identityHigh = new Uint32Array(messages);
  const identityLow = new Uint32Array(messages);
  if ((present & IDENTITIES) !== 0) {
    for (let m = 0; m < messages; m++) {
      identityHigh[m] = from.uint32();
      identityLow[m] = from.uint32();
    }
  }
  const texts = (present & TEXTS) === 0 ? NO_TEXTS : readTexts(from);
  return {
    first,
    readings,
    claimedIndex,
    claimed,
    messages,
    end,
    received,
    identityHigh,
    identityLow,
    inputs: texts.inputs,
    events: texts.events,
    ...(texts.records === undefined ? {} : { records: texts.records }),
  };
}

interface Texts {
  readonly inputs: readonly PlacedInput[];
  readonly events: readonly AlarmEvent[];
  readonly records?: readonly CommandRecord[];
}

const NO_TEXTS: Texts = { inputs: [], events: [] };

function readTexts(from: ByteReader): Texts {
  const json = from.bytes(from.count(from.left));
  let plain: unknown;
  try {
    plain = parsePlain(text.decode(json));
  } catch (cause) {
    throw damaged("its text cannot be read", cause);
  }
  const { inputs, events, records } = plain as Partial<Texts>;
  if (!Array.isArray(inputs) || !Array.isArray(events)) throw damaged("inputs or events are missing");
  if (records === undefined) return { inputs, events };
  if (!Array.isArray(records)) throw damaged("its records of commands are none");
  return { inputs, events, records };
}

function checkEnds(end: Uint32Array, readings: number): void {
  let before = 0;
  for (const at of end) {
    if (at < before || at > readings) throw damaged("its messages overlap");
    before = at;
  }
  if (before !== readings) throw damaged("readings belong to no message");
}

/** Packs a body if that pays, and puts version, packing and CRC around it. */
export function pack(content: ByteWriter): Blob {
  const plain = content.written();
  const packed = plain.length < PACK_FROM ? undefined : zstdCompressSync(plain, PACK);
  blob.clear();
  blob.byte(VERSION);
  const pays = packed !== undefined && packed.length < plain.length;
  blob.byte(pays ? ZSTD : PLAIN);
  blob.varint(plain.length);
  blob.bytes(pays ? packed : plain);
  const bytes = blob.written();
  return { bytes, crc: crc32(bytes) };
}

/** The body of a blob, checked. @throws HostError JOURNAL_DAMAGED */
export function unpack(bytes: Uint8Array, crc: number): ByteReader {
  if (crc32(bytes) !== crc) throw damaged("its checksum does not fit");
  const head = new ByteReader(bytes);
  const version = head.byte();
  if (version !== VERSION) throw damaged(`it has version ${version}, this program reads ${VERSION}`);
  const packing = head.byte();
  const length = head.count(MAX_BODY);
  const rest = head.bytes(head.left);
  if (packing === PLAIN && rest.length === length) return new ByteReader(rest);
  if (packing !== ZSTD) throw damaged(`unknown packing ${packing}`);
  let plain: Uint8Array;
  try {
    plain = zstdDecompressSync(rest, { maxOutputLength: Math.max(1, length) });
  } catch (cause) {
    throw damaged("it cannot be unpacked", cause);
  }
  if (plain.length !== length) throw damaged("it unpacks to another length");
  return new ByteReader(plain);
}
