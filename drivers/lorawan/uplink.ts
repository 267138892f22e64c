import { NO_TIME } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { compileTime, UNREADABLE_TIME } from "../payload/device-time.ts";
import { lookup, parsePath } from "../payload/path.ts";
import { DEFAULT_FIELDS, type NetworkServer, type PlainFields, plainEui } from "./options.ts";

/** What a network server says of a device. */
export interface Uplink {
  readonly kind: "uplink" | "status" | "join" | "other";
  /** DevEUI in lower case; "" when the message names none. */
  readonly devEui: string;
  /** DevAddr: tells one session from the next. "" when the server does not say. */
  readonly session: string;
  /** Uplink frame counter; undefined when the server does not say. */
  readonly counter: number | undefined;
  readonly port: number;
  readonly bytes: Buffer;
  /** When the network had it; NO_TIME when it does not say. */
  readonly time: Micros;
  /** The same as it stands in the message: part of its identity. */
  readonly timeText: string;
  readonly radio: Radio;
  readonly status: { readonly battery?: number; readonly margin?: number };
  /** What the network server decoded itself. */
  readonly object: unknown;
}

/** How well an uplink was heard, by the gateway that heard it best. */
export interface Radio {
  readonly rssi?: number;
  readonly snr?: number;
  readonly gateways?: number;
}

/** Reads a message of a network server. */
export type UplinkReader = (message: unknown, topic: string) => Uplink;

const NOTHING: Omit<Uplink, "kind" | "devEui"> = {
  session: "",
  counter: undefined,
  port: 0,
  bytes: Buffer.alloc(0),
  time: NO_TIME,
  timeText: "",
  radio: {},
  status: {},
  object: undefined,
};

const readTime = compileTime({ path: "time", format: "rfc3339" });

/** How a server's messages are read. Topics: docs/lorawan.md. */
export function uplinkReader(server: NetworkServer, fields: PlainFields = DEFAULT_FIELDS): UplinkReader {
  switch (server) {
    case "chirpstack":
      return readChirpStack;
    case "ttn":
      return readThingsStack;
    case "plain":
      return plainReader(fields);
  }
}

/** ChirpStack v4: one topic an event, fields as in its integration's JSON. Zeros are written or left out by version. */
function readChirpStack(message: unknown, topic: string): Uplink {
  const devEui = eui(at(message, "deviceInfo", "devEui"));
  const event = topic.slice(topic.lastIndexOf("/") + 1);
  const when = stamp(at(message, "time"));
  if (event === "join")
    return { ...NOTHING, ...when, kind: "join", devEui, session: text(at(message, "devAddr")) };
  if (event === "status") {
    const known =
      at(message, "batteryLevelUnavailable") !== true && at(message, "externalPowerSource") !== true;
    const battery = known ? (number(at(message, "batteryLevel")) ?? 0) : undefined;
    const margin = number(at(message, "margin"));
    const status = {
      ...(battery === undefined ? {} : { battery }),
      ...(margin === undefined ? {} : { margin }),
    };
    return { ...NOTHING, ...when, kind: "status", devEui, status };
  }
  if (event !== "up") return { ...NOTHING, kind: "other", devEui };
  return {
    ...NOTHING,
    ...when,
    kind: "uplink",
    devEui,
    session: text(at(message, "devAddr")),
    counter: number(at(message, "fCnt")) ?? 0,
    port: number(at(message, "fPort")) ?? 0,
    bytes: Buffer.from(text(at(message, "data")), "base64"),
    radio: best(at(message, "rxInfo")),
    object: at(message, "object"),
  };
}

/** The Things Stack v3. Fields equal to "", 0 and false are left out: what is not there is that. */
function readThingsStack(message: unknown): Uplink {
  const devEui = eui(at(message, "end_device_ids", "dev_eui"));
  const session = text(at(message, "end_device_ids", "dev_addr"));
  const uplink = at(message, "uplink_message");
  const when = stamp(at(uplink, "received_at") ?? at(message, "received_at"));
  if (at(message, "join_accept") !== undefined) return { ...NOTHING, ...when, kind: "join", devEui, session };
  if (typeof uplink !== "object" || uplink === null) return { ...NOTHING, kind: "other", devEui };
  const battery = number(at(uplink, "last_battery_percentage", "value"));
  return {
    ...NOTHING,
    ...when,
    kind: "uplink",
    devEui,
    session,
    counter: number(at(uplink, "f_cnt")) ?? 0,
    port: number(at(uplink, "f_port")) ?? 0,
    bytes: Buffer.from(text(at(uplink, "frm_payload")), "base64"),
    radio: best(at(uplink, "rx_metadata")),
    status: battery === undefined ? {} : { battery },
    object: at(uplink, "decoded_payload"),
  };
}

function plainReader(fields: PlainFields): UplinkReader {
  const paths = {
    device: parsePath(fields.device),
    data: parsePath(fields.data),
    port: parsePath(fields.port),
    counter: parsePath(fields.counter),
    address: parsePath(fields.address),
    rssi: parsePath(fields.rssi),
    snr: parsePath(fields.snr),
    object: parsePath(fields.object),
    time: parsePath(fields.time.path),
  };
  const read = compileTime(fields.time);
  return (message) => {
    const rssi = number(lookup(message, paths.rssi));
    const snr = number(lookup(message, paths.snr));
    return {
      ...NOTHING,
      ...stamp(lookup(message, paths.time), read),
      kind: "uplink",
      devEui: eui(lookup(message, paths.device)),
      session: text(lookup(message, paths.address)),
      counter: number(lookup(message, paths.counter)),
      port: number(lookup(message, paths.port)) ?? 0,
      bytes: Buffer.from(text(lookup(message, paths.data)), fields.encoding),
      radio: { ...(rssi === undefined ? {} : { rssi }), ...(snr === undefined ? {} : { snr }) },
      object: lookup(message, paths.object),
    };
  };
}

function at(node: unknown, ...path: string[]): unknown {
  return lookup(node, path);
}

function text(node: unknown): string {
  return typeof node === "string" ? node : "";
}

function number(node: unknown): number | undefined {
  return typeof node === "number" && Number.isFinite(node) ? node : undefined;
}

function eui(node: unknown): string {
  return plainEui(text(node));
}

function stamp(node: unknown, read = readTime): Pick<Uplink, "time" | "timeText"> {
  if (node === undefined || node === null) return { time: NO_TIME, timeText: "" };
  if (typeof node !== "string" && typeof node !== "number") return { time: UNREADABLE_TIME, timeText: "" };
  return { time: read(node), timeText: String(node) };
}

/** The gateway with the highest RSSI. An RSSI or SNR of 0 may have been left out where another field shows that it was heard. */
function best(list: unknown): Radio {
  if (!Array.isArray(list) || list.length === 0) return {};
  let found: { rssi: number; snr: number | undefined } | undefined;
  for (const gateway of list as unknown[]) {
    const rssi = number(at(gateway, "rssi"));
    if (rssi === undefined || (found !== undefined && rssi <= found.rssi)) continue;
    found = { rssi, snr: number(at(gateway, "snr")) };
  }
  if (found === undefined) return { gateways: list.length };
  return { rssi: found.rssi, snr: found.snr ?? 0, gateways: list.length };
}
