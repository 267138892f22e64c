import type { Micros } from "../../model/time.ts";
import type { DeviceEntry, DeviceProblem, DriverKind, OutputDescription } from "../driver.ts";
import {
  type DialInAddress,
  type DialInOptions,
  dialInAddressSchema,
  dialInSchema,
} from "./dial-in-options.ts";
import {
  asciiSchema,
  type ModbusAddress,
  rtuSchema,
  serialAddressSchema,
  serialOverTcpSchema,
  tcpSchema,
  unitAddressSchema,
} from "./options.ts";
import { notAllowedToTrigger, statesOf } from "./outputs.ts";
import type { ModbusSection } from "./profile.ts";
import { periodOf } from "./registers.ts";

function period(request: { address: unknown; section: unknown; local: string }): Micros {
  // Both were parsed by the schemas above and by the profile's: this module is where they get their types back.
  const address = request.address as ModbusAddress;
  return periodOf(request.section as ModbusSection, request.local, address.period);
}

function outputs(section: unknown): OutputDescription[] {
  return Object.entries((section as ModbusSection).outputs).map(([id, output]) => ({
    id,
    name: output.name ?? { zh: id, en: id },
    ...(output.range === undefined ? {} : { range: output.range }),
    ...(output.unit === undefined ? {} : { unit: output.unit }),
    ...optional(statesOf(output)),
  }));
}

function optional(states: OutputDescription["states"]): Pick<OutputDescription, "states"> {
  return states === undefined ? {} : { states };
}

/** What can be wrong with a device on any Modbus link. */
function deviceProblems(entry: DeviceEntry): DeviceProblem[] {
  return [...triggerProblems(entry), ...extentProblems(entry)];
}

/** A device that must be told to measure measures nothing until the site allows that. */
function triggerProblems({ section, writes }: DeviceEntry): DeviceProblem[] {
  const { trigger } = section as ModbusSection;
  if (trigger === undefined || writes.includes(trigger.output)) return [];
  return [{ path: ["writes"], ...notAllowedToTrigger(trigger.output) }];
}

/** What is beyond the end that a site names is not looked through: the end must be one that the product can have. */
function extentProblems({ section, address }: DeviceEntry): DeviceProblem[] {
  const fields = (section as ModbusSection).components?.address ?? {};
  return Object.entries((address as ModbusAddress).upTo ?? {}).flatMap(([name, end]) => {
    const path = ["address", "upTo", name];
    const field = fields[name];
    if (field === undefined) {
      const hint = `fields: ${Object.keys(fields).join(", ") || "none, it has no components"}`;
      return [{ path, message: `the address of its components has no field "${name}"`, hint }];
    }
    if (end >= field.min && end <= field.max) return [];
    return [{ path, message: `${name} goes from ${field.min} to ${field.max}, not to ${end}` }];
  });
}

/** Broadcasts are for serial lines; on TCP unit 0 is the server itself. */
function tcpProblems(entry: DeviceEntry): DeviceProblem[] {
  const section = entry.section as ModbusSection;
  const sent = entry.writes.filter((id) => section.outputs[id]?.broadcast === true);
  return [
    ...deviceProblems(entry),
    ...sent.map((id) => ({
      path: ["writes"],
      message: `the output ${id} is a broadcast: Modbus TCP has none`,
    })),
  ];
}

function dialInProblems(entry: DeviceEntry): DeviceProblem[] {
  const { modems } = entry.options as DialInOptions;
  const { modem } = entry.address as DialInAddress;
  const known = Object.keys(modems);
  const problems = deviceProblems(entry);
  if (known.includes(modem)) return problems;
  return [
    {
      path: ["address", "modem"],
      message: `the link has no modem "${modem}"`,
      hint: `modems: ${known.join(", ")}`,
    },
    ...problems,
  ];
}

/** The Modbus links: TCP; RTU and ASCII, on a serial port and over TCP; modems that dial in. */
export const modbusKinds: readonly DriverKind[] = [
  {
    type: "modbus-tcp",
    summary: "Modbus TCP: an instrument, or a gateway with several units behind it.",
    link: tcpSchema,
    address: unitAddressSchema,
    section: "modbus",
    outputs,
    problems: tcpProblems,
    period,
    load: async () => (await import("./transports.ts")).modbusTcp,
  },
  {
    type: "modbus-rtu",
    summary: "Modbus RTU on a serial port (RS-485 or RS-232).",
    link: rtuSchema,
    address: serialAddressSchema,
    section: "modbus",
    outputs,
    problems: deviceProblems,
    period,
    load: async () => (await import("./transports.ts")).modbusRtu,
  },
  {
    type: "modbus-rtu-over-tcp",
    summary: "Modbus RTU frames passed through TCP by a transparent serial server or a 4G modem.",
    link: serialOverTcpSchema,
    address: serialAddressSchema,
    section: "modbus",
    outputs,
    problems: deviceProblems,
    period,
    load: async () => (await import("./transports.ts")).modbusRtuOverTcp,
  },
  {
    type: "modbus-ascii",
    summary: "Modbus ASCII on a serial port.",
    link: asciiSchema,
    address: serialAddressSchema,
    section: "modbus",
    outputs,
    problems: deviceProblems,
    period,
    load: async () => (await import("./transports.ts")).modbusAscii,
  },
  {
    type: "modbus-ascii-over-tcp",
    summary: "Modbus ASCII frames passed through TCP by a transparent serial server.",
    link: serialOverTcpSchema,
    address: serialAddressSchema,
    section: "modbus",
    outputs,
    problems: deviceProblems,
    period,
    load: async () => (await import("./transports.ts")).modbusAsciiOverTcp,
  },
  {
    type: "modbus-dial-in",
    summary: "4G modems that dial in and pass through the Modbus frames of their serial line.",
    link: dialInSchema,
    address: dialInAddressSchema,
    section: "modbus",
    addressName: (address) => {
      const { modem, unit } = address as DialInAddress;
      return `modem ${modem}, unit ${unit}`;
    },
    outputs,
    problems: dialInProblems,
    period,
    load: async () => await import("./dial-in.ts"),
  },
];
