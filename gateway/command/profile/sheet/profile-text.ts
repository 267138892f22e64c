import { isDiscrete } from "../../../../model/quantity.ts";
import { type Draft, type DraftChannel, decidingOf } from "./draft.ts";

/** What a sheet does not say of a product. */
export interface ProductHead {
  readonly id: string;
  readonly vendor: string;
  readonly product: string;
  /** Document and page. */
  readonly source: string;
  /** The sheet's file, for the remark on top. */
  readonly sheet: string;
}

/** The profile as YAML. Rows that became no channel stand in it as remarks, so that nothing of the sheet is lost. */
export function profileText(draft: Draft, head: ProductHead): string {
  const { channels } = draft;
  const lines = [
    `# Made from ${head.sheet} by tocsin profile new. Nobody has tried it yet: compare every line with the document.`,
    `id: ${head.id}`,
    `vendor: ${quoted(head.vendor)}`,
    `product: ${quoted(head.product)}`,
    `class: ${draft.deviceClass}`,
    `name: ${quoted(`${head.vendor} ${head.product}`)}`,
    `source: ${quoted(head.source)}`,
    "maturity: documented",
    "unverified:",
    ...[
      "Every register: the profile was made from a sheet and was not tried on an instrument.",
      ...draft.unverified,
    ].map((sentence) => `  - ${quoted(sentence)}`),
    "",
    "channels:",
    ...channels.map((channel) => `  ${channel.local}: ${map(declared(channel))}`),
    "",
    "modbus:",
    `  numbering: ${draft.numbering}`,
    `  table: ${draft.table}`,
    "  channels:",
    ...merged(draft).map((entry) =>
      "local" in entry
        ? `    ${entry.local}: ${map(placed(entry, draft))}${entry.writable ? " # can be written too: see outputs" : ""}`
        : `    # line ${entry.line} left out: ${remark(entry.text)}: ${entry.why}`,
    ),
  ];
  const deciding = decidingOf(channels);
  if (deciding.length > 0) lines.push("  status:");
  for (const { channel, when, affects } of deciding) {
    lines.push(
      `    - channel: ${channel.local}`,
      `      when: [${when.map(({ condition, reason }) => `{ ${condition}, reason: ${reason} }`).join(", ")}]`,
      `      affects: [${affects.map(({ local }) => local).join(", ")}]`,
    );
  }
  return `${lines.join("\n")}\n`;
}

/** Channels and what is left, in the order of the sheet. */
function merged({ channels, left }: Draft) {
  return [...channels, ...left].toSorted((a, b) => a.line - b.line);
}

function declared({ quantity, name, gas, range, states }: DraftChannel): readonly (string | undefined)[] {
  return [
    `quantity: ${quantity}`,
    `name: { zh: ${quoted(name.zh)}, en: ${quoted(name.en)} }`,
    gas && `gas: ${gas}`,
    range && `range: { low: ${range.low}, high: ${range.high} }`,
    states && `states: { ${[...states].map(([code, text]) => `"${code}": ${quoted(text)}`).join(", ")} }`,
  ];
}

function placed(channel: DraftChannel, draft: Draft): readonly (string | undefined)[] {
  const { table, number, address, encoding, quantity, unit, scale, offset, codes, raw } = channel;
  const plain = raw === undefined || (raw.size === 2 && raw.get(0) === 0 && raw.get(1) === 1);
  const bitTable = table === "coil" || table === "discrete";
  const { type, bits, order } = encoding;
  const part =
    bits === undefined
      ? []
      : type === "bit"
        ? [`bit: ${bits.shift}`]
        : [`shift: ${bits.shift}`, `width: ${bits.width}`];
  const written =
    address.form === "hex" && draft.numbering === "pdu"
      ? `0x${number.toString(16).toUpperCase().padStart(4, "0")}`
      : number;
  return [
    table === draft.table ? undefined : `table: ${table}`,
    `address: ${written}`,
    ...(bitTable ? [] : [type === "u16" ? undefined : `type: ${type}`, ...part, order && `order: ${order}`]),
    unit && !isDiscrete(quantity) ? `unit: ${quoted(unit)}` : undefined,
    scale === 1 ? undefined : `scale: ${scale}`,
    offset === 0 ? undefined : `offset: ${offset}`,
    plain ? undefined : `states: { ${[...raw].map(([number, code]) => `"${number}": ${code}`).join(", ")} }`,
    codes.length === 0
      ? undefined
      : `codes: [${codes.map(({ equals, reason }) => `{ equals: ${equals}, reason: ${reason} }`).join(", ")}]`,
  ];
}

function map(entries: readonly (string | undefined)[]): string {
  return `{ ${entries.filter((entry) => entry !== undefined && entry !== "").join(", ")} }`;
}

/** Words that YAML takes for something else than words. */
const NO_WORDS = /^(true|false|yes|no|on|off|null|~)$/i;

/** A text as YAML: bare where nothing in it could be mistaken. */
function quoted(text: string): string {
  const bare =
    /^[\p{Script=Han}A-Za-z][\p{Script=Han}\w /.()-]*$/u.test(text) &&
    text.trim() === text &&
    !NO_WORDS.test(text);
  return bare ? text : JSON.stringify(text);
}

/** A text within a remark: of one line. */
function remark(text: string): string {
  return text.replaceAll(/[\r\n]+/g, " ");
}
