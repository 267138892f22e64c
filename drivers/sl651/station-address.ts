/*
 * The five bytes of a station's address (SL 651-2014, 6.2.3.2), kept as one number of 40 bits.
 */

/** Bytes of an address on the wire. */
export const ADDRESS_BYTES = 5;

const LOW = 2 ** 32;
const OWN_BITS = 0x1_0000;
const HYDROLOGICAL = /^\d{8}$/;
const HEX = /^[0-9A-Fa-f]{10}$/;
const DIVISION = /^(\d{6})-(\d{1,5})$/;
/** 65535 calls all stations at once (6.2.3.2 b). */
const BROADCAST = 65_535;

/**
 * Reads an address as people write it: ten digits as on the wire (`0012345678`), the eight of a hydrological station code
 * (`12345678`), or the division code of GB/T 2260 and the station's own number (`500237-17`). Undefined when it is none.
 */
export function parseStationAddress(text: string): number | undefined {
  if (HYDROLOGICAL.test(text)) return Number.parseInt(text, 16);
  if (HEX.test(text)) {
    const address = Number.parseInt(text, 16);
    return address === 0 ? undefined : address;
  }
  const match = DIVISION.exec(text);
  if (match === null) return undefined;
  const own = Number(match[2]);
  return own === 0 || own >= BROADCAST ? undefined : Number.parseInt(match[1]!, 16) * OWN_BITS + own;
}

/** The ten digits of an address as they are on the wire. */
export function formatStationAddress(address: number): string {
  return address
    .toString(16)
    .toUpperCase()
    .padStart(ADDRESS_BYTES * 2, "0");
}

/** Reads the address at `at`. */
export function readStationAddress(bytes: Uint8Array, at: number): number {
  return (
    bytes[at]! * LOW +
    (((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0)
  );
}

/** Writes an address at `at`. */
export function writeStationAddress(bytes: Uint8Array, at: number, address: number): void {
  let rest = address;
  for (let i = ADDRESS_BYTES - 1; i >= 0; i--) {
    bytes[at + i] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
}
