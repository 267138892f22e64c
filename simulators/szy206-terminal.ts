import { connect, type Socket } from "node:net";
import { AFN, type Frame, LINK, writeFrame } from "../drivers/szy206/frame.ts";
import { FrameReader } from "../drivers/szy206/frame-reader.ts";
import { writeLabel } from "../drivers/szy206/numbers.ts";
import { type Clock, HOUR, type Micros, SECOND, type Timer } from "../model/time.ts";

/** A report that nobody confirms is sent again so often. */
const RESENDS = 2;
const COUNTS = 4;

export interface Szy206TerminalOptions {
  readonly host: string;
  readonly port: number;
  /** Address of this machine to call from. Default: the system chooses. */
  readonly from?: string;
  /** Ten hex digits. */
  readonly address: string;
  readonly clock: Clock;
  /** Reports end with a time label. Default: yes. */
  readonly label?: boolean;
  /** Zone of its clock, µs ahead of UTC. Default: Beijing. */
  readonly zone?: Micros;
  /** Time it waits for a confirmation. */
  readonly patience?: Micros;
  /** Cuts what it sends into pieces of so many bytes, as a slow modem does. Default: whole frames. */
  readonly piece?: number;
}

/** What a terminal reports: the bytes of its values, and its two words. */
export interface TerminalReport {
  readonly code: number;
  readonly values: Uint8Array;
  readonly alarm?: number;
  readonly status?: number;
}

interface Waiting {
  readonly raw: Buffer;
  sendings: number;
  timer: Timer | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A terminal (遥测终端) of SZY 206 that dials a centre, reports, waits for confirmations and sends again. One report at a time waits. */
export class Szy206Terminal {
  readonly #o: Required<Omit<Szy206TerminalOptions, "from" | "piece">> &
    Pick<Szy206TerminalOptions, "from" | "piece">;
  readonly #reader: FrameReader;
  readonly #waiting: Waiting[] = [];
  #socket: Socket | undefined;
  #count = 0;
  /** Frames of the centre, in order. */
  readonly received: Frame[] = [];

  constructor(options: Szy206TerminalOptions) {
    this.#o = { label: true, zone: 8 * HOUR, patience: 5 * SECOND, ...options };
    this.#reader = new FrameReader({
      frame: (frame) => this.#hear({ ...frame, data: Uint8Array.from(frame.data) }),
      spoiled: () => {},
    });
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Dials the centre. @throws Error of the socket */
  async connect(): Promise<void> {
    const { host, port, from } = this.#o;
    const socket = connect({ host, port, noDelay: true, localAddress: from });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => this.#reader.push(chunk));
    socket.once("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#fail("the connection was closed");
    });
    this.#socket = socket;
  }

  /** Reports by itself (C0H); resolves when it is confirmed. @throws Error when nobody confirms. */
  report(report: TerminalReport): Promise<void> {
    return this.#deliver(this.frame(AFN.report, report.code, this.data(report)));
  }

  /** Logs in, out, or says that it is still there. */
  link(what: (typeof LINK)[keyof typeof LINK] = LINK.keepAlive): Promise<void> {
    return this.#deliver(this.frame(AFN.link, 0, Buffer.of(what)));
  }

  /** The data of a report, with a label of now. */
  data({ values, alarm = 0, status = 0 }: TerminalReport, time = this.#o.clock.wall()): Buffer {
    const words = Buffer.alloc(4);
    words.writeUInt16LE(alarm, 0);
    words.writeUInt16LE(status, 2);
    const { label, zone } = this.#o;
    return Buffer.concat([values, words, ...(label ? [writeLabel(time, zone)] : [])]);
  }

  /** A frame of this terminal as it goes on the wire. */
  frame(afn: number, code: number, data: Uint8Array): Buffer {
    this.#count = (this.#count + 1) % COUNTS;
    const { address } = this.#o;
    return writeFrame({ up: true, split: undefined, count: this.#count, code, address, afn, data });
  }

  /** Sends bytes, in pieces when it is a terminal with a slow modem. */
  send(raw: Uint8Array): void {
    const { piece } = this.#o;
    if (piece === undefined) {
      this.#socket?.write(raw);
      return;
    }
    for (let at = 0; at < raw.length; at += piece) this.#socket?.write(raw.subarray(at, at + piece));
  }

  /** Hangs up. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#fail("the terminal has hung up");
  }

  #deliver(raw: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { raw, sendings: 0, timer: undefined, resolve, reject };
      this.#waiting.push(waiting);
      if (this.#waiting.length === 1) this.#sendFirst();
    });
  }

  #sendFirst(): void {
    const waiting = this.#waiting[0];
    if (waiting === undefined) return;
    waiting.sendings++;
    this.send(waiting.raw);
    waiting.timer = this.#o.clock.after(this.#o.patience, () => {
      if (waiting.sendings <= RESENDS) this.#sendFirst();
      else {
        this.#waiting.shift();
        waiting.reject(new Error("nobody confirmed a report"));
        this.#sendFirst();
      }
    });
  }

  #hear(frame: Frame): void {
    this.received.push(frame);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) return;
    waiting.timer?.cancel();
    waiting.resolve();
    this.#sendFirst();
  }

  #fail(why: string): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.timer?.cancel();
      waiting.reject(new Error(why));
    }
  }
}
