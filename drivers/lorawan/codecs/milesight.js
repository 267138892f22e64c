// Decoder of Milesight's layout (channel, type, value; little-endian), written from the facts of their user guides.
// A part that is not known ends the decoding with an error: what follows it cannot be told apart any more.

const PARTS = {
  "0175": (bytes) => ({ battery: bytes[0] }),
  "058e": (bytes) => ({ gas: bytes[0] }),
  "0601": (bytes) => ({ valve: bytes[0] }),
  "0701": (bytes) => ({ relay: bytes[0] }),
  "0890": (bytes) => ({ life_seconds: u32(bytes) }),
  ff3f: (bytes) => ({ event: bytes[0] }),
  "03cf": (bytes) => ({
    tilt_x: i16(bytes, 0) / 100,
    tilt_y: i16(bytes, 2) / 100,
    tilt_z: i16(bytes, 4) / 100,
    moved_x: bytes[6] & 1,
    moved_y: (bytes[6] >> 1) & 1,
    moved_z: (bytes[6] >> 2) & 1,
    moved: bytes[6] & 7 ? 1 : 0,
  }),
  "0377": (bytes) => ({ depth_cm: u16(bytes, 0) }),
  "037b": (bytes) => ({ pressure_kpa: u16(bytes, 0) }),
};

const LENGTHS = {
  "0175": 1,
  "058e": 1,
  "0601": 1,
  "0701": 1,
  "0890": 4,
  ff3f: 1,
  "03cf": 7,
  "0377": 2,
  "037b": 2,
};

function decodeUplink(input) {
  const data = {};
  let at = 0;
  while (at < input.bytes.length) {
    const key = hex(input.bytes[at]) + hex(input.bytes[at + 1] ?? 0);
    const length = LENGTHS[key];
    if (length === undefined) return { errors: [`unknown part ${key} at byte ${at}`] };
    const bytes = input.bytes.slice(at + 2, at + 2 + length);
    if (bytes.length < length) return { errors: [`part ${key} is cut off`] };
    Object.assign(data, PARTS[key](bytes));
    at += 2 + length;
  }
  return { data };
}

function hex(byte) {
  return byte.toString(16).padStart(2, "0");
}

function u16(bytes, at) {
  return bytes[at] + bytes[at + 1] * 256;
}

function i16(bytes, at) {
  const value = u16(bytes, at);
  return value >= 32_768 ? value - 65_536 : value;
}

function u32(bytes) {
  return u16(bytes, 0) + u16(bytes, 2) * 65_536;
}

module.exports = { decodeUplink };
