import { MAX_ADDRESS, MAX_BITS, MAX_REGISTERS } from "../drivers/modbus/limits.ts";
import type { Table } from "../drivers/modbus/place-schema.ts";
import { isBitTable } from "../drivers/modbus/registers.ts";
import type { Moment } from "./moment.ts";
import type { TimedFault } from "./story.ts";

/** What a unit keeps in its tables at a moment. */
export interface Memory {
  /** Registers (0..65535) or bits (0, 1); undefined when one of them is not there: exception 2. */
  read(table: Table, span: { address: number; count: number }, moment: Moment): Uint16Array | undefined;
  /** Whether anything can be written at all; without that the functions for it are not known. */
  readonly writable: boolean;
  /** Takes registers or bits; false when they cannot be written: exception 2. */
  write(table: Table, address: number, written: { values: readonly number[]; moment: Moment }): boolean;
  /** Coils that take a whole word by FC 5: the time of a pulse. */
  takesWord?(address: number): boolean;
}

/** One slave on a line. */
export interface ModbusUnit {
  readonly memory: Memory;
  /** The faults laid on it and on its link. */
  faults(moment: Moment): readonly TimedFault[];
}

/** Exception codes of the Modbus Application Protocol V1.1b3, section 7. */
export const ILLEGAL_FUNCTION = 1;
export const ILLEGAL_ADDRESS = 2;
export const ILLEGAL_VALUE = 3;
export const GATEWAY_TARGET_SILENT = 11;

const EXCEPTION_BIT = 0x80;

/** The reading functions: table, and the most a request may ask for (V1.1b3, section 6). */
const READS: Readonly<Record<number, { table: Table; most: number }>> = {
  1: { table: "coil", most: MAX_BITS },
  2: { table: "discrete", most: MAX_BITS },
  3: { table: "holding", most: MAX_REGISTERS },
  4: { table: "input", most: MAX_REGISTERS },
};

const READ_PDU_LENGTH = 5;

/** The exception `code` to a request with this function code. */
export function exceptionPdu(functionCode: number, code: number): Buffer {
  return Buffer.from([(functionCode | EXCEPTION_BIT) & 0xff, code]);
}

/** States of a coil in FC 5. */
const COIL_ON = 0xff00;
/** Address and value, or address and count, after the function code. */
const WRITE_HEAD = 5;
const FIRST_MULTIPLE = 15;

/** Answers FC 5, 6, 15 and 16. */
function answerWrite(pdu: Buffer, memory: Memory, moment: Moment): Buffer {
  const functionCode = pdu[0]!;
  const table = functionCode === 5 || functionCode === FIRST_MULTIPLE ? "coil" : "holding";
  if (pdu.length < WRITE_HEAD) return exceptionPdu(functionCode, ILLEGAL_VALUE);
  const address = pdu.readUInt16BE(1);
  const word = pdu.readUInt16BE(3);
  let values: number[];
  if (functionCode < FIRST_MULTIPLE) {
    const timed = table === "coil" && memory.takesWord?.(address) === true;
    const known = table === "holding" || timed || word === 0 || word === COIL_ON;
    if (pdu.length !== WRITE_HEAD || !known) return exceptionPdu(functionCode, ILLEGAL_VALUE);
    values = [table === "coil" && !timed ? Number(word === COIL_ON) : word];
  } else {
    const data = pdu.subarray(WRITE_HEAD + 1);
    const bytes = table === "coil" ? Math.ceil(word / 8) : word * 2;
    if (word < 1 || pdu[WRITE_HEAD] !== bytes || data.length !== bytes)
      return exceptionPdu(functionCode, ILLEGAL_VALUE);
    values = Array.from({ length: word }, (_, i) =>
      table === "coil" ? (data[i >> 3]! >> (i & 7)) & 1 : data.readUInt16BE(2 * i),
    );
  }
  if (!memory.write(table, address, { values, moment })) return exceptionPdu(functionCode, ILLEGAL_ADDRESS);
  return Buffer.from(pdu.subarray(0, WRITE_HEAD));
}

const WRITES: ReadonlySet<number> = new Set([5, 6, 15, 16]);

/** A unit's answer to a request, without any fault of the line. */
export function answerPdu(pdu: Buffer, memory: Memory, moment: Moment): Buffer {
  const functionCode = pdu[0] ?? 0;
  if (memory.writable && WRITES.has(functionCode)) return answerWrite(pdu, memory, moment);
  const read = READS[functionCode];
  if (read === undefined) return exceptionPdu(functionCode, ILLEGAL_FUNCTION);
  if (pdu.length !== READ_PDU_LENGTH) return exceptionPdu(functionCode, ILLEGAL_VALUE);
  const address = pdu.readUInt16BE(1);
  const count = pdu.readUInt16BE(3);
  if (count < 1 || count > read.most) return exceptionPdu(functionCode, ILLEGAL_VALUE);
  if (address + count - 1 > MAX_ADDRESS) return exceptionPdu(functionCode, ILLEGAL_ADDRESS);
  const words = memory.read(read.table, { address, count }, moment);
  if (words === undefined) return exceptionPdu(functionCode, ILLEGAL_ADDRESS);

  const registers = !isBitTable(read.table);
  const answer = Buffer.alloc(2 + (registers ? count * 2 : Math.ceil(count / 8)));
  answer[0] = functionCode;
  answer[1] = answer.length - 2;
  for (let i = 0; i < count; i++) {
    if (registers) answer.writeUInt16BE(words[i]!, 2 + 2 * i);
    else if (words[i] !== 0) answer[2 + (i >> 3)]! |= 1 << (i & 7);
  }
  return answer;
}
