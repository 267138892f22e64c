import type { SnapshotValue } from "../../../drivers/driver.ts";
import { ORDERS, type Order } from "../../../drivers/modbus/codec.ts";
import type { Wire } from "../../../drivers/modbus/profile.ts";
import { inFourOrders } from "../../../drivers/modbus/raw-read.ts";
import { compileValue, type Decoded } from "../../../drivers/value.ts";
import { REASON } from "../../../model/quality.ts";
import type { Channel } from "../../../model/site.ts";

/** One number of two registers in every byte order, in the channel's unit. */
export interface Orders {
  readonly channel: string;
  /** The order that the profile says. */
  readonly order: Order;
  readonly values: Readonly<Record<Order, number>>;
  /** Orders in which it looks like what the channel measures. */
  readonly fitting: readonly Order[];
}

/** Numbers of instruments lie between these, zero aside, where no range says better: a wrong byte order hardly ever does. */
const LEAST = 1e-3;
const MOST = 1e6;

/**
 * The four readings of a 32-bit number that does not look right in the order of the profile; undefined when it looks right,
 * or is none of 32 bits. `raw` are the registers as they were read, `0x42C8 0x0000`.
 */
export function suspicious(
  { raw }: SnapshotValue,
  { wire, channel, order }: { wire: Wire; channel: Channel; order: Order },
): Orders | undefined {
  if (wire.type !== "f32" && wire.type !== "u32" && wire.type !== "i32") return undefined;
  const { type } = wire;
  const words = Array.from(raw.matchAll(/0x([0-9A-F]{4})/g), ([, digits]) => Number.parseInt(digits!, 16));
  if (words.length !== 2) return undefined;
  const bytes = Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
  const numbers = inFourOrders(bytes);
  const units = wire.unitFrom === undefined ? [wire.unit] : Object.values(wire.unitFrom.units);
  const range = channel.range === undefined ? {} : { range: channel.range };
  const decode = compileValue(
    { ...wire, ...(units[0] === undefined ? {} : { unit: units[0] }) },
    { unit: channel.unit, ...range },
  );
  const read = (tried: Order): Decoded => {
    const out: Decoded = { value: Number.NaN, reason: REASON.bad };
    decode(numbers[tried][type], out);
    return out;
  };
  const fits = ({ value, reason }: Decoded): boolean => {
    if (reason !== REASON.good) return false;
    const size = Math.abs(value);
    return size === 0 || (size >= LEAST && size <= (channel.range === undefined ? MOST : Number.MAX_VALUE));
  };
  const decoded = Object.fromEntries(ORDERS.map((tried) => [tried, read(tried)])) as Record<Order, Decoded>;
  if (fits(decoded[order])) return undefined;
  return {
    channel: channel.id,
    order,
    values: Object.fromEntries(ORDERS.map((tried) => [tried, decoded[tried].value])) as Record<Order, number>,
    fitting: ORDERS.filter((tried) => fits(decoded[tried])),
  };
}
