import { connect, type Socket } from "node:net";
import {
  CONVERSATION,
  CONVERSATION_CN,
  DATA_ANSWER,
  FIRST_ANSWER,
  PARAMETER_COMMANDS,
} from "../drivers/hj212/commands.ts";
import { FrameReader } from "../drivers/hj212/frame-reader.ts";
import { writeFrame } from "../drivers/hj212/frame-writer.ts";
import { parameter, writeTime } from "../drivers/hj212/parameters.ts";
import { FLAG, readSegment, type Segment, writeSegment } from "../drivers/hj212/segment.ts";
import { type Clock, HOUR, MILLISECOND, type Micros, SECOND, type Timer } from "../model/time.ts";

/** A report that nobody answers is sent again so often (HJ 212-2017: three sendings in all). */
const RESENDS = 2;

/** What a logger does wrong with something it is asked, by the command. */
export type LoggerFault =
  | "silent"
  | "refuses"
  /** Says that it will, and that it could not. */
  | "fails"
  /** Says that it will, and nothing more. */
  | "gives no result"
  /** Answers under another request number. */
  | "other-number"
  /** Answers without what was asked for. */
  | "other-field"
  | { readonly after: Micros };

export interface Hj212LoggerOptions {
  readonly host: string;
  readonly port: number;
  /** Address of this machine to call from. Default: the system chooses. */
  readonly from?: string;
  readonly mn: string;
  readonly clock: Clock;
  readonly password?: string;
  /** System code: 22 air, 32 waste water. */
  readonly system?: string;
  /** Bits of the standard's edition in Flag: 4 of 2017, 0 of 2005. */
  readonly edition?: number;
  /** Zone of its clock, µs ahead of UTC. Default: Beijing. */
  readonly zone?: Micros;
  /** Time it waits for an answer. */
  readonly patience?: Micros;
  /** Cuts what it sends into pieces of so many bytes, as a slow modem does. Default: whole frames. */
  readonly piece?: number;
  /** What it sends when it is asked for data, by the command. Default: nothing. */
  readonly stored?: Readonly<Record<number, readonly string[]>>;
  /** Faults at being asked. Default: none. */
  readonly misbehaves?: (cn: number) => LoggerFault | undefined;
  /** Its check sum, when it is not the standard's. */
  readonly crc?: Parameters<typeof writeFrame>[1];
}

interface Waiting {
  readonly frames: readonly Buffer[];
  sendings: number;
  timer: Timer | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A data logger (数采仪) of HJ 212 that dials a centre, reports, waits for answers and sends again. */
export class Hj212Logger {
  readonly #o: Required<Omit<Hj212LoggerOptions, "from" | "piece" | "crc" | "misbehaves">> &
    Pick<Hj212LoggerOptions, "from" | "piece" | "crc" | "misbehaves">;
  readonly #reader: FrameReader;
  readonly #waiting = new Map<string, Waiting>();
  #socket: Socket | undefined;
  #last: Micros = 0;
  /** How far off its clock is, µs; setting it (1012) makes it 0. */
  clockError: Micros = 0;
  /** Intervals of its data, by their names; set by 1062 and 1064. */
  readonly intervals: Record<string, string> = { RtdInterval: "30", MinInterval: "10" };
  /** Segments of the centre, in order. */
  readonly received: Segment[] = [];

  constructor(options: Hj212LoggerOptions) {
    this.#o = {
      password: "123456",
      system: "22",
      edition: FLAG.version2017,
      zone: 8 * HOUR,
      patience: 5 * SECOND,
      stored: {},
      ...options,
    };
    this.#reader = new FrameReader({
      frame: (bytes, check) => {
        if (check === "right") this.#hear(readSegment(bytes));
        return true;
      },
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

  /** Reports, and resolves when the centre has answered. @throws Error when nobody does. */
  report(cn: number, cp: string): Promise<void> {
    const segment = this.segment(cn, cp);
    return this.#deliver(segment.qn, [this.frame(segment)]);
  }

  /** Reports in packets, one for each part of the parameters; `lose` are numbers that do not arrive the first time. */
  reportInPackets(
    cn: number,
    parts: readonly string[],
    { lose = [] }: { lose?: readonly number[] } = {},
  ): Promise<void> {
    const whole = this.segment(cn, "");
    const frames = parts.map((cp, i) =>
      this.frame({
        ...whole,
        flag: whole.flag | FLAG.packets,
        packet: { total: parts.length, number: i + 1 },
        cp,
      }),
    );
    return this.#deliver(whole.qn, frames, lose);
  }

  /** Reports without waiting for an answer. */
  tell(cn: number, cp: string): void {
    const segment = this.segment(cn, cp);
    this.send(this.frame({ ...segment, flag: segment.flag & ~FLAG.answer }));
  }

  /** A segment of this logger; its request number is the time, and no two are the same. */
  segment(cn: number, cp: string): Segment {
    const { clock, zone, system, password, mn, edition } = this.#o;
    this.#last = Math.max(clock.wall() + this.clockError, this.#last + MILLISECOND);
    const qn = writeTime(this.#last, zone, 17);
    return { qn, st: system, cn, pw: password, mn, flag: edition | FLAG.answer, packet: undefined, cp };
  }

  /** A segment as it goes on the wire. */
  frame(segment: Segment): Buffer {
    return writeFrame(writeSegment(segment), this.#o.crc);
  }

  /** Sends bytes, in pieces when it is a logger with a slow modem. */
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
    this.#fail("the logger has hung up");
  }

  #deliver(qn: string, frames: readonly Buffer[], lose: readonly number[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { frames, sendings: 0, timer: undefined, resolve, reject };
      this.#waiting.set(qn, waiting);
      this.#sendAll(qn, waiting, lose);
    });
  }

  #sendAll(qn: string, waiting: Waiting, lose: readonly number[] = []): void {
    waiting.sendings++;
    waiting.frames.forEach((frame, i) => {
      if (!lose.includes(i + 1)) this.send(frame);
    });
    waiting.timer?.cancel();
    waiting.timer = this.#o.clock.after(this.#o.patience, () => {
      if (waiting.sendings <= RESENDS) this.#sendAll(qn, waiting);
      else {
        this.#waiting.delete(qn);
        waiting.reject(new Error(`nobody answered report ${qn}`));
      }
    });
  }

  #hear(segment: Segment): void {
    this.received.push(segment);
    if (segment.cn !== DATA_ANSWER) {
      if (segment.cn < FIRST_ANSWER) this.#obey(segment);
      return;
    }
    const waiting = this.#waiting.get(segment.qn);
    if (waiting === undefined) return;
    this.#waiting.delete(segment.qn);
    waiting.timer?.cancel();
    waiting.resolve();
  }

  /** Carries out what the centre asks: says that it will, does it, says that it has. */
  #obey(asked: Segment): void {
    const { misbehaves, clock } = this.#o;
    const fault = misbehaves?.(asked.cn);
    if (fault === "silent") return;
    if (typeof fault === "object") clock.after(fault.after, () => this.#carryOut(asked, undefined));
    else this.#carryOut(asked, fault);
  }

  #carryOut(asked: Segment, fault: Exclude<LoggerFault, object> | undefined): void {
    const { mn, password, edition, zone } = this.#o;
    const qn = fault === "other-number" ? writeTime(this.#o.clock.wall() - HOUR, zone, 17) : asked.qn;
    const say = (cn: number, cp: string, st = CONVERSATION) =>
      this.send(this.frame({ qn, st, cn, pw: password, mn, flag: edition, packet: undefined, cp }));
    say(CONVERSATION_CN.requestAnswer, `QnRtn=${fault === "refuses" ? 2 : 1}`);
    if (fault === "refuses" || fault === "gives no result") return;
    if (fault === "fails") {
      say(CONVERSATION_CN.result, "ExeRtn=2");
      return;
    }
    const { cn, cp } = asked;
    const told = fault === "other-field" ? "PolId=w01018" : this.#parameterOf(cn);
    if (told !== undefined) say(cn, told, asked.st);
    if (cn === PARAMETER_COMMANDS.setClock) this.clockError = 0;
    for (const name of Object.keys(this.intervals))
      this.intervals[name] = parameter(cp, name) ?? this.intervals[name]!;
    for (const data of this.#o.stored[cn] ?? []) this.tell(cn, data);
    say(CONVERSATION_CN.result, "ExeRtn=1");
  }

  /** What a read of a parameter is answered with; undefined: it is none. */
  #parameterOf(cn: number): string | undefined {
    const { clock, zone } = this.#o;
    if (cn === PARAMETER_COMMANDS.clock)
      return `SystemTime=${writeTime(clock.wall() + this.clockError, zone)}`;
    if (cn === PARAMETER_COMMANDS.realTimeInterval) return `RtdInterval=${this.intervals.RtdInterval}`;
    if (cn === PARAMETER_COMMANDS.minuteInterval) return `MinInterval=${this.intervals.MinInterval}`;
    return undefined;
  }

  #fail(why: string): void {
    for (const waiting of this.#waiting.values()) {
      waiting.timer?.cancel();
      waiting.reject(new Error(why));
    }
    this.#waiting.clear();
  }
}
