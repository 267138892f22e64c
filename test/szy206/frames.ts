import { crc8 } from "../../drivers/szy206/crc8.ts";
import { AFN, LINK, writeFrame } from "../../drivers/szy206/frame.ts";
import { LAYOUTS } from "../../drivers/szy206/layouts.ts";
import { writeNumber } from "../../drivers/szy206/numbers.ts";
import { TERMINAL } from "./site.ts";

const label = Buffer.from("0045080900", "hex");
const words = Buffer.alloc(4);
const values = (code: number, ...numbers: number[]) =>
  Buffer.concat(numbers.map((number, i) => writeNumber(number, LAYOUTS[code]![i]!)));

/** Frames that mutation starts from: flow, level, rain, an alarm, a keep-alive. */
export const KINDS: readonly Buffer[] = [
  { code: 3, afn: AFN.report, data: Buffer.concat([values(3, 5.9, 106_182), words, label]) },
  { code: 2, afn: AFN.report, data: Buffer.concat([values(2, 31.25), words, label]) },
  { code: 1, afn: AFN.report, data: Buffer.concat([values(1, 12.5), words, label]) },
  { code: 13, afn: AFN.alarm, data: Buffer.concat([words, label]) },
  { code: 0, afn: AFN.link, data: Buffer.of(LINK.keepAlive) },
].map((kind) => writeFrame({ up: true, split: undefined, count: 0, address: TERMINAL, ...kind }));

const LEAST = 12;

/** Changes bytes; half of the time length, sum and end agree again, so that nonsense gets through to the parts behind. */
export function mutate(original: Buffer, roll: (below: number) => number): Buffer {
  const bytes = Buffer.from(original);
  for (let mutations = 1 + roll(4); mutations > 0; mutations--) bytes[roll(bytes.length)] = roll(256);
  if (roll(2) === 0) return bytes;
  const cut = bytes.subarray(0, Math.max(LEAST, bytes.length - roll(6)));
  cut[0] = 0x68;
  cut[1] = cut.length - 5;
  cut[2] = 0x68;
  cut[cut.length - 2] = crc8(cut, 3, cut.length - 2);
  cut[cut.length - 1] = 0x16;
  return cut;
}
