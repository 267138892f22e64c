import { connect, type Socket } from "node:net";
import { type Writing, type WrittenReport, writeHead, writeReport } from "../drivers/sl651/body-writer.ts";
import { ENQ, ETB, ETX, FUNCTION, NAK } from "../drivers/sl651/control.ts";
import type { Encoding, Frame } from "../drivers/sl651/frame.ts";
import { FrameReader } from "../drivers/sl651/frame-reader.ts";
import { writeFrame } from "../drivers/sl651/frame-writer.ts";
import { type Clock, HOUR, type Micros, SECOND, type Timer } from "../model/time.ts";

/** A report is sent again so often when nobody confirms it (SL 651-2014, 6.3.2.3). */
const RESENDS = 2;
const SERIAL_MAX = 0xffff;

export interface Sl651StationOptions {
  readonly host: string;
  readonly port: number;
  /** Address of this machine to call from. Default: the system chooses. */
  readonly from?: string;
  /** Address of 40 bits. */
  readonly address: number;
  readonly clock: Clock;
  readonly encoding?: Encoding;
  readonly centre?: number;
  readonly password?: number;
  /** Zone of its clock, µs ahead of UTC. Default: Beijing. */
  readonly offset?: Micros;
  /** Time it waits for a confirmation. */
  readonly patience?: Micros;
  /** Cuts what it sends into pieces of so many bytes, as a slow modem does. Default: whole frames. */
  readonly piece?: number;
  /** What it answers to a question of the centre; undefined: nothing. */
  readonly answer?: (frame: Frame) => Omit<WrittenReport, "serial" | "sent"> | undefined;
  /** Time that it takes to answer. Default: none. */
  readonly answersAfter?: Micros;
}

interface Waiting {
  readonly serial: number;
  readonly frames: readonly Buffer[];
  sendings: number;
  timer: Timer | undefined;
  readonly resolve: (end: number) => void;
  readonly reject: (error: Error) => void;
}

/** A hydrological station (RTU) that dials a centre, reports, waits for confirmations, sends again and answers questions. */
export class Sl651Station {
  readonly #o: Required<Omit<Sl651StationOptions, "from" | "answer" | "piece">> &
    Pick<Sl651StationOptions, "from" | "answer" | "piece">;
  readonly #reader: FrameReader;
  #socket: Socket | undefined;
  #serial = 0;
  /** Reports that nobody has confirmed yet, by their serial number. */
  readonly #waiting = new Map<number, Waiting>();
  /** How far its clock is off, µs: set by 4AH. */
  clockError: Micros = 0;
  /** Frames of the centre, in order. */
  readonly received: Frame[] = [];

  constructor(options: Sl651StationOptions) {
    this.#o = {
      encoding: "hex",
      centre: 1,
      password: 0x1234,
      offset: 8 * HOUR,
      patience: 10 * SECOND,
      answersAfter: 0,
      ...options,
    };
    this.#reader = new FrameReader({
      frame: (frame) => this.#hear({ ...frame, body: Uint8Array.from(frame.body) }),
      spoiled: () => {},
    });
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Serial number of its last report. */
  get serial(): number {
    return this.#serial;
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

  /** Reports, and resolves with the control character that ended the confirmation. @throws Error when nobody confirms. */
  report(code: number, report: Omit<WrittenReport, "serial" | "sent">): Promise<number> {
    const body = this.#body(report);
    return this.#deliver([this.frame(code, body)]);
  }

  /** Reports in packets of at most `size` bytes (mode M3); `lose` are numbers that do not arrive the first time. */
  reportInPackets(
    code: number,
    report: Omit<WrittenReport, "serial" | "sent">,
    { size, lose = [] }: { size: number; lose?: readonly number[] },
  ): Promise<number> {
    const body = this.#body(report);
    const total = Math.ceil(body.length / size);
    const frames = Array.from({ length: total }, (_, i) =>
      this.frame(code, body.subarray(i * size, (i + 1) * size), {
        packet: { total, sequence: i + 1 },
        end: i + 1 === total ? ETX : ETB,
      }),
    );
    return this.#deliver(frames, lose);
  }

  /** Says that the link is still there (2FH): the serial number of the last report, and no answer (6.6.4.2). */
  keepAlive(): void {
    this.send(
      this.frame(FUNCTION.keepAlive, writeHead(Math.max(1, this.#serial), this.#now(), this.#writing())),
    );
  }

  /** A frame of this station as it goes on the wire. */
  frame(code: number, body: Uint8Array, rest: Partial<Pick<Frame, "packet" | "end">> = {}): Buffer {
    const { encoding, centre, address, password } = this.#o;
    return writeFrame({
      encoding,
      up: true,
      centre,
      station: address,
      password,
      code,
      packet: rest.packet,
      body,
      end: rest.end ?? ETX,
    });
  }

  /** Sends bytes, in pieces when it is a station with a slow modem. */
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
    this.#fail("the station has hung up");
  }

  #now(): Micros {
    return this.#o.clock.wall() + this.clockError;
  }

  #writing(): Writing {
    return { encoding: this.#o.encoding, offset: this.#o.offset };
  }

  #body(report: Omit<WrittenReport, "serial" | "sent">): Buffer {
    this.#serial = (this.#serial % SERIAL_MAX) + 1;
    return writeReport({ ...report, serial: this.#serial, sent: this.#now() }, this.#writing());
  }

  #deliver(frames: readonly Buffer[], lose: readonly number[] = []): Promise<number> {
    return new Promise((resolve, reject) => {
      const serial = this.#serial;
      const waiting: Waiting = { serial, frames, sendings: 0, timer: undefined, resolve, reject };
      this.#waiting.set(serial, waiting);
      this.#sendAll(waiting, lose);
    });
  }

  #sendAll(waiting: Waiting, lose: readonly number[] = []): void {
    waiting.sendings++;
    waiting.frames.forEach((frame, i) => {
      if (!lose.includes(i + 1)) this.send(frame);
    });
    waiting.timer?.cancel();
    waiting.timer = this.#o.clock.after(this.#o.patience, () => {
      if (waiting.sendings <= RESENDS) this.#sendAll(waiting);
      else this.#end(waiting)?.reject(new Error("nobody confirms"));
    });
  }

  #hear(frame: Frame): void {
    this.received.push(frame);
    if (frame.up) return;
    if (frame.end === ENQ) {
      this.#answer(frame);
      return;
    }
    const serial = serialOf(frame);
    // While the first packet is missing the centre does not know the serial number.
    const waiting = this.#waiting.get(frame.end === NAK && serial === 0 ? this.#serial : serial);
    if (waiting === undefined) return;
    if (frame.end === NAK) {
      const missing = waiting.frames[(frame.packet?.sequence ?? 0) - 1];
      // A packet that is sent again ends with ETX, whichever it is (6.3.1.2 c).
      if (missing !== undefined) this.send(endedByEtx(missing));
      return;
    }
    this.#end(waiting)?.resolve(frame.end);
  }

  #end(waiting: Waiting): Waiting | undefined {
    waiting.timer?.cancel();
    return this.#waiting.delete(waiting.serial) ? waiting : undefined;
  }

  #answer(frame: Frame): void {
    if (frame.code === FUNCTION.setClock) this.clockError = 0;
    const answer = this.#o.answer?.(frame);
    if (answer === undefined) return;
    const { answersAfter, clock } = this.#o;
    const send = () => this.send(this.frame(frame.code, this.#body(answer)));
    if (answersAfter === 0) send();
    else clock.after(answersAfter, send);
  }

  #fail(why: string): void {
    for (const waiting of this.#waiting.values()) this.#end(waiting)?.reject(new Error(why));
  }
}

function serialOf({ encoding, body }: Frame): number {
  if (encoding === "hex") return ((body[0] ?? 0) << 8) | (body[1] ?? 0);
  return Number.parseInt(Buffer.from(body.subarray(0, 4)).toString("latin1"), 16);
}

function endedByEtx(raw: Buffer): Buffer {
  let frame: Frame | undefined;
  new FrameReader({
    frame: (found) => {
      frame = found;
    },
    spoiled: () => {},
  }).push(raw);
  return frame === undefined ? raw : writeFrame({ ...frame, end: ETX });
}
