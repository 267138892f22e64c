/** An element to be written: a name, and text or elements. Parts that are undefined are left out. */
export type Xml = string;

/** Characters that XML 1.0 has no place for (2.2), and halves of surrogate pairs. */
const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be kept out.
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** Text as it may stand in XML. */
export function escaped(text: string): Xml {
  return text.replaceAll(UNFIT, "\ufffd").replaceAll(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/** `<name>text</name>`; nothing at all for a text that is undefined or empty. */
export function leaf(name: string, text: string | number | undefined): Xml {
  if (text === undefined || text === "") return "";
  return `<${name}>${escaped(String(text))}</${name}>`;
}

/** An element of elements. */
export function element(name: string, ...children: readonly Xml[]): Xml {
  return `<${name}>${children.join("")}</${name}>`;
}
