import { type Micros, SECOND } from "../../model/time.ts";
import type { Driver, DriverContext } from "../driver.ts";
import { openSerial, openTcp } from "./byte-line.ts";
import { ModbusLink } from "./link.ts";
import { MbapPort } from "./mbap-port.ts";
import type { RtuOptions, RtuOverTcpOptions, TcpOptions } from "./options.ts";
import { RtuPort } from "./rtu-port.ts";
import { ModbusSession } from "./session.ts";

/*
 * The three ways in which Modbus travels, each as a link: how a connection is opened, how answers are framed, what the line
 * can carry.
 */

/** A Modbus RTU character on the line: start, eight bits, parity or second stop, stop (Serial Line 1.02, 2.5.1). */
const BITS_PER_CHARACTER = 11;
/** Silence between frames in characters, and its fixed value above 19200 bit/s (2.5.1.1). */
const FRAME_GAP_CHARACTERS = 3.5;
const FAST_BAUD_RATE = 19_200;
const FAST_FRAME_GAP: Micros = 1_750;

/** Least silence between two frames on a serial line. */
export function frameGap(baudRate: number): Micros {
  if (baudRate > FAST_BAUD_RATE) return FAST_FRAME_GAP;
  return Math.ceil((FRAME_GAP_CHARACTERS * BITS_PER_CHARACTER * SECOND) / baudRate);
}

/** `modbus-tcp` */
export const modbusTcp = {
  create(context: DriverContext): Driver {
    const options = context.options as TcpOptions;
    const { clock } = context;
    const { inFlight } = options;
    return new ModbusLink(context, {
      open: async (signal) =>
        new ModbusSession(
          await openTcp(options, clock, signal),
          (line, events) => new MbapPort(line, events),
          {
            clock,
            inFlight,
            name: `${options.host}:${options.port}`,
          },
        ),
      inFlight,
      untagged: false,
      frameGap: 0,
      mayBeDeaf: true,
    });
  },
};

/** `modbus-rtu-over-tcp` */
export const modbusRtuOverTcp = {
  create(context: DriverContext): Driver {
    const options = context.options as RtuOverTcpOptions;
    const { clock } = context;
    return new ModbusLink(context, {
      open: async (signal) =>
        new ModbusSession(
          await openTcp(options, clock, signal),
          (line, events) => new RtuPort(line, events),
          {
            clock,
            inFlight: 1,
            name: `${options.host}:${options.port}`,
          },
        ),
      inFlight: 1,
      untagged: true,
      // The serial server keeps the silence on its line.
      frameGap: 0,
      mayBeDeaf: true,
    });
  },
};

/** `modbus-rtu` */
export const modbusRtu = {
  create(context: DriverContext): Driver {
    const options = context.options as RtuOptions;
    const { clock } = context;
    return new ModbusLink(context, {
      open: async (signal) =>
        new ModbusSession(await openSerial(options, signal), (line, events) => new RtuPort(line, events), {
          clock,
          inFlight: 1,
          name: options.path,
        }),
      inFlight: 1,
      untagged: true,
      frameGap: frameGap(options.baudRate),
      mayBeDeaf: false,
    });
  },
};
