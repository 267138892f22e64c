import { DAY, HOUR, MINUTE, type Micros } from "../../../model/time.ts";

/*
 * What goes to a modem as PDU, and what a network reports back (3GPP TS 23.040, 9.2). Text mode cannot carry Chinese on many
 * modems and loses characters unnoticed, so it is not used.
 */

/** UTF-16 units in a single message in UCS-2 (140 octets). */
export const SINGLE_UNITS = 70;
/** The same in one part of several: six octets go to the header. */
export const PART_UNITS = 67;

const SUBMIT = 0x01;
const RELATIVE_VALIDITY = 0x10;
const WANTS_REPORT = 0x20;
const HAS_HEADER = 0x40;
/** Type of address: ISDN numbering, international or unknown. */
const INTERNATIONAL = 0x91;
const UNKNOWN_NUMBER = 0x81;
const UCS2 = 0x08;
/** Header of a part: length, element "concatenated, 8-bit reference", its length (9.2.3.24.1). */
const PART_HEADER = [0x05, 0x00, 0x03] as const;

/** One part of a text that needs several. */
export interface Part {
  /** The same for all parts of a text, 0 to 255. */
  readonly reference: number;
  readonly total: number;
  /** From 1. */
  readonly number: number;
}

export interface Submit {
  /** Digits, with `+` in front where it is an international number. */
  readonly to: string;
  /** At most SINGLE_UNITS units, or PART_UNITS where it is a part. */
  readonly text: string;
  /** How long the network keeps trying, µs; its own time when absent. */
  readonly validity?: Micros;
  /** The network is to report what became of it. */
  readonly report?: boolean;
  readonly part?: Part;
}

export interface Pdu {
  /** Hexadecimal, with the empty service centre in front: the SIM's own is used. */
  readonly hex: string;
  /** What `AT+CMGS` must be told: octets without the service centre. */
  readonly length: number;
}

/** An SMS-SUBMIT in UCS-2. @throws RangeError when number or text do not fit. */
export function submitPdu({ to, text, validity, report = false, part }: Submit): Pdu {
  const units = text.length;
  if (units > (part === undefined ? SINGLE_UNITS : PART_UNITS))
    throw new RangeError(`${units} units are too many for one message`);
  const header = part === undefined ? [] : [...PART_HEADER, part.reference, part.total, part.number];
  const first =
    SUBMIT |
    (validity === undefined ? 0 : RELATIVE_VALIDITY) |
    (report ? WANTS_REPORT : 0) |
    (part === undefined ? 0 : HAS_HEADER);
  const octets = [
    first,
    0x00, // the modem chooses the message reference
    ...address(to),
    0x00, // protocol: a plain short message
    UCS2,
    ...(validity === undefined ? [] : [relativeValidity(validity)]),
    header.length + units * 2,
    ...header,
    ...Buffer.from(text, "utf16le").swap16(),
  ];
  return { hex: `00${Buffer.from(octets).toString("hex").toUpperCase()}`, length: octets.length };
}

function address(number: string): number[] {
  const international = number.startsWith("+");
  const digits = international ? number.slice(1) : number;
  if (!/^\d{1,20}$/.test(digits)) throw new RangeError("no telephone number");
  return [digits.length, international ? INTERNATIONAL : UNKNOWN_NUMBER, ...semiOctets(digits)];
}

/** Two digits an octet, swapped; an odd one is followed by F (9.1.2.3). */
function semiOctets(digits: string): number[] {
  const padded = digits.length % 2 === 0 ? digits : `${digits}F`;
  return Array.from(padded.matchAll(/(.)(.)/g), ([, low, high]) => Number.parseInt(`${high}${low}`, 16));
}

/** The octet for a time; what has none of its own is rounded up (9.2.3.12.1). */
function relativeValidity(time: Micros): number {
  if (time <= 12 * HOUR) return Math.max(0, Math.ceil(time / (5 * MINUTE)) - 1);
  if (time <= DAY) return 143 + Math.ceil((time - 12 * HOUR) / (30 * MINUTE));
  if (time <= 30 * DAY) return 166 + Math.ceil(time / DAY);
  return Math.min(0xff, 192 + Math.ceil(time / (7 * DAY)));
}

/** Divides a text into messages; no character is torn. */
export function divide(text: string): string[] {
  if (text.length <= SINGLE_UNITS) return [text];
  const parts: string[] = [];
  let part = "";
  for (const character of text) {
    if (part.length + character.length > PART_UNITS) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  parts.push(part);
  return parts;
}

/** What a network says became of a message. */
export interface StatusReport {
  /** What `+CMGS` had said. */
  readonly reference: number;
  readonly number: string;
  /** `trying`: not yet, and it goes on; `failed`: it has given up. */
  readonly outcome: "delivered" | "trying" | "failed";
  /** TP-Status as it came (9.2.3.15). */
  readonly status: number;
}

const MESSAGE_TYPE = 0x03;
const STATUS_REPORT = 0x02;
/** Date and time of the service centre, and of the discharge. */
const TIMESTAMP_OCTETS = 7;

/** Reads an SMS-STATUS-REPORT; undefined when it is none. */
export function parseStatusReport(hex: string): StatusReport | undefined {
  if (!/^([0-9a-f]{2})+$/i.test(hex)) return undefined;
  const octets = Buffer.from(hex, "hex");
  // The service centre in front: its length, then so many octets.
  let at = 1 + octets[0]!;
  if (((octets[at] ?? 0) & MESSAGE_TYPE) !== STATUS_REPORT) return undefined;
  const reference = octets[at + 1];
  const digits = octets[at + 2] ?? 0;
  const type = octets[at + 3];
  at += 4;
  const number = Array.from(octets.subarray(at, at + Math.ceil(digits / 2)), (octet) =>
    octet.toString(16).padStart(2, "0").split("").toReversed().join(""),
  )
    .join("")
    .slice(0, digits);
  const status = octets[at + Math.ceil(digits / 2) + 2 * TIMESTAMP_OCTETS];
  if (reference === undefined || status === undefined) return undefined;
  return {
    reference,
    number: type === INTERNATIONAL ? `+${number}` : number,
    outcome: outcomeOf(status),
    status,
  };
}

function outcomeOf(status: number): StatusReport["outcome"] {
  if (status < 0x20) return "delivered";
  return status < 0x40 ? "trying" : "failed";
}
