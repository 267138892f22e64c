/*
 * Numbers of the Modbus Application Protocol Specification 1.1b3 and of Modbus over Serial Line 1.02.
 */

/** Registers in one answer of FC 3 or 4 (6.3, 6.4). */
export const MAX_REGISTERS = 125;
/** Bits in one answer of FC 1 or 2 (6.1, 6.2). */
export const MAX_BITS = 2000;
/** Addresses of a table are 0 to 65535 (4.4). */
export const MAX_ADDRESS = 0xffff;
/** Individual units on a serial line; 0 is broadcast, 248 to 255 are reserved (Serial Line 2.2). */
export const MAX_SERIAL_UNIT = 247;
/** The unit id is one byte; on TCP 0 and 255 mean the server itself (Messaging on TCP/IP 1.0b, 4.4.2). */
export const MAX_UNIT = 255;
/** Port assigned to Modbus. */
export const MODBUS_PORT = 502;
/** Outstanding transactions that a TCP server may be expected to take (Messaging on TCP/IP 1.0b, 4.4.1.1). */
export const MAX_IN_FLIGHT = 16;
