/*
 * Check sums of HJ 212. Its own (annex A) looks like the CRC-16 of Modbus and is none: it shifts the register before the exclusive
 * or. Some makers implement the real one.
 */

const START = 0xffff;
const POLYNOMIAL = 0xa001;

/** The check sum of HJ 212 over bytes `from` … `to` − 1; of "123456789" it is 2F80H. */
export function crc212(bytes: Uint8Array, from: number, to: number): number {
  let crc = START;
  for (let i = from; i < to; i++) {
    crc = (crc >> 8) ^ bytes[i]!;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ POLYNOMIAL : crc >> 1;
  }
  return crc;
}
