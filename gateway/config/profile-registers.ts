import type { Table } from "../../drivers/modbus/place-schema.ts";
import type { Condition, ModbusSection, Status, Wire } from "../../drivers/modbus/profile.ts";
import { isBitTable, type Place, place, placeInComponent } from "../../drivers/modbus/registers.ts";
import { workaroundsSchema } from "../../drivers/modbus/workarounds.ts";
import type { ValueMapping } from "../../drivers/value.ts";
import { REASON, reasonRow } from "../../model/quality.ts";
import { formatDuration } from "../../model/time.ts";
import { flow } from "./flow.ts";
import { cell } from "./page-parts.ts";

/*
 * What stands where in the registers of a product, for its page: addresses on the wire, whatever numbers its document prints.
 */

/** Function codes that read each table (Modbus Application Protocol 1.1b3, 6.1 to 6.4). */
const FUNCTION: Readonly<Record<Table, number>> = { coil: 1, discrete: 2, holding: 3, input: 4 };

const REGISTERS_HEAD = [
  "| channel | FC | address | encoding | order | value | no reading, or states |",
  "|---|---|---|---|---|---|---|",
];

/** All parts about the Modbus section of a profile. */
export function registerParts(section: ModbusSection): string[] {
  const parts: string[] = [];
  const at = (wire: Wire) => place(section, wire);
  const own = Object.entries(section.channels).map(([local, wire]) =>
    registerRow(local, wire, { section, at: at(wire) }),
  );
  parts.push(`Registers 寄存器, as on the wire from 0; asked every ${formatDuration(section.period)}:`);
  if (own.length > 0) parts.push([...REGISTERS_HEAD, ...own].join("\n"));
  parts.push(...componentParts(section));
  const statuses = [
    ...statusRows(section.status, (register) => registerText(section, register)),
    ...statusRows(
      section.components?.status ?? [],
      (register) => `${register.table ?? section.table} +${register.address}${partText(register)}`,
    ),
  ];
  if (statuses.length > 0) {
    parts.push(
      "When channels show no measurement 何时不是有效测量:",
      ["| looks at | raw number | means | for |", "|---|---|---|---|", ...statuses].join("\n"),
    );
  }
  parts.push(...lines(section));
  const outputs = Object.entries(section.outputs).map(([id, output]) => {
    const { table, address, format } = place(section, output);
    const values = output.states === undefined ? rangeText(output) : flow(output.states);
    const verified = typeof output.verify === "string" ? output.verify : flow(output.verify);
    return `| \`${id}\` | ${cell(output.name?.zh ?? "")} · ${cell(output.name?.en ?? id)} | ${table} ${hex(address)} | ${format.type} | ${cell(values)} | ${cell(verified)} |`;
  });
  if (outputs.length > 0) {
    parts.push(
      "Can be written, where a site file allows it 可写（须在站点文件中允许）:",
      ["| output | name | place | type | values | verified |", "|---|---|---|---|---|---|", ...outputs].join(
        "\n",
      ),
    );
  }
  return parts;
}

/** Components: where each one's registers are, by formula, and what stands in them. */
function componentParts(section: ModbusSection): string[] {
  const { components } = section;
  if (components === undefined) return [];
  const fields = Object.entries(components.address);
  const ranges = fields.map(([name, { min, max }]) => `${name} ${min} … ${max}`).join(", ");
  const terms = fields.map(([name, { stride, bits, min }]) =>
    bits === undefined
      ? `${stride === 1 ? "" : `${stride} × `}${name}`
      : `${bits === 1 ? "" : `${bits} × `}(${name} − ${min}) div ${16 / bits}`,
  );
  const packed = fields.some(([, { bits }]) => bits !== undefined)
    ? "; the states are packed into words, the lowest bit first"
    : "";
  const origin = components.base === 0 ? [] : [String(components.base).replace("-", "−")];
  const rows = Object.entries(components.channels).map(([local, wire]) => {
    const first = Object.fromEntries(fields.map(([name, { min }]) => [name, min]));
    const strides = Object.entries(wire.strides ?? {}).map(([name, stride]) => `${stride} × ${name}`);
    return registerRow(local, wire, {
      section,
      at: { ...placeInComponent(section, wire, first), address: wire.address },
      relative: strides.length === 0 ? "+" : `${strides.join(" + ")} + `,
    });
  });
  return [
    `Components 部件: ${ranges}. First register = ${[...origin, ...terms].join(" + ")}${packed}; addresses below count from there.`,
    [...REGISTERS_HEAD, ...rows].join("\n"),
    ...(Object.keys(section.unlisted).length === 0
      ? []
      : [
          `Components that a site does not list 未登记部件: ${Object.entries(section.unlisted)
            .map(
              ([local, { asserts, period, where }]) =>
                `\`${local}\` is active while ${asserts.map((id) => `\`${id}\``).join(" or ")} of any is${where === undefined ? "" : `, \`${where}\` says where`} (every ${formatDuration(period)})`,
            )
            .join("; ")}.`,
        ]),
  ];
}

function registerRow(
  local: string,
  wire: Wire,
  { section, at, relative }: { section: ModbusSection; at: Place; relative?: string },
): string {
  const { table, address, count, format } = at;
  const end = count > 1 ? `–${address + count - 1}` : "";
  const where = `${relative ?? ""}${address}${end}${relative === undefined && !isBitTable(table) ? ` (${hex(address)})` : ""}`;
  return `| \`${local}\` | ${FUNCTION[table]} | ${where} | ${isBitTable(table) ? "bit" : encodingText(wire)} | ${count > 1 ? format.order : ""} | ${cell(worth(wire, relative === undefined ? place(section, wire.unitFrom?.register ?? wire).address : undefined))} | ${cell(exceptions(wire))} |`;
}

/** How a value stands in its registers, as a profile writes it. */
type Encoding = Pick<
  Wire,
  "type" | "bit" | "shift" | "width" | "signed" | "mask" | "equals" | "in" | "length"
>;

function encodingText({
  type,
  bit,
  shift = 0,
  width = 1,
  signed,
  mask,
  equals = [],
  in: word,
  length,
}: Encoding): string {
  const within = word === "u32" ? " of 32" : "";
  if (type === "bit") return `bit ${bit}${within}`;
  if (type === "bits")
    return `bits ${shift}–${shift + width - 1}${within}${signed === true ? ", signed" : ""}`;
  if (type === "match") {
    const values = equals.map(hex).join(", ");
    return `${mask === undefined ? "word" : `word & ${hex(mask)}`}${within} is ${values}`;
  }
  return type === "string" ? `text, ${length} registers` : type;
}

/** What the raw number is worth: factor, zero and unit. */
function worth({ scale, offset, unit, unitFrom }: Wire, unitAt: number | undefined): string {
  const factor = scale === 1 ? "" : `× ${scale}`;
  const zero = offset === 0 ? "" : ` ${offset < 0 ? "−" : "+"} ${Math.abs(offset)}`;
  const own = unit ?? "";
  const chosen =
    unitFrom === undefined
      ? ""
      : `unit by register ${unitAt ?? `+${unitFrom.register.address}`}: ${Object.entries(unitFrom.units)
          .map(([raw, name]) => `${raw} ${name}`)
          .join(", ")}`;
  return [`${factor}${zero}`, own, chosen].filter((text) => text !== "").join(" ");
}

/** Sentinels and fault codes, and what the raw numbers of a state mean. */
export function exceptions({ codes, states }: ValueMapping): string {
  const sentinels = codes.map(({ equals, from, to, reason }) => {
    const span =
      equals ?? (from === undefined ? `≤ ${to}` : to === undefined ? `≥ ${from}` : `${from} … ${to}`);
    return `${span}: ${reasonText(reason)}`;
  });
  const named = Object.entries(states ?? {}).map(([raw, code]) => `${raw} → ${code}`);
  return [...sentinels, ...named].join("; ");
}

function statusRows(
  list: readonly Status[],
  lookedAt: (register: NonNullable<Status["register"]>) => string,
): string[] {
  return list.map(({ channel, register, when, affects }) => {
    const looked =
      channel !== undefined ? `\`${channel}\`` : register === undefined ? "" : lookedAt(register);
    const raws = when.map((condition) => conditionText(condition)).join("<br>");
    const reasons = when.map(({ reason }) => reasonText(reason)).join("<br>");
    return `| ${looked.trim()} | ${raws} | ${reasons} | ${affects.map((id) => `\`${id}\``).join(", ")} |`;
  });
}

/** A register that is no channel, as on the wire. */
function registerText(section: ModbusSection, register: NonNullable<Status["register"]>): string {
  const { table, address } = place(section, register);
  return `${table} ${address}${partText(register)}`;
}

function partText(register: Encoding): string {
  return register.type === "u16" ? "" : ` (${encodingText(register)})`;
}

function conditionText({ equals, except, from, to, bit }: Condition): string {
  const list = (of: number | readonly number[]) => [of].flat().join(", ");
  if (equals !== undefined) return list(equals);
  if (except !== undefined) return `not ${list(except)}`;
  if (bit !== undefined) return `bit ${bit}`;
  return from === undefined ? `≤ ${to}` : to === undefined ? `≥ ${from}` : `${from} … ${to}`;
}

function reasonText(name: Condition["reason"]): string {
  const { zh, en } = reasonRow(REASON[name]);
  return `${en} ${zh}`;
}

/** Self-checks, triggers, forbidden registers and workarounds, a sentence each. */
function lines(section: ModbusSection): string[] {
  const found: string[] = [];
  for (const { register, equals } of section.selfCheck)
    found.push(
      `It identifies itself 自我识别: ${registerText(section, register)} always holds ${hex(equals)}.`,
    );
  const { trigger, forbidden, workarounds } = section;
  if (trigger !== undefined)
    found.push(
      `It measures when it is told to 触发测量: \`${trigger.output}\` is written (${trigger.value}), and read after ${formatDuration(trigger.wait)}.`,
    );
  if (forbidden.length > 0)
    found.push(
      `Never read 禁止读取: ${forbidden.map(({ table, from, to }) => `${table} ${from}–${to}`).join(", ")}.`,
    );
  const normal = workaroundsSchema.parse({});
  const quirks = Object.entries(workarounds)
    .filter(([name, value]) => value !== normal[name as keyof typeof normal])
    .map(([name, value]) => `\`${name}\` ${/^pause/.test(name) ? formatDuration(Number(value)) : value}`);
  if (quirks.length > 0) found.push(`Workarounds 特殊处理: ${quirks.join(", ")}.`);
  return found;
}

function rangeText({
  range,
  unit,
}: {
  range?: { low: number; high: number } | undefined;
  unit?: string | undefined;
}): string {
  return range === undefined
    ? "off, on"
    : `${range.low} … ${range.high}${unit === undefined ? "" : ` ${unit}`}`;
}

function hex(value: number): string {
  return Number.isInteger(value) && value >= 0
    ? `0x${value.toString(16).toUpperCase().padStart(4, "0")}`
    : String(value);
}
