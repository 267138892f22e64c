// Works until its device says 9, and then never ends.
function decodeUplink({ bytes }) {
  while (bytes[0] === 9);
  return { data: { gas: bytes[0] } };
}

module.exports = { decodeUplink };
