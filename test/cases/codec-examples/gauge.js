// A level gauge of nobody: two bytes of millimetres, one of battery in halves of a per cent, and a flag byte.
function decodeUplink(input) {
  if (input.bytes.length !== 4) return { errors: ["four bytes are expected"] };
  return {
    data: {
      level: { mm: (input.bytes[0] << 8) | input.bytes[1], valid: (input.bytes[3] & 1) === 0 },
      battery: input.bytes[2] / 2,
      flags: [input.bytes[3] & 1, (input.bytes[3] >> 1) & 1],
      port: input.fPort,
    },
  };
}

module.exports = { decodeUplink };
