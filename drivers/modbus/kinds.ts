import type { Micros } from "../../model/time.ts";
import type { DriverKind } from "../driver.ts";
import {
  asciiSchema,
  type ModbusAddress,
  rtuSchema,
  serialAddressSchema,
  serialOverTcpSchema,
  tcpSchema,
  unitAddressSchema,
} from "./options.ts";
import type { ModbusSection } from "./profile.ts";
import { periodOf } from "./registers.ts";

function period(request: { address: unknown; section: unknown; local: string }): Micros {
  // Both were parsed by the schemas above and by the profile's: this module is where they get their types back.
  const address = request.address as ModbusAddress;
  return periodOf(request.section as ModbusSection, request.local, address.period);
}

/** The Modbus links: TCP; RTU and ASCII, on a serial port and over TCP. */
export const modbusKinds: readonly DriverKind[] = [
  {
    type: "modbus-tcp",
    summary: "Modbus TCP: an instrument, or a gateway with several units behind it.",
    link: tcpSchema,
    address: unitAddressSchema,
    section: "modbus",
    period,
    load: async () => (await import("./transports.ts")).modbusTcp,
  },
  {
    type: "modbus-rtu",
    summary: "Modbus RTU on a serial port (RS-485 or RS-232).",
    link: rtuSchema,
    address: serialAddressSchema,
    section: "modbus",
    period,
    load: async () => (await import("./transports.ts")).modbusRtu,
  },
  {
    type: "modbus-rtu-over-tcp",
    summary: "Modbus RTU frames passed through TCP by a transparent serial server or a 4G modem.",
    link: serialOverTcpSchema,
    address: serialAddressSchema,
    section: "modbus",
    period,
    load: async () => (await import("./transports.ts")).modbusRtuOverTcp,
  },
  {
    type: "modbus-ascii",
    summary: "Modbus ASCII on a serial port.",
    link: asciiSchema,
    address: serialAddressSchema,
    section: "modbus",
    period,
    load: async () => (await import("./transports.ts")).modbusAscii,
  },
  {
    type: "modbus-ascii-over-tcp",
    summary: "Modbus ASCII frames passed through TCP by a transparent serial server.",
    link: serialOverTcpSchema,
    address: serialAddressSchema,
    section: "modbus",
    period,
    load: async () => (await import("./transports.ts")).modbusAsciiOverTcp,
  },
];
