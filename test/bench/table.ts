import type { Row } from "./measurement.ts";

const HEAD = ["what", "to begin with", "measured", ""] as const;

/** Rows as a Markdown table, so that it can be pasted where it is talked about. */
export function table(rows: readonly Row[]): string {
  const cells = [
    [...HEAD],
    ...rows.map(({ what, goal, measured, verdict }) => [what, goal, measured, verdict]),
  ];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [head, ...body] = cells;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** 87123 → "87,100": three figures are all a busy machine can vouch for. */
export function round3(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return Number(value.toPrecision(3)).toLocaleString("en");
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

export function percent(share: number): string {
  return `${round3(share * 100)} %`;
}
