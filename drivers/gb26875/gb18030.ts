/*
 * Texts of the protocol are GB18030, padded with zeros to a fixed length (8.2.1.2).
 */

const decoder = new TextDecoder("gb18030");

/** What devices fill their texts with besides zeros: control characters, spaces, and the byte 0xA0 of vendors. */
const FILL = /^[\p{Cc}\s\ufffd]+|[\p{Cc}\s\ufffd]+$/gu;
const CONTROL = /\p{Cc}/gu;
const VENDOR_FILL = 0xa0;
/** One such byte may end a character of two. */
const FILL_LEAST = 2;

/** A device's text without its filling. What is no GB18030 reads as the replacement character. */
export function decodeText(bytes: Uint8Array): string {
  let end = bytes.indexOf(0);
  if (end < 0) end = bytes.length;
  let filled = end;
  while (filled > 0 && bytes[filled - 1] === VENDOR_FILL) filled--;
  if (end - filled >= FILL_LEAST) end = filled;
  return decoder.decode(bytes.subarray(0, end)).replace(FILL, "").replace(CONTROL, "");
}

/** First and last lead and trail bytes of the two-byte form. */
const LEAD = { first: 0x81, last: 0xfe };
const TRAIL = { first: 0x40, last: 0xfe, not: 0x7f };
/** The four-byte form counts through four places: 126 × 10 × 126 × 10. */
const PLACES = [0x81, 0x30, 0x81, 0x30] as const;
const DIGITS = 10;
const LETTERS = 126;
/** Linear number of U+10000 in the four-byte form (GB 18030-2022). */
const SUPPLEMENTARY = 189_000;
/** Four-byte codes that stand for characters of the basic plane. */
const BASIC_CODES = 39_420;
const REPLACEMENT = "\ufffd";

let codes: Map<string, Buffer> | undefined;

/** The bytes of a text, for what is sent: simulators and tests. Characters that GB18030 lacks become `?`. */
export function encodeText(text: string): Buffer {
  codes ??= basicCodes();
  const parts: Buffer[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) parts.push(Buffer.of(point));
    else if (point >= 0x1_0000) parts.push(fourBytes(SUPPLEMENTARY + point - 0x1_0000));
    else parts.push(codes.get(character) ?? Buffer.from("?"));
  }
  return Buffer.concat(parts);
}

/** The decoder turned round: every code of the basic plane is decoded once. */
function basicCodes(): Map<string, Buffer> {
  const known = new Map<string, Buffer>();
  const learn = (code: Buffer) => {
    const character = decoder.decode(code);
    if ([...character].length === 1 && character !== REPLACEMENT && !known.has(character))
      known.set(character, code);
  };
  for (let lead = LEAD.first; lead <= LEAD.last; lead++) {
    for (let trail = TRAIL.first; trail <= TRAIL.last; trail++) {
      if (trail !== TRAIL.not) learn(Buffer.of(lead, trail));
    }
  }
  for (let linear = 0; linear < BASIC_CODES; linear++) learn(fourBytes(linear));
  return known;
}

function fourBytes(linear: number): Buffer {
  const fourth = linear % DIGITS;
  const third = Math.floor(linear / DIGITS) % LETTERS;
  const second = Math.floor(linear / (DIGITS * LETTERS)) % DIGITS;
  const first = Math.floor(linear / (DIGITS * LETTERS * DIGITS));
  return Buffer.of(PLACES[0] + first, PLACES[1] + second, PLACES[2] + third, PLACES[3] + fourth);
}
