import type { Socket } from "node:net";
import { type Answer, exception, mbap, type RawRequest, withHeader } from "./raw-server.ts";

/** Holding registers and coils of a device that can be written, as a raw server answers for them. Unset ones read 0. */
export class RegisterBank {
  readonly holding = new Map<number, number>();
  readonly coils = new Map<number, number>();
  /** Requests that wrote, in order: function code and address. */
  readonly writes: { code: number; address: number; values: number[] }[] = [];
  /** Discrete inputs; those not set read as the coils do. */
  readonly inputs = new Map<number, number>();
  /** Coils at which FC 5 carries a word of its own. */
  takesWord: (address: number) => boolean = () => false;
  /** Called when something was written: what the device does then. */
  onWrite: (address: number, values: readonly number[]) => void = () => {};
  /** Addresses that refuse to be written. */
  readonly locked = new Set<number>();

  readonly answer: Answer = (request, socket) => {
    if (request.code > 4) this.#write(request, socket);
    else socket.write(mbap(request, this.#read(request)));
  };

  /** Sets registers one after the other. */
  set(address: number, ...values: number[]): void {
    for (const [offset, value] of values.entries()) this.holding.set(address + offset, value);
  }

  #read({ code, address, count }: RawRequest): Buffer {
    if (code <= 2) {
      const data = Buffer.alloc(Math.ceil(count / 8));
      for (let i = 0; i < count; i++) data[i >> 3]! |= this.#bit(code, address + i) << (i & 7);
      return data;
    }
    const data = Buffer.alloc(count * 2);
    for (let i = 0; i < count; i++) data.writeUInt16BE(this.holding.get(address + i) ?? 0, i * 2);
    return data;
  }

  #bit(code: number, address: number): number {
    const input = code === 2 ? this.inputs.get(address) : undefined;
    return input ?? this.coils.get(address) ?? 0;
  }

  #write(request: RawRequest, socket: Socket): void {
    const { code, address, frame } = request;
    if (this.locked.has(address)) {
      socket.write(exception("mbap", request, 4));
      return;
    }
    const pdu = frame.subarray(7);
    const word = pdu.readUInt16BE(3);
    const values =
      code === 5
        ? [this.takesWord(address) ? word : Number(word === 0xff00)]
        : code === 6
          ? [word]
          : Array.from({ length: word }, (_, i) =>
              code === 15 ? (pdu[6 + (i >> 3)]! >> (i & 7)) & 1 : pdu.readUInt16BE(6 + 2 * i),
            );
    const table = code === 5 || code === 15 ? this.coils : this.holding;
    for (const [offset, value] of values.entries()) table.set(address + offset, value);
    this.writes.push({ code, address, values });
    this.onWrite(address, values);
    socket.write(withHeader(request.transaction, frame.subarray(6, 12)));
  }
}
