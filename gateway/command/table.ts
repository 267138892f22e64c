import stringWidth from "string-width";

/** Columns of text, aligned as a terminal shows them: a Chinese character fills two cells. */
export function alignColumns(rows: readonly (readonly string[])[], gap = "  "): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, stringWidth(cell));
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell + " ".repeat(widths[i]! - stringWidth(cell)))
        .join(gap)
        .trimEnd(),
    )
    .join("\n");
}
