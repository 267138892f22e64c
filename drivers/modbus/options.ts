import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import { MAX_IN_FLIGHT, MAX_SERIAL_UNIT, MAX_UNIT, MODBUS_PORT } from "./limits.ts";
import { workaroundsSchema } from "./workarounds.ts";

/** Options that all Modbus links have. */
export const pollingShape = {
  timeout: durationSchema({ min: "20ms", max: "60s" })
    .prefault("1s")
    .meta({ description: "Longest wait for one answer." }),
  retries: z.number().int().min(0).max(3).default(1).meta({
    description:
      "How often a request is repeated at once after a damaged answer. Silence is not repeated: the next cycle asks again.",
  }),
  reconnect: durationSchema({ min: "100ms", max: "10m" }).prefault("10s").meta({
    description:
      "Longest pause between attempts to connect. They begin close together and move apart. It adds to every outage: nobody sees the field until the next attempt.",
  }),
  probe: durationSchema({ min: "1s", max: "1h" })
    .prefault("30s")
    .meta({ description: "Longest pause between attempts to reach a device that has stopped answering." }),
  workarounds: workaroundsSchema,
};

const connectTimeout = durationSchema({ min: "100ms", max: "60s" })
  .prefault("5s")
  .meta({ description: "Longest wait for the connection." });
const host = z
  .string()
  .min(1)
  .meta({ description: "Host name or IP address.", examples: ["192.0.2.10"] });
const port = z.number().int().min(1).max(65_535).default(MODBUS_PORT).meta({ description: "TCP port." });

/** Where a TCP peer is, and where else. */
const tcpShape = {
  host,
  port,
  connectTimeout,
  backup: z
    .strictObject({ host, port })
    .optional()
    .meta({
      description:
        "A second way to the same devices, tried when the first address cannot be reached, or is reached and says nothing.",
      examples: [{ host: "192.0.2.11" }],
    }),
  returnAfter: durationSchema({ min: "1s", max: "1d" })
    .prefault("5m")
    .meta({ description: "How often the first address is tried while the backup is in use." }),
};

/** Options of `modbus-tcp`. */
export const tcpSchema = z.strictObject({
  ...tcpShape,
  inFlight: z.number().int().min(1).max(MAX_IN_FLIGHT).default(1).meta({
    description:
      "Requests under way at the same time. More than 1 only where the device or gateway is known to take them.",
  }),
  ...pollingShape,
});
export type TcpOptions = z.output<typeof tcpSchema>;

/** Options of `modbus-rtu-over-tcp` and `modbus-ascii-over-tcp`. */
export const serialOverTcpSchema = z.strictObject({ ...tcpShape, ...pollingShape });
export type SerialOverTcpOptions = z.output<typeof serialOverTcpSchema>;

const serialShape = {
  path: z
    .string()
    .min(1)
    .meta({
      description: "The serial port.",
      examples: ["/dev/ttyS1", "/dev/serial/by-id/usb-FTDI-if00-port0"],
    }),
  baudRate: z.number().int().min(300).max(4_000_000).default(9_600).meta({ description: "Bits a second." }),
  stopBits: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .meta({ description: "Stop bits." }),
};
const dataBits = z.union([z.literal(7), z.literal(8)]);
const parity = z.enum(["none", "even", "odd"]);

/** Options of `modbus-rtu`. */
export const rtuSchema = z.strictObject({
  ...serialShape,
  dataBits: dataBits.default(8).meta({ description: "Modbus RTU needs 8." }),
  parity: parity.default("none").meta({ description: "Most instruments: none." }),
  ...pollingShape,
});
/** Options of `modbus-ascii`. */
export const asciiSchema = z.strictObject({
  ...serialShape,
  dataBits: dataBits.default(7).meta({ description: "Characters are 7 bits; some instruments send 8." }),
  parity: parity.default("even").meta({ description: "The standard says even." }),
  ...pollingShape,
});
/** Options of a serial port. */
export type SerialOptions = z.output<typeof rtuSchema>;

/** What the driver needs of any link's options. */
export type PollingOptions = Pick<TcpOptions, keyof typeof pollingShape>;

/** How often one device is asked. */
export const devicePeriod = durationSchema({ min: "10ms", max: "1d" })
  .optional()
  .meta({ description: "How often this device is asked, instead of the profile's period." });

/** How far a panel goes. */
export const extentSchema = z
  .record(z.string(), z.number().int())
  .optional()
  .meta({
    description:
      "How far this panel goes in fields of its components' address, where that is less than the product can: unlisted components are looked for up to there.",
    examples: [{ loop: 2 }],
  });

/** A device's address on TCP. */
export const unitAddressSchema = z.strictObject({
  unit: z.number().int().min(0).max(MAX_UNIT).default(1).meta({ description: "Unit id." }),
  period: devicePeriod,
  upTo: extentSchema,
});
/** A device's address on a serial bus. */
export const serialAddressSchema = z.strictObject({
  unit: z.number().int().min(1).max(MAX_SERIAL_UNIT).meta({ description: "Slave address on the bus." }),
  period: devicePeriod,
  upTo: extentSchema,
});
export type ModbusAddress = z.output<typeof unitAddressSchema>;
