import { type Micros, SECOND } from "../../model/time.ts";
import type { Driver, DriverContext } from "../driver.ts";
import { Addresses } from "./addresses.ts";
import { AsciiPort } from "./ascii-port.ts";
import { openSerial } from "./byte-line.ts";
import { type LinkKind, ModbusLink } from "./link.ts";
import { MbapPort } from "./mbap-port.ts";
import type { SerialOptions, SerialOverTcpOptions, TcpOptions } from "./options.ts";
import { RtuPort } from "./rtu-port.ts";
import { type MakePort, ModbusSession } from "./session.ts";

/*
 * The ways in which Modbus travels, each as a link: how a connection is opened, how answers are framed, what the line can
 * carry. Modems that dial in: dial-in.ts.
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

/** How frames look, as a port. */
type Framing = (context: DriverContext) => MakePort;

const mbap: Framing = () => (line, events) => new MbapPort(line, events);
const rtu: Framing =
  ({ clock }) =>
  (line, events) =>
    new RtuPort(line, events, { clock });
const ascii: Framing =
  ({ clock }) =>
  (line, events) =>
    new AsciiPort(line, events, { clock });

function overTcp(
  context: DriverContext,
  framing: Framing,
  kind: Pick<LinkKind, "inFlight" | "untagged">,
): Driver {
  const { clock, link, log } = context;
  const { host, port, connectTimeout, backup, returnAfter } = context.options as SerialOverTcpOptions;
  const makePort = framing(context);
  const addresses = new Addresses({
    link: link.id,
    first: { host, port, connectTimeout },
    backup: backup === undefined ? undefined : { ...backup, connectTimeout },
    returnAfter,
    clock,
    log,
    session: (line, name) => new ModbusSession(line, makePort, { clock, inFlight: kind.inFlight, name }),
  });
  return new ModbusLink(context, {
    ...kind,
    open: (signal, renew) => addresses.open(signal, renew),
    // A serial server keeps the silence on its line.
    frameGap: 0,
    mayBeDeaf: true,
  });
}

function onSerialPort(context: DriverContext, framing: Framing): Driver {
  const options = context.options as SerialOptions;
  const { clock } = context;
  const makePort = framing(context);
  return new ModbusLink(context, {
    open: async (signal) =>
      new ModbusSession(await openSerial(options, signal), makePort, {
        clock,
        inFlight: 1,
        name: options.path,
      }),
    inFlight: 1,
    untagged: true,
    frameGap: frameGap(options.baudRate),
    mayBeDeaf: false,
  });
}

/** `modbus-tcp` */
export const modbusTcp = {
  create(context: DriverContext): Driver {
    const { inFlight } = context.options as TcpOptions;
    return overTcp(context, mbap, { inFlight, untagged: false });
  },
};

/** `modbus-rtu-over-tcp` */
export const modbusRtuOverTcp = {
  create: (context: DriverContext): Driver => overTcp(context, rtu, { inFlight: 1, untagged: true }),
};

/** `modbus-ascii-over-tcp` */
export const modbusAsciiOverTcp = {
  create: (context: DriverContext): Driver => overTcp(context, ascii, { inFlight: 1, untagged: true }),
};

/** `modbus-rtu` */
export const modbusRtu = {
  create: (context: DriverContext): Driver => onSerialPort(context, rtu),
};

/** `modbus-ascii` */
export const modbusAscii = {
  create: (context: DriverContext): Driver => onSerialPort(context, ascii),
};
