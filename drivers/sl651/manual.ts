import type { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { readTime } from "./digits.ts";
import { guideOfIdentifier } from "./elements.ts";
import { emptyField } from "./field.ts";
import type { StationMapping } from "./station-mapping.ts";

const SPACE = 0x20;
const OBSERVED_CHARACTERS = 10;

/**
 * Reads what an observer typed in (35H) as identifiers and values with spaces between them, the way of SL 330 and of annex G.
 * Values of channels become manual values. False when nothing in it was one: the text is then for people to read.
 */
export function addManual(
  text: Uint8Array,
  to: { mapping: StationMapping; batch: ReadingBatch; offset: Micros; time: Micros },
): boolean {
  const field = { ...emptyField(), bytes: text, ascii: true, time: to.time };
  let identifier: string | undefined;
  let any = false;
  for (const { at, length, word } of words(text)) {
    if (identifier === undefined) {
      identifier = word;
      continue;
    }
    if (identifier === "TT" && length === OBSERVED_CHARACTERS) {
      field.time = readTime(text, at, { pairs: 5, ascii: true, offset: to.offset });
    } else {
      field.guide = guideOfIdentifier(identifier) ?? 0;
      field.at = at;
      field.length = length;
      if (to.mapping.add(field, to.batch, true)) any = true;
    }
    identifier = undefined;
  }
  return any;
}

function* words(text: Uint8Array): IterableIterator<{ at: number; length: number; word: string }> {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length);
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === SPACE) {
      at++;
      continue;
    }
    const next = bytes.indexOf(SPACE, at);
    const end = next < 0 ? bytes.length : next;
    yield { at, length: end - at, word: bytes.toString("latin1", at, end) };
    at = end;
  }
}
