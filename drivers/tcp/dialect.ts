/** Bytes that show what a peer speaks. */
export const DIALECT_BYTES = 16;

/** By their first bytes in hexadecimal. */
const STARTS: readonly (readonly [name: string, start: RegExp])[] = [
  // GET, POST, PUT, HEAD, OPTIONS, CONNECT
  ["HTTP", /^(47455420|504f535420|50555420|4845414420|4f5054494f4e53|434f4e4e454354)/],
  ["TLS", /^1603/],
  ["SSH", /^5353482d/],
  // CONNECT, its length, and the protocol's name of four or six letters
  ["MQTT", /^10(..){1,4}000[46]4d51/],
  ["GB/T 26875.3", /^4040/],
  // Binary, or SOH and hexadecimal characters
  ["SL 651", /^(7e7e|01((3.|4[1-6]|6[1-6])){8})/],
  ["HJ 212", /^2323(3.){4}/],
  ["SZY 206", /^68..68/],
  // A number, protocol 0, a length below 256, a unit, a function
  ["Modbus TCP", /^....000000(?!0[01])....(?!00)[0-2]./],
];

/**
 * What the first bytes of a connection look like, for the person who has to find out which device was given the wrong port; undefined:
 * nothing that is known. A guess, and used for words only.
 */
export function dialectOf(began: Uint8Array): string | undefined {
  const text = Buffer.from(began.subarray(0, DIALECT_BYTES)).toString("hex");
  return STARTS.find(([, start]) => start.test(text))?.[0];
}
