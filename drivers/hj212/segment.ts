import { DeviceError } from "../../model/error.ts";

/** Bits of Flag (HJ 212-2017, 6.3.2): answer wanted, packet numbers present, version of the standard from bit 2 on. */
export const FLAG = { answer: 1, packets: 2, version2017: 4 } as const;

/** The fields of a data segment. Texts are bytes as characters 0 … 255. */
export interface Segment {
  /** Request number: 17 digits of a time; "" when there is none. */
  readonly qn: string;
  /** System code: 22 air, 32 waste water, 91 the conversation itself, … */
  readonly st: string;
  /** Command number. */
  readonly cn: number;
  readonly pw: string;
  /** Identity of the device. */
  readonly mn: string;
  readonly flag: number;
  /** Packets of the whole, and which this one is; undefined for one that comes in one piece. */
  readonly packet: { readonly total: number; readonly number: number } | undefined;
  /** What stands between the `&&`. */
  readonly cp: string;
}

const CP_BEGIN = "CP=&&";
const CP_END = "&&";
/** Four digits say how long a segment is, so a device's number of packets has no more. */
const PACKETS_MOST = 9_999;
/** Printable, without what separates fields; HJ 212-2017 gives it 24 characters, the edition of 2005 14. */
const IDENTITY = /^[\x21-\x25\x27-\x3a\x3c\x3e-\x7e]{1,40}$/;
const NUMBER = /^\d{1,4}$/;

/** Reads the fields of a data segment. @throws DeviceError DEVICE_UNDECODABLE */
export function readSegment(bytes: Buffer): Segment {
  const text = bytes.toString("latin1");
  const begin = text.indexOf(CP_BEGIN);
  const head = begin < 0 ? text : text.slice(0, begin);
  const fields = { QN: "", ST: "", CN: "", PW: "", MN: "", Flag: "", PNUM: "", PNO: "" };
  for (const part of head.split(";")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, equals);
    if (equals > 0 && Object.hasOwn(fields, name))
      fields[name as keyof typeof fields] = part.slice(equals + 1);
  }
  const { QN: qn, ST: st, CN, PW: pw, MN: mn, Flag } = fields;
  if (!NUMBER.test(CN)) throw undecodable(`CN ${JSON.stringify(CN)} is no command number`);
  if (!IDENTITY.test(mn)) throw undecodable("MN is no identity of a device");
  if (Flag !== "" && !/^\d{1,3}$/.test(Flag)) throw undecodable(`Flag ${JSON.stringify(Flag)} is no number`);
  const flag = Number(Flag);
  return {
    qn,
    st,
    cn: Number(CN),
    pw,
    mn,
    flag,
    packet: readPacket(fields),
    cp: readParameters(text, begin),
  };
}

function readPacket({ PNUM, PNO }: { PNUM: string; PNO: string }): Segment["packet"] {
  if (PNUM === "" && PNO === "") return undefined;
  const total = Number(PNUM);
  const number = Number(PNO);
  const sensible = NUMBER.test(PNUM) && NUMBER.test(PNO) && number >= 1 && number <= total;
  if (!sensible || total > PACKETS_MOST) throw undecodable(`packet ${PNO} of ${PNUM} is impossible`);
  return total === 1 ? undefined : { total, number };
}

function readParameters(text: string, begin: number): string {
  if (begin < 0) return "";
  const from = begin + CP_BEGIN.length;
  const end = text.lastIndexOf(CP_END);
  if (end < from) throw undecodable("CP does not end");
  return text.slice(from, end);
}

/** A segment as it goes on the wire; texts are bytes as characters. */
export function writeSegment(segment: Segment): Buffer {
  const { qn, st, cn, pw, mn, flag, packet, cp } = segment;
  const fields = [
    ...(qn === "" ? [] : [`QN=${qn}`]),
    `ST=${st}`,
    `CN=${cn}`,
    `PW=${pw}`,
    `MN=${mn}`,
    `Flag=${flag}`,
    ...(packet === undefined ? [] : [`PNUM=${packet.total}`, `PNO=${packet.number}`]),
    `CP=&&${cp}&&`,
  ];
  return Buffer.from(fields.join(";"), "latin1");
}

function undecodable(why: string): DeviceError {
  return new DeviceError("DEVICE_UNDECODABLE", `the segment cannot be read: ${why}`);
}
