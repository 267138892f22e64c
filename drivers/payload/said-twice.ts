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

/** A valid JSON text in which the first of equal keys counts. @throws RangeError when it is nested deeper than the stack. */
export function parseFirst(text: string): unknown {
  let at = 0;
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
    members("}", () => {
      const key = String(scalar());
      skip();
      at++;
      const said = value();
      if (Object.hasOwn(object, key)) return;
      Object.defineProperty(object, key, {
        value: said,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    });
    return object;
  };
  return value();
}
