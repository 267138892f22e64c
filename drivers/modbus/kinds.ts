import type { DriverKind } from "../driver.ts";

/** The Modbus links: TCP, RTU on a serial port, RTU over TCP. */
export const modbusKinds: readonly DriverKind[] = [];
