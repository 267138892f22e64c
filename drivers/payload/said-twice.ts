import { PayloadError } from "./payload-error.ts";

/*
 * JSON in which a key stands twice says two things, and which is meant nobody can tell (RFC 8259, 4). The parser takes the last one
 * in silence: an alarm before an all-clear would be lost.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = /[\s]*/y;
/** A string, or a number or word, of valid JSON. */
const SCALAR = /"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y;

/** Whether a key stands twice in an object of a valid JSON text; `parsed` is what the parser made of it. */
export function isKeyTwice(text: string, parsed: unknown): boolean {
  return colons(text) !== keys(parsed);
}

/** Members as they are written: colons outside of strings. */
function colons(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) count++;
    if (code !== QUOTE) continue;
    for (i++; text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++;
  }
  return count;
}

/** Members as they are in a parsed value; without recursion, because a payload can be deeper than the stack. */
function keys(parsed: unknown): number {
  let count = 0;
  const open: unknown[] = [parsed];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== "object" || node === null) continue;
    const inside: readonly unknown[] = Array.isArray(node) ? node : Object.values(node);
    if (!Array.isArray(node)) count += inside.length;
    for (const value of inside) if (typeof value === "object") open.push(value);
  }
  return count;
}

/** Most equal keys of one object: each is another reading of the whole text. */
const EQUAL_MOST = 8;

/**
 * What a valid JSON text says when of equal keys not the last counts: the first, then the second, and so on up to the last but one.
 * Where there are fewer of a key, its last stands. @throws PayloadError when there are too many of one, RangeError when it is nested
 * deeper than the stack.
 */
export function saidBefore(text: string): unknown[] {
  const said: unknown[] = [];
  for (let most = 2; said.length < most - 1; ) {
    const { value, equal } = parseNth(text, said.length);
    if (equal > EQUAL_MOST) throw new PayloadError(`a key stands ${equal} times in one object`);
    said.push(value);
    most = equal;
  }
  return said;
}

/** A valid JSON text in which of equal keys that at `nth` counts, or the last there is; and how many there are at most. */
function parseNth(text: string, nth: number): { readonly value: unknown; readonly equal: number } {
  let at = 0;
  let equal = 1;
  const skip = () => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };
  const scalar = (): unknown => {
    SCALAR.lastIndex = at;
    const [word = ""] = SCALAR.exec(text) ?? [];
    at += word.length;
    return JSON.parse(word);
  };
  const members = (end: string, one: () => void) => {
    at++;
    for (skip(); text[at] !== end; skip()) {
      if (text[at] === ",") at++;
      skip();
      one();
    }
    at++;
  };
  const value = (): unknown => {
    skip();
    if (text[at] === "[") {
      const list: unknown[] = [];
      members("]", () => list.push(value()));
      return list;
    }
    if (text[at] !== "{") return scalar();
    const object = {};
    const times = new Map<string, number>();
    members("}", () => {
      const key = String(scalar());
      skip();
      at++;
      const said = value();
      const before = times.get(key) ?? 0;
      times.set(key, before + 1);
      equal = Math.max(equal, before + 1);
      if (before > nth) return;
      Object.defineProperty(object, key, {
        value: said,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    });
    return object;
  };
  return { value: value(), equal };
}
