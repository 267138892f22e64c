const POLYNOMIAL = 0xe5;
const HIGH_BIT = 0x80;

/** CRC-8 of SZY 206: x⁷+x⁶+x⁵+x²+1 as E5H, start 0, not reflected. */
const TABLE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & HIGH_BIT) === 0 ? crc << 1 : (crc << 1) ^ POLYNOMIAL;
  return crc & 0xff;
});

/** The check sum over bytes `from` … `to` − 1; of "123456789" it is F7H. */
export function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let i = from; i < to; i++) crc = TABLE[crc ^ bytes[i]!]!;
  return crc;
}
