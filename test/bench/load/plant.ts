import { createServer, type Socket } from "node:net";

/*
 * Modbus TCP instruments by the thousand, without a will of their own: every unit on every port answers every read of holding
 * registers with values that drift. One argument: how many ports. Says `listening PORT…`; asked `requests` on standard
 * input it says how many it has answered. Leaner than the simulators, so that the cores belong to the gateway.
 */

/** MBAP header (Modbus Messaging on TCP/IP V1.0b, 3.1.3): transaction, protocol, length, unit; then FC 3, address, count. */
const REQUEST_BYTES = 12;
const HEADER_BYTES = 7;
const READ_HOLDING = 3;
/** Values run from 0 to this and begin again: below every limit of the benches. */
const GREATEST = 90;

/** Instruments' last digits move: values without noise would be stored in next to nothing. */
const NOISE = 8;
/** Neighbouring registers differ. */
const SPREAD = 7;

let requests = 0;
/** What registers say now: one more with each tenth of a second. */
let drift = 0;
setInterval(() => drift++, 100).unref();

function answer(request: Buffer): Buffer {
  requests++;
  const address = request.readUInt16BE(8);
  const count = request.readUInt16BE(10);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + 2 + count * 2);
  request.copy(bytes, 0, 0, 4);
  bytes.writeUInt16BE(3 + count * 2, 4);
  bytes[6] = request[6]!;
  bytes[7] = READ_HOLDING;
  bytes[8] = count * 2;
  for (let i = 0; i < count; i++) {
    const noise = Math.floor(Math.random() * NOISE);
    bytes.writeUInt16BE(((address + i) * SPREAD + drift + noise) % GREATEST, 9 + i * 2);
  }
  return bytes;
}

function serve(socket: Socket): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    let input = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (; input.length >= REQUEST_BYTES; input = input.subarray(REQUEST_BYTES)) {
      if (input[7] !== READ_HOLDING) {
        socket.destroy();
        return;
      }
      socket.write(answer(input));
    }
    rest = input;
  });
}

const ports = await Promise.all(
  Array.from(
    { length: Number(process.argv[2] ?? 1) },
    () =>
      new Promise<number>((resolve, reject) => {
        const server = createServer({ noDelay: true }, serve);
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => {
          const address = server.address();
          resolve(address !== null && typeof address === "object" ? address.port : 0);
        });
      }),
  ),
);
process.stdout.write(`listening ${ports.join(" ")}\n`);
process.stdin.on("data", () => process.stdout.write(`requests ${requests}\n`));
