import type { Spot } from "./source.ts";

/** Where a block scalar's text begins: after the line with `|` or `>`. */
const BLOCK = /^[|>][^\n]*\n/;

/**
 * The place of the character `offset` of a text that stands at a spot of a YAML file. The text is followed in the file from its
 * beginning; what stands there and is not of it (quotes, indentation, line breaks that were folded, backslashes) is passed over.
 */
export function spotWithin(spot: Spot, text: string, offset: number): Spot {
  const file = spot.source.text;
  const block = BLOCK.exec(file.slice(spot.offset));
  let at = spot.offset + (block?.[0].length ?? 0);
  for (let i = 0; i <= Math.min(offset, text.length - 1); i++) {
    // A folded line break is a space in the text: it stands for whatever white space is there.
    if (/\s/.test(text[i]!)) continue;
    const found = file.indexOf(text[i]!, at);
    if (found < 0) return spot;
    if (i === offset) return { ...spot, offset: found };
    at = found + 1;
  }
  // Beyond the end, or at white space: behind what was found last.
  return { ...spot, offset: at };
}
