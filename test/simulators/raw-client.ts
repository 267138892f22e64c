import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { until, within } from "../support/until.ts";

/** A TCP client that knows nothing of Modbus: it sees bytes, and how they come. */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  /** What came, one element a packet. */
  readonly packets: Buffer[] = [];
  #failure: NodeJS.ErrnoException | undefined;
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => this.packets.push(bytes));
    socket.on("error", (failure) => {
      this.#failure = failure;
    });
    socket.on("close", () => {
      this.#closed = true;
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await within("the connection", once(socket, "connect"));
    return new RawClient(socket);
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  get received(): Buffer {
    return Buffer.concat(this.packets);
  }

  /** Waits for so many bytes, takes them, and leaves the rest. */
  async take(count: number): Promise<Buffer> {
    await until(`${count} bytes have come`, () => this.received.length >= count, {
      detail: () => this.received.toString("hex"),
    });
    const all = this.received;
    this.packets.splice(0, this.packets.length, ...(all.length > count ? [all.subarray(count)] : []));
    return all.subarray(0, count);
  }

  /** Waits until the peer has ended the connection: with an error code such as ECONNRESET, or in good order. */
  async ended(): Promise<string | undefined> {
    await until("the connection has ended", () => this.#closed);
    return this.#failure?.code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#socket.destroy();
    await until("the socket is closed", () => this.#closed);
  }
}

/** A request of Modbus TCP to read, byte by byte as the standard prints it. */
export function tcpRequest(
  transaction: number,
  {
    unit,
    functionCode = 3,
    address,
    count,
  }: { unit: number; functionCode?: number; address: number; count: number },
): Buffer {
  const frame = Buffer.from([0, 0, 0, 0, 0, 6, unit, functionCode, 0, 0, 0, 0]);
  frame.writeUInt16BE(transaction, 0);
  frame.writeUInt16BE(address, 8);
  frame.writeUInt16BE(count, 10);
  return frame;
}
