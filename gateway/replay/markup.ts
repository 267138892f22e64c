import type { Text } from "../../model/text.ts";
import { escapeHtml } from "../page/html.ts";

/** Both languages; the page shows the one that its reader has chosen. */
export function both({ zh, en }: Text): string {
  if (zh === en) return escapeHtml(zh);
  return `<span class="zh" lang="zh">${escapeHtml(zh)}</span><span class="en" lang="en">${escapeHtml(en)}</span>`;
}

/** A table; cells are HTML already. */
export function htmlTable(head: readonly Text[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row(head.map(both), "th")}</thead><tbody>${rows.map((cells) => row(cells, "td")).join("")}</tbody></table>`;
}
