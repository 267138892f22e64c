import { DAY, HOUR, MINUTE, type Micros } from "../../model/time.ts";
import { FUNCTION } from "./control.ts";
import { timeDigits } from "./digits.ts";
import { blockWidth, EXTENDED, elementOf, formatGuide, GUIDE, isBlock } from "./elements.ts";
import type { Encoding } from "./frame.ts";
import { formatStationAddress } from "./station-address.ts";

/*
 * Bodies as stations and the centre write them, in both encodings: for what the driver sends down, and for the simulators.
 */

/** A number, or null for a missing one. */
export type Written = number | null;

/** One element to be written. */
export interface WrittenElement {
  readonly guide: number;
  /** A block has several. */
  readonly value: Written | readonly Written[];
  /** For guides that the table does not have: N(digits, decimals). */
  readonly digits?: number;
  readonly decimals?: number;
}

/** Elements of one time. */
export interface WrittenGroup {
  readonly observed: Micros;
  readonly elements: readonly WrittenElement[];
}

/** Values of one element in equal steps. */
export interface WrittenRow {
  readonly observed: Micros;
  readonly step: Micros;
  readonly guide: number;
  readonly values: readonly Written[];
}

/** What one station reports. */
export interface WrittenStation {
  readonly address: number;
  /** HEX code of annex A, for example 0x48 for a river. */
  readonly category: number;
  readonly groups?: readonly WrittenGroup[];
  readonly row?: WrittenRow;
  readonly picture?: Uint8Array;
}

/** A report to be written. */
export interface WrittenReport {
  readonly serial: number;
  readonly sent: Micros;
  readonly stations?: readonly WrittenStation[];
  /** A manual report has nothing else. */
  readonly manual?: string;
}

/** How a body is written. */
export interface Writing {
  readonly encoding: Encoding;
  /** Zone of the times, µs ahead of UTC. */
  readonly offset: Micros;
}

/** Serial number and time of sending: all that a confirmation or a plain query has. */
export function writeHead(serial: number, sent: Micros, { encoding, offset }: Writing): Buffer {
  const digits = serial.toString(16).toUpperCase().padStart(4, "0") + timeDigits(sent, offset);
  return Buffer.from(digits, encoding === "hex" ? "hex" : "latin1");
}

/** A whole report. @throws RangeError when a number does not fit its element */
export function writeReport(report: WrittenReport, writing: Writing): Buffer {
  const head = writeHead(report.serial, report.sent, writing);
  const text = report.manual === undefined ? undefined : Buffer.from(report.manual, "latin1");
  if (writing.encoding === "hex") {
    const parts = (report.stations ?? []).map((station) => hexStation(station, writing.offset));
    const manual = text === undefined ? [] : [Buffer.from([GUIDE.manual, GUIDE.manual]), text];
    return Buffer.concat([head, ...parts, ...manual]);
  }
  const parts = (report.stations ?? []).map((station) => asciiStation(station, writing.offset));
  const manual = text === undefined ? [] : [Buffer.from("RGZS "), text, Buffer.from(" ")];
  return Buffer.concat([head, ...parts, ...manual]);
}

/** Body of 38H: the period by hours, the step, one element (table 44). */
export function writePeriodQuery(
  query: {
    readonly sent: Micros;
    readonly from: Micros;
    readonly to: Micros;
    readonly step: Micros;
    readonly guide: number;
  },
  writing: Writing,
): Buffer {
  const head = writeHead(0, query.sent, writing);
  const from = timeDigits(query.from, writing.offset).slice(0, 8);
  const to = timeDigits(query.to, writing.offset).slice(0, 8);
  if (writing.encoding === "ascii") {
    return Buffer.concat([
      head,
      Buffer.from(`${from} ${to} ${asciiStep(query.step)} ${formatGuide(query.guide)} `),
    ]);
  }
  const times = Buffer.from(from + to, "hex");
  return Buffer.concat([
    head,
    times,
    hexStep(query.step),
    Buffer.from(hexIdentifier(shapeOf({ guide: query.guide }))),
  ]);
}

/** Body of 3AH: the identifiers of the wanted elements (table 48). */
export function writeElementQuery(
  query: { readonly sent: Micros; readonly guides: readonly number[] },
  writing: Writing,
): Buffer {
  const head = writeHead(0, query.sent, writing);
  if (writing.encoding === "ascii") {
    return Buffer.concat([head, Buffer.from(query.guides.map((guide) => `${formatGuide(guide)} `).join(""))]);
  }
  return Buffer.concat([
    head,
    ...query.guides.map((guide) => Buffer.from(hexIdentifier(shapeOf({ guide })))),
  ]);
}

interface Shape {
  readonly guide: number;
  readonly bytes: number;
  readonly decimals: number;
  readonly hex: boolean;
}

const DEFAULT_DIGITS = 6;

function shapeOf(element: { guide: number; digits?: number; decimals?: number }): Shape {
  const { guide } = element;
  const known = elementOf(guide);
  if (known?.hexBytes !== undefined) {
    return { guide, bytes: known.hexBytes, decimals: isBlock(guide) ? 0 : known.decimals, hex: true };
  }
  const digits = element.digits ?? known?.digits ?? DEFAULT_DIGITS;
  return {
    guide,
    bytes: Math.ceil(digits / 2),
    decimals: element.decimals ?? known?.decimals ?? 0,
    hex: false,
  };
}

const LENGTH_MAX = 31;
const DECIMALS_MAX = 7;

/** Guide and definition byte (table 26); of a block, for all its values. */
function hexIdentifier(
  shape: Shape,
  bytes = isBlock(shape.guide) ? 12 * shape.bytes : shape.bytes,
): number[] {
  if (bytes > LENGTH_MAX || shape.decimals > DECIMALS_MAX) {
    throw new RangeError(
      `${formatGuide(shape.guide)}: ${bytes} bytes, ${shape.decimals} decimals cannot be said`,
    );
  }
  const definition = (bytes << 3) | shape.decimals;
  return shape.guide >= EXTENDED
    ? [GUIDE.extended, shape.guide - EXTENDED, definition]
    : [shape.guide, definition];
}

function hexStation(station: WrittenStation, offset: Micros): Buffer {
  const parts: Uint8Array[] = [
    Buffer.from([GUIDE.station, GUIDE.station]),
    Buffer.from(formatStationAddress(station.address), "hex"),
    Buffer.from([station.category]),
  ];
  const observed = (time: Micros) => {
    parts.push(
      Buffer.from([GUIDE.time, GUIDE.time]),
      Buffer.from(timeDigits(time, offset).slice(0, 10), "hex"),
    );
  };
  for (const group of station.groups ?? []) {
    observed(group.observed);
    for (const element of group.elements) parts.push(hexElement(element));
  }
  const { row } = station;
  if (row !== undefined) {
    observed(row.observed);
    const shape = shapeOf(row);
    const negative = row.values.some((value) => value !== null && value < 0);
    // Every value of a row is as wide as the widest (6.6.4.4 d).
    const bytes = shape.bytes + (negative && !shape.hex ? 1 : 0);
    parts.push(hexStep(row.step), Buffer.from(hexIdentifier(shape, bytes)));
    for (const value of row.values) parts.push(hexNumber(value, { ...shape, bytes }));
  }
  if (station.picture !== undefined) {
    parts.push(Buffer.from([GUIDE.picture, GUIDE.picture]), station.picture);
  }
  return Buffer.concat(parts);
}

function hexElement(element: WrittenElement): Buffer {
  const shape = shapeOf(element);
  if (isBlock(element.guide)) {
    const scale = 10 ** (elementOf(element.guide)?.decimals ?? 0);
    const values = blockValues(element.value);
    const scaled = values.map((value) => (value === null ? null : Math.round(value * scale)));
    const width = blockWidth(element.guide);
    return Buffer.concat([
      Buffer.from(hexIdentifier(shape, values.length * width)),
      ...scaled.map((value) => hexNumber(value, shape)),
    ]);
  }
  const value = single(element.value);
  const bytes = shape.bytes + (value !== null && value < 0 ? 1 : 0);
  return Buffer.concat([Buffer.from(hexIdentifier(shape, bytes)), hexNumber(value, { ...shape, bytes })]);
}

/** One value in `bytes` bytes; all F when there is none, a leading FF when it is below zero (6.6.3.3 a). */
function hexNumber(value: Written, { bytes, decimals, hex, guide }: Shape): Buffer {
  if (value === null) return Buffer.alloc(bytes, 0xff);
  const whole = Math.round(Math.abs(value) * 10 ** decimals);
  const digits = hex ? whole.toString(16) : whole.toFixed(0);
  const room = 2 * (value < 0 ? bytes - 1 : bytes);
  if (digits.length > room || (hex && value < 0)) {
    throw new RangeError(`${value} does not fit ${formatGuide(guide)}`);
  }
  return Buffer.from((value < 0 ? "ff" : "") + digits.padStart(room, "0"), "hex");
}

function hexStep(step: Micros): Buffer {
  return Buffer.from(
    `0418${stepPairs(step)
      .map((part) => String(part).padStart(2, "0"))
      .join("")}`,
    "hex",
  );
}

/** Days, hours and minutes; only one of them may differ from 0 (table C.3). */
function stepPairs(step: Micros): [number, number, number] {
  if (step % DAY === 0) return [step / DAY, 0, 0];
  if (step % HOUR === 0) return [0, step / HOUR, 0];
  return [0, 0, Math.round(step / MINUTE)];
}

function asciiStep(step: Micros): string {
  const [days, hours, minutes] = stepPairs(step);
  const [unit, n] = days > 0 ? ["D", days] : minutes > 0 ? ["N", minutes] : ["H", hours];
  return `DR${unit}${String(n).padStart(2, "0")}`;
}

function asciiStation(station: WrittenStation, offset: Micros): Buffer {
  let text = `ST ${formatStationAddress(station.address)} ${String.fromCharCode(station.category)} `;
  const observed = (time: Micros) => {
    text += `TT ${timeDigits(time, offset).slice(0, 10)} `;
  };
  for (const group of station.groups ?? []) {
    observed(group.observed);
    for (const element of group.elements) {
      text += `${asciiIdentifier(element.guide)} ${asciiElement(element)} `;
    }
  }
  const { row } = station;
  if (row !== undefined) {
    observed(row.observed);
    text += `${asciiStep(row.step)} ${asciiIdentifier(row.guide)} `;
    for (const value of row.values) text += `${asciiNumber(value, shapeOf(row))} `;
  }
  const parts: Uint8Array[] = [Buffer.from(text, "latin1")];
  if (station.picture !== undefined) parts.push(Buffer.from("PIC "), station.picture);
  return Buffer.concat(parts);
}

/** Without the H that people write behind a guide. */
function asciiIdentifier(guide: number): string {
  return elementOf(guide)?.id ?? formatGuide(guide).slice(0, -1);
}

function asciiElement(element: WrittenElement): string {
  const shape = shapeOf(element);
  if (!isBlock(element.guide)) return asciiNumber(single(element.value), shape);
  return hexElement(element).subarray(2).toString("hex").toUpperCase();
}

function asciiNumber(value: Written, { bytes, decimals, hex }: Shape): string {
  if (value === null) return "M";
  return hex
    ? value
        .toString(16)
        .toUpperCase()
        .padStart(2 * bytes, "0")
    : value.toFixed(decimals);
}

function blockValues(value: WrittenElement["value"]): readonly Written[] {
  return Array.isArray(value) ? (value as readonly Written[]) : [value as Written];
}

function single(value: WrittenElement["value"]): Written {
  if (typeof value === "number" || value === null) return value;
  throw new RangeError("only blocks have several values");
}

/** Functions whose downlink body is a head and nothing more (6.6.4). */
export const PLAIN_QUERIES: readonly number[] = [
  FUNCTION.picture,
  FUNCTION.queryNow,
  FUNCTION.queryManual,
  FUNCTION.pumpMotor,
  FUNCTION.version,
  FUNCTION.status,
  FUNCTION.setClock,
  FUNCTION.events,
  FUNCTION.clock,
];
