import { z } from "zod";
import { ConfigurationError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { Unit } from "../../model/unit.ts";
import type { ValueMapping } from "../value.ts";
import { type Order, type RegisterFormat, type RegisterType, registersOf } from "./codec.ts";
import { MAX_ADDRESS } from "./limits.ts";
import type { Table } from "./place-schema.ts";
import type { ModbusSection, Wire } from "./profile.ts";

/*
 * From a profile's section to places on the wire: defaults filled in, numbering undone, components placed. The driver
 * reads from these places and the simulators answer at them.
 */

/** One value's place on the wire. */
export interface Place {
  readonly table: Table;
  /** Address of its first register or bit in the PDU, from 0. */
  readonly address: number;
  /** Registers, or 1 for a coil or discrete input. */
  readonly count: number;
  readonly format: RegisterFormat;
}

/** A channel's place, what its raw number means, and how often it is asked for. */
export interface PlacedChannel extends Place {
  readonly local: string;
  readonly mapping: ValueMapping;
  /** Where the instrument says the unit of the number, and which unit each raw number there means. */
  readonly unitFrom: { readonly place: Place; readonly units: ReadonlyMap<number, Unit> } | undefined;
  /** Undefined: the section's period, or what the device's address says. */
  readonly period: Micros | undefined;
}

/** A component's address: one whole number a field. */
export type ComponentAddress = Readonly<Record<string, number>>;

/** First number of a table as documents print it, with five and with six digits. */
const DOCUMENT_BASE: Readonly<Record<Table, { five: number; six: number }>> = {
  coil: { five: 1, six: 1 },
  discrete: { five: 10_001, six: 100_001 },
  input: { five: 30_001, six: 300_001 },
  holding: { five: 40_001, six: 400_001 },
};
/** Numbers of one table with five digits: 40001 to 49999. */
const FIVE_DIGIT_NUMBERS = 9_999;

/** Whether a table holds single bits. */
export function isBitTable(table: Table): boolean {
  return table === "coil" || table === "discrete";
}

const BITS_PER_REGISTER = 16;

/** What stands at a place of a section, without the place. */
type Written = Pick<
  Wire,
  | "table"
  | "address"
  | "type"
  | "order"
  | "bit"
  | "shift"
  | "width"
  | "signed"
  | "mask"
  | "equals"
  | "in"
  | "length"
>;

/**
 * Where something written in a section is on the wire.
 * @throws ConfigurationError PROFILE_INVALID when the number cannot be an address of its table.
 */
export function place(section: ModbusSection, written: Written): Place {
  const table = written.table ?? section.table;
  return placeAt(section, written, pduAddress(section, table, written.address));
}

/**
 * The same within a component: relative to its first register.
 * @throws ConfigurationError PROFILE_INVALID when that is outside the table.
 */
export function placeInComponent(
  section: ModbusSection,
  written: Written & Pick<Wire, "strides">,
  address: ComponentAddress,
): Place {
  const { registers, bits } = componentOffset(section, address, written.strides);
  const at = registers + written.address;
  const table = written.table ?? section.table;
  const { bit, shift } = written;
  // Packed states are single bits of words; what else a component has does not move by bits.
  if (bits === 0 || isBitTable(table) || (bit === undefined && shift === undefined))
    return placeAt(section, written, at);
  const position = (bit ?? shift ?? 0) + bits;
  const inWord = position % BITS_PER_REGISTER;
  const moved = bit === undefined ? { ...written, shift: inWord } : { ...written, bit: inWord };
  if (inWord + (written.width ?? 1) > BITS_PER_REGISTER) {
    throw new ConfigurationError("PROFILE_INVALID", `${table} ${at}: the state does not end in its word`);
  }
  return placeAt(section, moved, at + Math.floor(position / BITS_PER_REGISTER));
}

function placeAt(section: ModbusSection, written: Written, address: number): Place {
  const table = written.table ?? section.table;
  const type: RegisterType = isBitTable(table) ? "bit" : written.type;
  const order: Order = written.order ?? (type === "string" ? "ABCD" : section.order);
  const format: RegisterFormat = { ...pick(written), type, order };
  const count = isBitTable(table) ? 1 : registersOf(format);
  if (address < 0 || address + count - 1 > MAX_ADDRESS) {
    throw new ConfigurationError(
      "PROFILE_INVALID",
      `${table} ${address} is outside the addresses 0 to ${MAX_ADDRESS}`,
    );
  }
  return { table, address, count, format };
}

function pick(written: Written): Omit<RegisterFormat, "type" | "order"> {
  const { bit, shift, width, signed, mask, equals, in: word, length } = written;
  return { bit, shift, width, signed, mask, equals, in: word, length };
}

function pduAddress(section: ModbusSection, table: Table, number: number): number {
  if (section.numbering === "pdu") return number;
  if (section.numbering === "one-based") return number - 1;
  const base = DOCUMENT_BASE[table];
  if (number >= base.six && base.six > base.five && number <= base.six + MAX_ADDRESS)
    return number - base.six;
  if (number >= base.five && number < base.five + (table === "coil" ? MAX_ADDRESS + 1 : FIVE_DIGIT_NUMBERS)) {
    return number - base.five;
  }
  throw new ConfigurationError("PROFILE_INVALID", `${number} is not a number of a ${table}`, {
    hint: `documents number them from ${base.five}${base.six > base.five ? ` or ${base.six}` : ""}; as on the wire: numbering: pdu`,
  });
}

/** First register of a component: `base + Σ stride × field`; and bits beyond it: `Σ bits × (field − min)`. */
function componentOffset(
  section: ModbusSection,
  address: ComponentAddress,
  strides: Readonly<Record<string, number>> = {},
): { registers: number; bits: number } {
  const components = section.components;
  if (components === undefined) {
    throw new ConfigurationError("PROFILE_INVALID", "the profile has no components in its Modbus section");
  }
  let registers = components.base;
  let bits = 0;
  for (const [name, field] of Object.entries(components.address)) {
    const value = address[name] ?? field.default ?? field.min;
    registers += (strides[name] ?? field.stride ?? 0) * value;
    bits += (field.bits ?? 0) * (value - field.min);
  }
  return { registers, bits };
}

/** Places of the device's own channels. @throws ConfigurationError PROFILE_INVALID */
export function placedChannels(section: ModbusSection): PlacedChannel[] {
  return Object.entries(section.channels).map(([local, wire]) =>
    placed(local, wire, (written) => place(section, written)),
  );
}

function placed(local: string, wire: Wire, at: (written: Written) => Place): PlacedChannel {
  const { unitFrom } = wire;
  return {
    ...at(wire),
    local,
    mapping: wire,
    period: wire.period,
    unitFrom:
      unitFrom === undefined
        ? undefined
        : {
            place: at(unitFrom.register),
            units: new Map(Object.entries(unitFrom.units).map(([raw, unit]) => [Number(raw), unit])),
          },
  };
}

/** Places of one component's channels. @throws ConfigurationError PROFILE_INVALID */
export function placedComponentChannels(section: ModbusSection, address: ComponentAddress): PlacedChannel[] {
  return Object.entries(section.components?.channels ?? {}).map(([local, wire]) =>
    // The unit's register moves as its channel does.
    placed(local, wire, (written) =>
      placeInComponent(section, { ...written, strides: wire.strides }, address),
    ),
  );
}

/** What a component's `address` in the site file may say; undefined when the product has no components. */
export function componentAddressSchema(section: ModbusSection): z.ZodObject | undefined {
  if (section.components === undefined) return undefined;
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(section.components.address)) {
    const whole = z.number().int().min(field.min).max(field.max);
    shape[name] = field.default === undefined ? whole : whole.default(field.default);
  }
  return z.strictObject(shape);
}

/** How often a channel is asked for: its own period, else the device's, else the section's. */
export function periodOf(section: ModbusSection, local: string, devicePeriod: Micros | undefined): Micros {
  const wire = section.channels[local] ?? section.components?.channels[local];
  for (const [channel, { where, period }] of Object.entries(section.unlisted)) {
    if (local === channel || local === where) return period;
  }
  return wire?.period ?? devicePeriod ?? section.period;
}
