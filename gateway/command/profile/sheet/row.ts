import type { Table } from "../../../../drivers/modbus/place-schema.ts";
import type { Gas } from "../../../../model/gas.ts";
import type { ReasonName } from "../../../../model/quality.ts";
import { isDiscrete, type Quantity, quantityRow } from "../../../../model/quantity.ts";
import { conversion, dimensionOf, type Unit } from "../../../../model/unit.ts";
import { parseAddress, type SheetAddress } from "./address.ts";
import type { RowCells, SheetHints } from "./cells.ts";
import { cellNumber, encodingOf, lengthUnit, type SheetEncoding } from "./encoding.ts";
import { asideOf, gasOf, isAlarm, quantityOf } from "./quantity.ts";
import { rangeOf, sentinelsOf, statesOf } from "./remark.ts";
import { scaleInRemark, scaleOf } from "./scale.ts";
import { stateIn } from "./state.ts";
import { tablesOf } from "./table.ts";
import { folded } from "./text.ts";
import { type SheetUnit, saysNone, scaledUnit, unitOf } from "./units.ts";
import { Unread } from "./unread.ts";

/** What was taken though the sheet does not say it. */
export type Assumption =
  | "signed"
  | "width"
  | "order"
  | "quantity"
  | "scale"
  | "table"
  | "unit"
  | "states"
  | "polarity";

/** A row that becomes a channel. */
export interface TakenRow {
  readonly kind: "taken";
  readonly line: number;
  readonly name: { readonly zh: string; readonly en: string };
  readonly address: SheetAddress;
  readonly table: Table;
  readonly encoding: SheetEncoding;
  readonly quantity: Quantity;
  readonly gas?: Gas | undefined;
  readonly unit?: Unit | undefined;
  readonly scale: number;
  readonly offset: number;
  /** In the quantity's own unit. */
  readonly range?: { readonly low: number; readonly high: number } | undefined;
  readonly states?: ReadonlyMap<number, string> | undefined;
  /** Raw number to code, of a state whose numbers are not simply 0 and 1. */
  readonly raw?: ReadonlyMap<number, 0 | 1> | undefined;
  readonly codes: readonly { readonly equals: number; readonly reason: ReasonName }[];
  readonly writable: boolean;
  readonly assumed: readonly Assumption[];
}

/** A row that does not: `aside` by its nature, `unclear` until a person has looked at it. */
export interface LeftRow {
  readonly kind: "aside" | "unclear";
  readonly line: number;
  readonly text: string;
  readonly why: string;
  readonly todo: string;
}

export type ReadRow = TakenRow | LeftRow;

/** Reads one row. `above` is the address of the row before, for bits that stand below it in empty cells. */
export function readRow(cells: RowCells, hints: SheetHints, above: SheetAddress | undefined): ReadRow {
  const read = attempt(cells, hints, above);
  if (!(read instanceof Unread)) return read;
  const { kind, why, todo } = read;
  return { kind, line: cells.line, text: cells.text, why, todo };
}

function attempt(cells: RowCells, hints: SheetHints, above: SheetAddress | undefined): TakenRow | Unread {
  if (cells.tooMany)
    return new Unread(
      "unclear",
      "it has more cells than the heading",
      "a cell that has the separator in it needs quotes around it",
    );
  const name = nameOf(cells);
  const address = addressOf(cells, above);
  if (address instanceof Unread) return address;
  const remark = cells.all("remark").join(" ");
  const called = name.zh === name.en ? name.zh : `${name.zh} ${name.en}`;
  if (called === "") return new Unread("unclear", "it has no name", "say what it is");
  const aside = asideOf(called, { measured: !saysNone(cells.get("unit")) });
  if (aside !== undefined) return new Unread("aside", aside, "nothing, unless somebody wants to see it");
  const place = tablesOf({ cells, address, hints });
  if ("why" in place) return new Unread("unclear", place.why, place.todo);
  if (place.writeOnly)
    return new Unread(
      "aside",
      "it can only be written",
      "add it under `outputs` by hand, where a site is to write it",
    );
  const unit = unitIn(cells, called);
  if (unit instanceof Unread) return unit;
  const range = rangeOf(cells.get("range"));
  const wordBits = place.table === "coil" || place.table === "discrete";
  const encoding: SheetEncoding | { why: string; todo: string } = wordBits
    ? { type: "bit", assumed: [] }
    : encodingOf({
        type: cells.get("type"),
        length: cells.get("length"),
        lengthIn: lengthUnit(cells.heading("length")),
        bit: cells.get("bit"),
        order: `${cells.get("order")} ${remark}`,
        registers: address.count,
        bitOfAddress: address.bit,
        belowZero: typeof range === "object" && range.low < 0,
        wholeOrder: hints.order,
      });
  if ("why" in encoding) return new Unread("unclear", encoding.why, encoding.todo);
  const assumed: Assumption[] = [...encoding.assumed, ...(place.assumed ? (["table"] as const) : [])];
  const base = { kind: "taken", line: cells.line, name, address, table: place.table, encoding } as const;
  const isBit = wordBits || encoding.type === "bit";
  const states = statesOf(remark) ?? statesOf(cells.get("range"));
  const ranged = typeof range === "object" ? range : undefined;
  const measured = unit ?? (ranged?.unit === undefined ? undefined : { ...ranged.unit, scale: undefined });
  if (isBit || measured === undefined) {
    const said = stateIn({ called, isBit, states, hints, encoding });
    if (said instanceof Unread) return said;
    const { guess, named, sorted } = said;
    if (!guess.certain) assumed.push("quantity");
    if (named !== undefined) assumed.push("states");
    if (said.unlisted === true) assumed.push("polarity");
    const faults = (sorted?.faults ?? []).map((equals) => ({ equals, reason: "device_failure" as const }));
    return {
      ...base,
      quantity: guess.quantity,
      scale: 1,
      offset: 0,
      states: named,
      raw: sorted?.codes,
      codes: isDiscrete(guess.quantity) ? faults : sentinelsOf(remark),
      writable: place.writable,
      assumed,
    };
  }
  if (isAlarm(called))
    return new Unread(
      "unclear",
      `an alarm that is measured in ${measured.unit}: a limit, or a state`,
      "leave a limit out: as a channel, rules would judge it as measured; take the unit off a state",
    );
  const guess = quantityOf(called, measured.unit);
  if (guess === "impossible")
    return new Unread(
      "unclear",
      `"${called}" is not measured in ${measured.unit}`,
      "look whether the row has slipped",
    );
  if (guess === undefined)
    return new Unread(
      "unclear",
      `${measured.unit} measures several things, and "${called}" does not say which`,
      "write the channel by hand, or say more in the name",
    );
  if (!guess.certain) assumed.push("quantity");
  if (unit === undefined) assumed.push("unit");
  const factor = factorOf(cells, remark, { unitScale: measured.scale, hints });
  if (factor instanceof Unread) return factor;
  if (encoding.type.startsWith("f") && factor.scale !== 1)
    return new Unread(
      "unclear",
      `a float and the factor ${factor.scale}: it may be how finely the number is shown, and then nothing is multiplied`,
      "leave the factor out, or write the channel by hand with `scale`",
    );
  if (factor.from === "remark") assumed.push("scale");
  const offset = cellNumber(cells.get("offset")) ?? 0;
  if (offset === "unclear")
    return new Unread("unclear", `the offset "${cells.get("offset")}" is no number`, "say a number");
  const other = ranged?.unit?.unit;
  if (other !== undefined && dimensionOf(other) !== dimensionOf(measured.unit))
    return new Unread(
      "unclear",
      `it is measured in ${measured.unit}, and its range is in ${other}`,
      "say which of them is right",
    );
  if (range === "unclear")
    return new Unread(
      "unclear",
      `"${cells.get("range")}" is no range that is understood`,
      "write it as 0-100",
    );
  const own = quantityRow(guess.quantity).unit;
  const kept = rainUnit(measured.unit, own);
  const inOwn = (value: number) => {
    const by = conversion(rainUnit(ranged?.unit?.unit ?? measured.unit, own), own);
    return Number((value * (ranged?.unit ?? measured).factor * by.scale + by.offset).toPrecision(DIGITS));
  };
  return {
    ...base,
    quantity: guess.quantity,
    gas: guess.quantity.startsWith("gas_") ? gasOf(called) : undefined,
    unit: kept,
    scale: Number((factor.scale * measured.factor).toPrecision(DIGITS)),
    offset: offset * measured.factor,
    range: ranged === undefined ? undefined : { low: inOwn(ranged.low), high: inOwn(ranged.high) },
    codes: sentinelsOf(remark),
    writable: place.writable,
    assumed,
  };
}

/** Digits that a factor of a sheet is worth. */
const DIGITS = 12;

/** A millimetre of rain is another unit than one of length. */
function rainUnit(unit: Unit, own: Unit): Unit {
  return dimensionOf(own) === "rain" && unit === "mm" ? "mm(rain)" : unit;
}

/** What stands in Chinese is the Chinese name, what does not the English; one for both where there is only one. */
function nameOf(cells: RowCells): TakenRow["name"] {
  const names = cells.all("name").filter((name) => name !== "");
  const words =
    names.length > 0
      ? names
      : cells
          .all("remark")
          .filter((text) => text !== "")
          .slice(0, 1);
  const bare = words.map((word) => word.replaceAll(/\s+/g, " "));
  const zh = bare.find((word) => /\p{Script=Han}/u.test(word));
  const en = bare.find((word) => !/\p{Script=Han}/u.test(word));
  return { zh: zh ?? en ?? "", en: en ?? zh ?? "" };
}

function addressOf(cells: RowCells, above: SheetAddress | undefined): SheetAddress | Unread {
  const text = cells.get("address");
  if (text === "") {
    if (cells.get("bit") !== "" && above !== undefined) return { ...above, bit: undefined };
    return new Unread("aside", "it has no address", "nothing, if it is a heading; else say the address");
  }
  const address = parseAddress(text);
  return (
    address ??
    new Unread(
      "unclear",
      `"${text}" is no address that is understood`,
      "write it as 40001, 4x0001, 0x0010 or 16",
    )
  );
}

/** The unit of its column, or in brackets behind the name. Undefined: there is none. */
function unitIn(
  cells: RowCells,
  called: string,
): (SheetUnit & { scale: number | undefined }) | undefined | Unread {
  const text = cells.get("unit");
  if (!saysNone(text)) {
    const scaled = scaledUnit(text);
    if (scaled !== undefined) return scaled;
    const unit = unitOf(text);
    if (unit !== undefined) return isRain(called, unit);
    return new Unread(
      "unclear",
      `"${text}" is no unit that is known, or more than one`,
      "say one unit, such as ppm, %LEL, mg/m3, Cel, m",
    );
  }
  const behind = /[([（【]\s*([^)\]）】]+)\s*[)\]）】]\s*$/.exec(cells.get("name"))?.[1];
  const unit = behind === undefined ? undefined : unitOf(behind);
  return unit === undefined ? undefined : isRain(called, unit);
}

function isRain(called: string, unit: SheetUnit): SheetUnit & { scale: undefined } {
  const rain = unit.unit === "mm" && /rain|precip|雨/.test(folded(called));
  return { ...unit, unit: rain ? "mm(rain)" : unit.unit, scale: undefined };
}

function factorOf(
  cells: RowCells,
  remark: string,
  { unitScale, hints }: { unitScale: number | undefined; hints: SheetHints },
): { scale: number; from: "column" | "remark" } | Unread {
  const text = cells.get("scale");
  const said = scaleOf(text, hints.scaleAbove);
  if (said === "unclear") {
    const todo = /^\s*\d+\s*$/.test(text)
      ? "say how factors above 1 are meant: --scale-above divide, or multiply"
      : "write it as 0.1";
    return new Unread("unclear", `the factor "${text}" may be meant either way, or is no number`, todo);
  }
  const decimals = cellNumber(cells.get("decimals"));
  const places = typeof decimals === "number" ? 10 ** -decimals : undefined;
  const remarked =
    said === undefined && unitScale === undefined && places === undefined ? scaleInRemark(remark) : undefined;
  if (decimals === "unclear" || remarked === "unclear")
    return new Unread(
      "unclear",
      "what the raw number must be multiplied by is not clear",
      "say the factor in a column: 0.1",
    );
  const all = [said?.scale, unitScale, places].filter((scale) => scale !== undefined);
  if (all.some((scale) => Math.abs(scale - all[0]!) > Number.EPSILON))
    return new Unread(
      "unclear",
      `two factors that differ: ${all.join(" and ")}`,
      "say which of them is right",
    );
  if (all.length > 0) return { scale: all[0]!, from: "column" };
  return remarked ?? { scale: 1, from: "column" };
}
