import { ConfigurationError } from "../../model/error.ts";
import { MAX_BITS, MAX_REGISTERS } from "./limits.ts";
import type { Table } from "./place-schema.ts";
import { isBitTable } from "./registers.ts";

/*
 * Which requests to make for a set of values. Pure. What holds for every plan: each value is wholly inside one request;
 * no request is longer than the limits; none touches a forbidden address.
 */

/** A value to be read: `count` registers, or bits, from `address`. */
export interface Span {
  readonly table: Table;
  readonly address: number;
  readonly count: number;
}

export interface PlanLimits {
  readonly maxRegisters: number;
  readonly maxBits: number;
  /** Most unused registers read along between two values; sixteen times as many bits. */
  readonly maxGap: number;
  /** Values share a request only when they stand in the very same registers. */
  readonly oneRequestPerChannel: boolean;
  /** Requests for bits begin at 0. */
  readonly bitsFromZero: boolean;
  readonly forbidden: readonly { readonly table: Table; readonly from: number; readonly to: number }[];
  /** Addresses that no request may read together with the address before. */
  readonly barriers: readonly { readonly table: Table; readonly address: number }[];
}

export const NO_LIMITS: PlanLimits = {
  maxRegisters: MAX_REGISTERS,
  maxBits: MAX_BITS,
  maxGap: 0,
  oneRequestPerChannel: false,
  bitsFromZero: false,
  forbidden: [],
  barriers: [],
};

/** One request, and the positions of the values in it, in the order the values were given. */
export interface PlannedRequest extends Span {
  readonly values: readonly number[];
}

const BITS_PER_REGISTER = 16;

/**
 * Plans the requests for `values`.
 * @throws ConfigurationError PROFILE_INVALID when a value alone is longer than the limits or touches a forbidden address.
 */
export function plan(values: readonly Span[], limits: PlanLimits): PlannedRequest[] {
  const requests: PlannedRequest[] = [];
  const order = values.map((_, index) => index).sort((a, b) => compare(values[a]!, values[b]!) || a - b);
  let open: { table: Table; address: number; end: number; values: number[] } | undefined;
  const close = () => {
    if (open === undefined) return;
    const { table, address, end } = open;
    requests.push({ table, address, count: end - address, values: open.values });
    open = undefined;
  };
  for (const index of order) {
    const value = values[index]!;
    const end = value.address + value.count;
    if (open !== undefined && joins(open, value, limits)) {
      open.end = Math.max(open.end, end);
      open.values.push(index);
      continue;
    }
    close();
    const address = limits.bitsFromZero && isBitTable(value.table) ? 0 : value.address;
    open = { table: value.table, address, end, values: [index] };
    checkAlone(open, value, limits);
  }
  close();
  return requests;
}

function compare(a: Span, b: Span): number {
  if (a.table !== b.table) return a.table < b.table ? -1 : 1;
  return a.address - b.address || a.count - b.count;
}

function joins(
  open: { table: Table; address: number; end: number },
  value: Span,
  limits: PlanLimits,
): boolean {
  if (open.table !== value.table) return false;
  const end = Math.max(open.end, value.address + value.count);
  if (limits.oneRequestPerChannel) {
    return value.address === open.address && value.count === open.end - open.address;
  }
  const bits = isBitTable(value.table);
  const fromZero = limits.bitsFromZero && bits;
  const gap = bits ? limits.maxGap * BITS_PER_REGISTER : limits.maxGap;
  return (
    (fromZero || value.address - open.end <= gap) &&
    end - open.address <= (bits ? limits.maxBits : limits.maxRegisters) &&
    !touchesForbidden({ table: open.table, address: open.address, count: end - open.address }, limits) &&
    !limits.barriers.some(
      (barrier) => barrier.table === open.table && barrier.address > open.address && barrier.address < end,
    )
  );
}

/** Whether a request for this would touch what must not be touched. */
export function touchesForbidden({ table, address, count }: Span, limits: PlanLimits): boolean {
  return limits.forbidden.some(
    (span) => span.table === table && span.from < address + count && span.to >= address,
  );
}

function checkAlone(
  open: { table: Table; address: number; end: number },
  value: Span,
  limits: PlanLimits,
): void {
  const longest = isBitTable(value.table) ? limits.maxBits : limits.maxRegisters;
  const where = `${value.table} ${value.address}`;
  if (open.end - open.address > longest) {
    throw new ConfigurationError(
      "PROFILE_INVALID",
      `${where} cannot be read: it takes a request of ${open.end - open.address}, and ${longest} is the limit`,
    );
  }
  if (touchesForbidden({ ...value, address: open.address, count: open.end - open.address }, limits)) {
    throw new ConfigurationError(
      "PROFILE_INVALID",
      `${where} cannot be read without touching a forbidden address`,
    );
  }
}

/** A request as people read it: `unit 7, holding 0..3`. */
export function where(request: Span & { unit: number }): string {
  return `unit ${request.unit}, ${spanText(request)}`;
}

/** `holding 0..3`, or `coil 5`. */
export function spanText(span: Span): string {
  const end = span.address + span.count - 1;
  return `${span.table} ${span.address}${end > span.address ? `..${end}` : ""}`;
}
