import type { Order } from "../../../../drivers/modbus/codec.ts";
import type { Table } from "../../../../drivers/modbus/place-schema.ts";
import type { DEVICE_CLASSES } from "../../../../drivers/profile.ts";
import type { ColumnKind, SheetColumns } from "./columns.ts";
import type { SheetRow } from "./read-sheet.ts";

export type DeviceClass = (typeof DEVICE_CLASSES)[number];

/** What a person may know of the sheet as a whole. */
export interface SheetHints {
  readonly order: Order | undefined;
  readonly table: Table | undefined;
  /** How factors above 1 are meant. */
  readonly scaleAbove: "multiply" | "divide" | undefined;
  readonly deviceClass: DeviceClass | undefined;
}

/** Cells of a row, by what their columns are. */
export class RowCells {
  readonly line: number;
  readonly #columns: SheetColumns;
  readonly #cells: readonly string[];

  constructor(row: SheetRow, columns: SheetColumns) {
    this.line = row.line;
    this.#cells = row.cells;
    this.#columns = columns;
  }

  /** The first cell of a kind; "" when there is none. */
  get(kind: ColumnKind): string {
    return this.all(kind)[0] ?? "";
  }

  all(kind: ColumnKind): string[] {
    return (this.#columns.of.get(kind) ?? []).map((at) => (this.#cells[at] ?? "").trim());
  }

  /** More stands in the row than the heading has columns for. */
  get tooMany(): boolean {
    return this.#cells.slice(this.#columns.headings.length).some((cell) => cell.trim() !== "");
  }

  heading(kind: ColumnKind): string {
    const at = this.#columns.of.get(kind)?.[0];
    return at === undefined ? "" : (this.#columns.headings[at] ?? "");
  }

  /** The row as a person finds it again. */
  get text(): string {
    return this.#cells
      .map((cell) => cell.trim().replaceAll(/\s+/g, " "))
      .filter((cell) => cell !== "")
      .join(" | ");
  }
}
