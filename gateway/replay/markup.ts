import type { Text } from "../../model/text.ts";

/** Text as it may stand in HTML and its attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Both languages; the page shows the one that its reader has chosen. */
export function both({ zh, en }: Text): string {
  if (zh === en) return escaped(zh);
  return `<span class="zh" lang="zh">${escaped(zh)}</span><span class="en" lang="en">${escaped(en)}</span>`;
}

/** A table; cells are HTML already. */
export function htmlTable(head: readonly Text[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row(head.map(both), "th")}</thead><tbody>${rows.map((cells) => row(cells, "td")).join("")}</tbody></table>`;
}
