import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { crc16 } from "../../drivers/crc16.ts";

/** A request as the server received it. */
export interface RawRequest {
  /** 0 with RTU framing. */
  readonly transaction: number;
  readonly unit: number;
  readonly code: number;
  readonly address: number;
  readonly count: number;
  /** Its bytes. */
  readonly frame: Buffer;
  /** Its number since the server was started, from 1. */
  readonly number: number;
}

/** What a server does with a request: whatever it likes with the socket. */
export type Answer = (request: RawRequest, socket: Socket) => void;

const HEADER_BYTES = 6;
const RTU_REQUEST_BYTES = 8;

/** A Modbus server that does exactly what a test tells it, right or wrong. Registers hold their own address. */
export class RawServer implements AsyncDisposable {
  answer: Answer;
  readonly requests: RawRequest[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(framing: "mbap" | "rtu", answer: Answer | undefined) {
    this.answer =
      answer ?? ((request, socket) => socket.write(framing === "mbap" ? mbap(request) : rtu(request)));
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      let received = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("data", (bytes) => {
        received = Buffer.concat([received, bytes]);
        for (;;) {
          const length =
            framing === "rtu"
              ? RTU_REQUEST_BYTES
              : received.length < HEADER_BYTES
                ? Number.POSITIVE_INFINITY
                : HEADER_BYTES + received.readUInt16BE(4);
          if (received.length < length) return;
          const frame = received.subarray(0, length);
          received = received.subarray(length);
          this.#take(frame, framing, socket);
        }
      });
    });
  }

  static async start(framing: "mbap" | "rtu", answer?: Answer): Promise<RawServer> {
    const server = new RawServer(framing, answer);
    await server.listen();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens on the port it had, or on a free one. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections, as a device does that restarts. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Is switched off. */
  async close(): Promise<void> {
    this.disconnect();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(frame: Buffer, framing: "mbap" | "rtu", socket: Socket): void {
    const pdu = framing === "mbap" ? HEADER_BYTES : 0;
    const request: RawRequest = {
      frame: Buffer.from(frame),
      transaction: framing === "mbap" ? frame.readUInt16BE(0) : 0,
      unit: frame[pdu]!,
      code: frame[pdu + 1]!,
      address: frame.readUInt16BE(pdu + 2),
      // Who is asked who it is, is asked for no registers.
      count: frame.length < pdu + 6 ? 0 : frame.readUInt16BE(pdu + 4),
      number: this.requests.length + 1,
    };
    this.requests.push(request);
    this.answer(request, socket);
  }
}

/** Data of a right answer: each register its address, each bit the lowest bit of its address. */
export function ownAddresses(request: RawRequest): Buffer {
  if (request.code <= 2) {
    const data = Buffer.alloc(Math.ceil(request.count / 8));
    for (let i = 0; i < request.count; i++) data[i >> 3]! |= ((request.address + i) & 1) << (i & 7);
    return data;
  }
  const data = Buffer.alloc(request.count * 2);
  for (let i = 0; i < request.count; i++) data.writeUInt16BE((request.address + i) & 0xffff, i * 2);
  return data;
}

function adu(request: RawRequest, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([request.unit, request.code, data.length]), data]);
}

/** A Modbus TCP answer. */
export function mbap(request: RawRequest, data: Buffer = ownAddresses(request)): Buffer {
  return withHeader(request.transaction, adu(request, data));
}

/** An RTU answer. */
export function rtu(request: RawRequest, data: Buffer = ownAddresses(request)): Buffer {
  return withCrc(adu(request, data));
}

/** An exception, in either framing. */
export function exception(framing: "mbap" | "rtu", request: RawRequest, code: number): Buffer {
  const answer = Buffer.from([request.unit, request.code | 0x80, code]);
  return framing === "mbap" ? withHeader(request.transaction, answer) : withCrc(answer);
}

/** Header of Modbus TCP before unit and PDU. */
export function withHeader(transaction: number, answer: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(transaction, 0);
  header.writeUInt16BE(answer.length, 4);
  return Buffer.concat([header, answer]);
}

function withCrc(answer: Buffer): Buffer {
  const crc = Buffer.alloc(2);
  crc.writeUInt16LE(crc16(answer), 0);
  return Buffer.concat([answer, crc]);
}
