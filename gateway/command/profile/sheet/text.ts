/** A heading or a cell as it is compared: width and compatibility forms folded (℃, ㎜, ％, full-width letters), lower case. */
export function folded(text: string): string {
  return text.normalize("NFKC").replaceAll("µ", "μ").toLowerCase().trim();
}

/** The same without spaces, underscores, points and dashes: how headings are compared. */
export function squeezed(text: string): string {
  return folded(text).replaceAll(/[\s_.\-/:]+/g, "");
}

/** A decimal or hexadecimal number and nothing else; undefined: it is none. */
export function numberOf(text: string): number | undefined {
  // A decimal comma, where it can be no separator of thousands: 0,01 and 12,5.
  const bare = folded(text)
    .replaceAll(/^\+/g, "")
    .replaceAll("−", "-")
    .replace(/^(-?0|-?\d+(?=,\d{1,2}$)),(\d+)$/, "$1.$2");
  if (/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(bare)) return Number(bare);
  const hexadecimal = /^(?:0x([0-9a-f]+)|([0-9][0-9a-f]*)h)$/.exec(bare);
  const digits = hexadecimal?.[1] ?? hexadecimal?.[2];
  return digits === undefined ? undefined : Number.parseInt(digits, 16);
}
