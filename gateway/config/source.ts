import { isUtf8 } from "node:buffer";
import type { Text } from "../../model/text.ts";
import { IS_UTF16, SAVE_AS_UTF8 } from "./texts/structure.ts";

/** A place in a file that a person can go to; both count from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The text of one file, with the way from an offset to line and column. */
export class SourceText {
  readonly path: string;
  readonly text: string;
  readonly #starts: number[] = [0];

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  /** Line and column of an offset; an offset beyond the text is its end. */
  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - this.#starts[low]! + 1 };
  }

  /** One line without its end; empty when there is no such line. */
  line(number: number): string {
    const start = this.#starts[number - 1];
    if (start === undefined) return "";
    const end = this.text.indexOf("\n", start);
    return this.text.slice(start, end < 0 ? undefined : end).replace(/\r$/, "");
  }
}

/** A place in a file. `origin` says whose text it is when a template has brought it elsewhere. */
export interface Spot {
  readonly source: SourceText;
  readonly offset: number;
  readonly origin?: Text;
  /** Where in a rule pack the text stands that is in force at this place. */
  readonly pack?: Text;
}

/** What a decoder puts in place of bytes that are no UTF-8, and its own bytes, which are. */
const REPLACEMENT = "\ufffd";
const REPLACEMENT_BYTES = Buffer.from(REPLACEMENT);

/** Why bytes are not UTF-8 text, and where; undefined when they are. */
export function encodingFault(bytes: Buffer): (Position & { hint: Text }) | undefined {
  if (isUtf8(bytes)) return undefined;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let at = text.indexOf(REPLACEMENT);
  for (let offset = Buffer.byteLength(text.slice(0, at)); at >= 0; ) {
    // A replacement character may also stand in the file itself; then the bytes are its own.
    if (!bytes.subarray(offset, offset + REPLACEMENT_BYTES.length).equals(REPLACEMENT_BYTES)) break;
    const next = text.indexOf(REPLACEMENT, at + 1);
    offset += Buffer.byteLength(text.slice(at, next < 0 ? undefined : next));
    at = next;
  }
  const { line, column } = new SourceText("", text).position(Math.max(0, at));
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return { line, column, hint: utf16 ? IS_UTF16 : SAVE_AS_UTF8 };
}
