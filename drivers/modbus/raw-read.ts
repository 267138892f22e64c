import { ConfigurationError, DeviceError } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { RawRead } from "../driver.ts";
import type { Bus } from "./bus.ts";
import { compileReader, ORDERS, type Order, type RegisterType } from "./codec.ts";
import { MAX_ADDRESS, MAX_BITS, MAX_REGISTERS } from "./limits.ts";
import { where } from "./planner.ts";
import { isBitTable } from "./registers.ts";
import type { Request } from "./request.ts";

/*
 * Registers as they are, for people who write a profile or look for devices.
 */

/**
 * Reads registers, two bytes each, or bits, eight a byte.
 * @throws as `Bus.exchange`; ConfigurationError COMMAND_USAGE for what no request can ask.
 */
export async function readRaw(
  bus: Bus,
  { unit, table, address, count }: RawRead,
  timeout: Micros,
): Promise<Uint8Array> {
  const most = isBitTable(table) ? MAX_BITS : MAX_REGISTERS;
  if (count < 1 || count > most || address < 0 || address + count - 1 > MAX_ADDRESS) {
    throw new ConfigurationError(
      "COMMAND_USAGE",
      `${table} ${address}, ${count} of them: one request reads 1 to ${most}, from 0 to ${MAX_ADDRESS}`,
    );
  }
  return await ask(bus, { unit, table, address, count, anyUnit: false }, timeout);
}

/** Names of the objects of a basic identification (Modbus Application Protocol 1.1b3, 6.21). */
const OBJECTS: Readonly<Record<string, string>> = {
  0: "vendor",
  1: "product",
  2: "revision",
  3: "url",
  4: "name",
  5: "model",
  6: "application",
};

/** Asks a unit for its identification (FC 43/14): texts by what they say. @throws as `Bus.exchange` */
export async function identify(bus: Bus, unit: number, timeout: Micros): Promise<Record<string, string>> {
  const request: Request = { unit, table: "holding", address: 0, count: 0, anyUnit: false, identify: true };
  const objects: unknown = JSON.parse(new TextDecoder().decode(await ask(bus, request, timeout)));
  return Object.fromEntries(
    Object.entries(objects as Record<string, unknown>).map(([id, text]) => [
      OBJECTS[id] ?? `object-${id}`,
      String(text),
    ]),
  );
}

async function ask(bus: Bus, request: Request, timeout: Micros): Promise<Uint8Array> {
  const bytes = await bus.exchange({ request, timeout, pause: 0 });
  if (bytes === undefined) throw new DeviceError("DEVICE_TIMEOUT", `${where(request)}: it was not asked`);
  return bytes;
}

const FOUR_BYTES = ["f32", "u32", "i32"] as const satisfies readonly RegisterType[];

/** One 32-bit number in all that it could be: by byte order, as a float and as integers. */
export type FourOrders = Readonly<Record<Order, Readonly<Record<(typeof FOUR_BYTES)[number], number>>>>;

/** Four bytes as they came over the wire, read in every byte order: only one of them looks like the quantity. */
export function inFourOrders(bytes: Uint8Array, at = 0): FourOrders {
  const of = (order: Order) => ({
    f32: compileReader({ type: "f32", order })(bytes, at),
    u32: compileReader({ type: "u32", order })(bytes, at),
    i32: compileReader({ type: "i32", order })(bytes, at),
  });
  return Object.fromEntries(ORDERS.map((order) => [order, of(order)])) as FourOrders;
}
