import { writeFrame } from "../../drivers/hj212/frame-writer.ts";
import { MN } from "./site.ts";

const AT = "DataTime=20260521143000";

/** Frames that mutation starts from: real-time and hourly data, packets, the edition of 2005, a result. */
export const KINDS: readonly Buffer[] = [
  `QN=20260521143000123;ST=22;CN=2011;PW=123456;MN=${MN};Flag=5;CP=&&${AT};a21028-Rtd=0.031,a21028-Flag=N;a21001-Rtd=250,a21001-Flag=D&&`,
  `QN=20260521143000124;ST=22;CN=2061;PW=123456;MN=${MN};Flag=5;CP=&&DataTime=20260521140000;a21001-Avg=2,a21001-Max=3,a21001-Flag=N&&`,
  `QN=20260521143000125;ST=22;CN=2011;PW=123456;MN=${MN};Flag=7;PNUM=2;PNO=1;CP=&&${AT};a21028-Rtd=1&&`,
  `QN=20260521143000125;ST=22;CN=2011;PW=123456;MN=${MN};Flag=7;PNUM=2;PNO=2;CP=&&a21001-Rtd=1&&`,
  `ST=32;CN=2011;PW=123456;MN=LD130133000015;CP=&&${AT};B01-Rtd=36.91&&`,
  `QN=20260521143000126;ST=91;CN=9012;PW=123456;MN=${MN};Flag=4;CP=&&ExeRtn=1&&`,
].map((segment) => writeFrame(Buffer.from(segment)));

const HEAD = 6;
const TAIL = 6;
const MOST = 9_000;

/**
 * Changes, drops, adds and repeats bytes; half of the time the sum and the length agree again, so that nonsense gets through to the
 * parts behind.
 */
export function mutate(original: Buffer, roll: (below: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let mutations = 1 + roll(4); mutations > 0; mutations--) {
    const at = roll(bytes.length);
    const kind = roll(4);
    if (kind === 0) bytes[at] = roll(256);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + roll(8))]);
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(roll(256)), bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(roll(at + 1))]);
  }
  if (roll(2) === 0 || bytes.length < HEAD + TAIL + 4) return bytes;
  return writeFrame(bytes.subarray(HEAD, Math.min(bytes.length - TAIL, MOST)));
}
