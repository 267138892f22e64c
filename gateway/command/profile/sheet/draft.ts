import type { Table } from "../../../../drivers/modbus/place-schema.ts";
import type { NUMBERINGS } from "../../../../drivers/modbus/profile.ts";
import type { ReasonName } from "../../../../model/quality.ts";
import type { Quantity } from "../../../../model/quantity.ts";
import { onWire, parseAddress, type SheetAddress } from "./address.ts";
import { type DeviceClass, RowCells, type SheetHints } from "./cells.ts";
import { gasOf } from "./quantity.ts";
import type { Sheet } from "./read-sheet.ts";
import { type Assumption, type LeftRow, readRow, type TakenRow } from "./row.ts";
import { folded } from "./text.ts";

export type Numbering = (typeof NUMBERINGS)[number];

/** What a sheet gives: channels, and the rows that are none. */
export interface Draft {
  readonly deviceClass: DeviceClass;
  readonly numbering: Numbering;
  readonly table: Table;
  readonly channels: readonly DraftChannel[];
  readonly left: readonly LeftRow[];
  /** What could not be verified, one sentence each: what was taken though the sheet does not say it. */
  readonly unverified: readonly string[];
}

/** A row with the id of its channel, and its address as the profile writes it. */
export interface DraftChannel extends TakenRow {
  readonly local: string;
  readonly number: number;
}

/** What a person may know of the sheet, and how its bare numbers count. */
export interface DraftHints extends SheetHints {
  readonly numbering: Numbering | undefined;
}

/** Makes channels of the rows of a sheet. Every row comes back: as a channel, or among those that are left. */
export function draftOf(sheet: Sheet, hints: DraftHints): Draft {
  const first = draftAs(sheet, hints);
  // What an "alarm" is, is known only when it is known what is measured.
  return hints.deviceClass === undefined
    ? draftAs(sheet, { ...hints, deviceClass: first.deviceClass })
    : first;
}

function draftAs(sheet: Sheet, hints: DraftHints): Draft {
  const left: LeftRow[] = [];
  const taken: TakenRow[] = [];
  const contradictions: string[] = [];
  let above: SheetAddress | undefined;
  for (const row of sheet.rows) {
    const cells = new RowCells(row, sheet.columns);
    const read = readRow(cells, hints, above);
    above = parseAddress(cells.get("address")) ?? above;
    if (read.kind === "taken") {
      taken.push(read);
      const said = otherAddress(cells, read);
      if (said !== undefined) contradictions.push(said);
    } else left.push(read);
  }
  const everywhere = sheet.rows.map((row) => parseAddress(new RowCells(row, sheet.columns).get("address")));
  const { numbering, number, doubt } = numberingOf(taken, everywhere, hints.numbering);
  const ids = new Set<string>();
  const channels = taken.map((row): DraftChannel => ({ ...row, local: idOf(row, ids), number: number(row) }));
  const tables = channels.map(({ table }) => table);
  const table = mostOf(tables) ?? "holding";
  return {
    deviceClass: hints.deviceClass ?? classOf(channels.map(({ quantity }) => quantity)),
    numbering,
    table,
    channels,
    left,
    unverified: [...doubt, ...contradictions, ...assumptions(channels)],
  };
}

/** A second column of addresses shows how the first is counted: say so where the two do not fit. */
function otherAddress(cells: RowCells, row: TakenRow): string | undefined {
  const [, text = ""] = cells.all("address");
  const other = text === "" ? undefined : parseAddress(text);
  if (other === undefined) return undefined;
  const wire = ({ form, number }: SheetAddress) => (form === "document" ? onWire(row.table, number) : number);
  const apart = wire(row.address) - wire(other);
  if (apart === 0 || (row.address.form === other.form && row.address.form === "plain")) return undefined;
  return `Line ${row.line}: its two addresses, ${cells.get("address")} and ${text}, are ${Math.abs(apart)} apart on the wire; the first was taken.`;
}

interface FoundNumbering {
  readonly numbering: Numbering;
  readonly number: (row: TakenRow) => number;
  readonly doubt: readonly string[];
}

/** How the profile counts: as the sheet does where all rows do alike, else as on the wire. */
function numberingOf(
  rows: readonly TakenRow[],
  everywhere: readonly (SheetAddress | undefined)[],
  said: Numbering | undefined,
): FoundNumbering {
  const forms = new Set(rows.map(({ address }) => address.form));
  const doubt: string[] = [];
  if (forms.size === 1 && forms.has("document")) {
    doubt.push(
      "That document numbers are wire addresses plus the first number of their table (40001, 30001 …).",
    );
    return { numbering: "document", number: ({ address }) => address.number, doubt };
  }
  const plain = everywhere.flatMap((address) => (address?.form === "plain" ? [address.number] : []));
  const oneBased = said === "one-based";
  if (said === undefined && plain.length > 0) {
    const suspicious = Math.min(...plain) === 1;
    doubt.push(
      suspicious
        ? "The addresses begin with 1, so the sheet may count from 1; 0 as on the wire is assumed. If every value is its neighbour's, make it again with --numbering one-based."
        : "Whether the addresses count from 0 or from 1; from 0, as on the wire, is assumed.",
    );
  }
  if (forms.has("hex")) doubt.push("That hexadecimal addresses are as on the wire.");
  if (forms.size > 1)
    doubt.push("The sheet counts its addresses in several ways; all are written here as on the wire.");
  return {
    numbering: "pdu",
    number: ({ address: { form, number }, table }) =>
      form === "document"
        ? onWire(table, number)
        : form === "plain" && oneBased
          ? Math.max(0, number - 1)
          : number,
    doubt,
  };
}

/** The sentence about what was taken though the sheet does not say it; the channels follow. */
const SENTENCES: Readonly<Record<Assumption, string>> = {
  signed: "Whether these numbers have a sign is not on the sheet; none is assumed",
  width: "How many registers these take is not on the sheet; one is assumed",
  order:
    "The byte order of numbers of two registers is not on the sheet; high word first (ABCD) is assumed. Compare all four with `tocsin profile try`",
  quantity: "What these measure was guessed from their names and units",
  scale: "The factor of these was read out of a remark",
  table: "That these are holding registers (function code 3) is not on the sheet",
  unit: "The unit of these was taken from their range",
  polarity:
    "Which number is the alarm, the fault or whatever these are called is not on the sheet; 1, with 0 for normal, is assumed",
  states:
    "Whether any of their states is an alarm or a fault; they are shown by name and raise nothing by themselves",
};

function assumptions(channels: readonly DraftChannel[]): string[] {
  const found = (Object.keys(SENTENCES) as Assumption[]).flatMap((kind) => {
    const locals = channels.filter(({ assumed }) => assumed.includes(kind)).map(({ local }) => local);
    return locals.length === 0 ? [] : [`${SENTENCES[kind]}: ${locals.join(", ")}.`];
  });
  for (const { channel, affects } of decidingOf(channels)) {
    const gases = affects.map(({ local }) => local).join(", ");
    found.push(`That these show no measurement while ${channel.local} says so: ${gases}.`);
  }
  return found;
}

/** A channel that says when other channels show no measurement, and by which numbers. */
export interface Deciding {
  readonly channel: DraftChannel;
  readonly when: readonly { readonly condition: string; readonly reason: ReasonName }[];
  /** Concentrations that it is about, one at least: a zero in fault must not read as "no gas". */
  readonly affects: readonly DraftChannel[];
}

/** Words for what an instrument does when it does not measure. */
const NOT_MEASURING: readonly (readonly [RegExp, ReasonName])[] = [
  [/warm|预热|启动|initial|初始化/, "warming_up"],
  [/calib|标定|校准|校零|zero|span|bump/, "calibrating"],
  [/inhibit|抑制|屏蔽/, "inhibited"],
  [/maint|service|维护|检修|保养/, "out_of_service"],
  [/fault|fail|error|故障|异常/, "device_failure"],
];

/** Faults beside which an instrument goes on measuring: its supply, its horn, its relay, its printer. */
const BESIDE_THE_MEASUREMENT =
  /power|supply|mains|batter|电源|主电|备电|电池|horn|siren|beacon|speaker|声光|喇叭|relay|继电器|print|打印/;

/** Faults, and modes whose states are named: a detector in warm-up shows 0. */
export function decidingOf(channels: readonly DraftChannel[]): readonly Deciding[] {
  const gases = gasesOf(channels);
  if (gases.length === 0) return [];
  return channels.flatMap((channel): Deciding[] => {
    const affects = affectedBy(channel, gases);
    const { quantity, encoding, states } = channel;
    if (quantity === "fault") {
      if (BESIDE_THE_MEASUREMENT.test(folded(`${channel.name.zh} ${channel.name.en}`))) return [];
      const normal = [...(channel.raw ?? [])].find(([, code]) => code === 0)?.[0] ?? 0;
      const condition = encoding.type === "bit" ? `equals: ${1 - normal}` : `except: ${normal}`;
      return [{ channel, when: [{ condition, reason: "device_failure" }], affects }];
    }
    if (quantity !== "mode") return [];
    const when = [...(states ?? [])].flatMap(([code, name]) => {
      const reason = NOT_MEASURING.find(([pattern]) => pattern.test(folded(name)))?.[1];
      return reason === undefined ? [] : [{ condition: `equals: ${code}`, reason }];
    });
    return when.length === 0 ? [] : [{ channel, when, affects }];
  });
}

/** What a fault is a fault of: the gas that it names, those of its number, else all. One dead sensor must not hide another's leak. */
function affectedBy({ name }: DraftChannel, gases: readonly DraftChannel[]): readonly DraftChannel[] {
  const gas = gasOf(`${name.zh} ${name.en}`);
  const named = gases.filter((one) => gas !== undefined && one.gas === gas);
  if (named.length > 0) return named;
  const number = numberIn(name);
  const numbered = gases.filter((one) => number !== undefined && numberIn(one.name) === number);
  return numbered.length > 0 ? numbered : gases;
}

/** The number that a name has outside of words: of 通道1故障, CH 1 fault and 1# 浓度 it is 1; H2S has none. */
function numberIn({ zh, en }: DraftChannel["name"]): string | undefined {
  return /(?:^|[^a-z0-9]|ch|channel|sensor|no\.?|通道|回路)0*(\d{1,3})(?![a-z0-9])/.exec(
    folded(`${zh} ${en}`),
  )?.[1];
}

function gasesOf(channels: readonly DraftChannel[]): readonly DraftChannel[] {
  return channels.filter(({ quantity }) => quantity.startsWith("gas_") && quantity !== "gas_alarm");
}

/** Short ids of quantities that people name otherwise. */
const SHORT: Readonly<Partial<Record<Quantity, string>>> = {
  gas_lel: "lel",
  gas_ppm: "ppm",
  gas_ppb: "ppb",
  gas_vol: "vol",
  gas_mass: "mass",
  gas_alarm: "alarm",
};
const LONGEST_ID = 40;

function idOf({ name, quantity }: TakenRow, taken: Set<string>): string {
  const words = name.en
    .normalize("NFKC")
    .replaceAll(/[([].*$/g, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, LONGEST_ID);
  const base = /^[a-z]/.test(words) ? words : (SHORT[quantity] ?? quantity);
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}_${n}`;
  taken.add(id);
  return id;
}

const CLASS_OF: readonly (readonly [RegExp, DeviceClass])[] = [
  [/^gas_/, "gas"],
  [/^(fire|smoke|heat|call_point)/, "fire"],
  [/^vibration|^particle|^acceleration/, "vibration"],
  [/^rain/, "rain"],
  [/^(water_level|water_depth|level_alarm)/, "level"],
  [/^(tilt|crack|settlement|displacement|movement)/, "tilt"],
  [/^(residual_current|electrical)/, "electrical"],
];

function classOf(quantities: readonly Quantity[]): DeviceClass {
  for (const [pattern, found] of CLASS_OF)
    if (quantities.some((quantity) => pattern.test(quantity))) return found;
  return "environment";
}

function mostOf<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}
