import type { Micros } from "../model/time.ts";
import type { Fault } from "./fault.ts";
import type { Framing, ModbusRequest } from "./modbus-frame.ts";
import { exceptionPdu } from "./modbus-unit.ts";

/** How an answer leaves: what, in which pieces, and when. */
export interface Delivery {
  /** Time before the first piece. */
  readonly delay: Micros;
  readonly pieces: readonly Buffer[];
  /** Time between pieces. */
  readonly pause: Micros;
  /** Instead of anything: the connection is reset. */
  readonly reset: boolean;
  /** Kept back, and sent in one piece with the next. */
  readonly glued?: boolean;
}

/** Nothing is sent. */
export const SILENCE: Delivery = { delay: 0, pieces: [], pause: 0, reset: false };

/** Transaction ids are told apart by this much when one is to be wrong. */
const WRONG_TRANSACTION = 0x5555;

/** Packs an answer and spoils it by the faults that befall it; several at a time add up. */
export function deliver(
  answer: ModbusRequest,
  framing: Framing,
  { faults, question }: { faults: readonly Fault[]; question?: ModbusRequest },
): Delivery {
  const has = (kind: Fault["kind"]): boolean => faults.some((fault) => fault.kind === kind);
  if (has("timeout") || has("dead")) return SILENCE;
  let { transaction, unit, pdu } = answer;
  let delay = 0;
  let pause = 0;
  let size = Number.POSITIVE_INFINITY;
  let before: Buffer = Buffer.alloc(0);
  let after: Buffer = Buffer.alloc(0);
  for (const fault of faults) {
    switch (fault.kind) {
      case "exception":
        pdu = exceptionPdu(pdu[0] ?? 0, fault.code);
        break;
      case "wrong-unit":
        unit = (unit + 1) & 0xff;
        break;
      case "wrong-transaction":
        transaction ^= WRONG_TRANSACTION;
        break;
      case "slow":
        delay += fault.delay;
        break;
      case "fragments":
        size = Math.min(size, fault.size);
        pause = Math.max(pause, fault.pause);
        break;
      case "echo":
        if (question !== undefined) before = Buffer.concat([framing.pack(question), before]);
        break;
      case "stray": {
        const bytes = Buffer.from(fault.bytes.replaceAll(/\s/g, ""), "hex");
        if (fault.place === "before") before = Buffer.concat([before, bytes]);
        else after = Buffer.concat([after, bytes]);
        break;
      }
      default:
        break;
    }
  }
  if (has("reset")) return { delay, pieces: [], pause: 0, reset: true };
  let frame = framing.pack({ transaction, unit, pdu }, has("wrong-crc"));
  if (has("truncated")) frame = frame.subarray(0, frame.length >> 1);
  const bytes = Buffer.concat([before, frame, after]);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    pieces.push(bytes.subarray(at, Math.min(bytes.length, at + size)));
  return { delay, pieces, pause, reset: false, glued: has("glued") };
}
