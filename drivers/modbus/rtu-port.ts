import type { Clock } from "../../model/time.ts";
import { crc16 } from "../crc16.ts";
import type { ByteLine } from "./byte-line.ts";
import { ForeignQuestions } from "./foreign-questions.ts";
import { FramePort, type PortEvents } from "./frame-port.ts";
import { type Heartbeats, NO_HEARTBEATS } from "./heartbeats.ts";
import {
  BROADCAST,
  type ExpectedAnswer,
  expectedAnswer,
  overhear,
  overheardLengths,
  shapeOfAnswer,
} from "./request.ts";

/*
 * Modbus RTU on any stream of bytes: a serial line, or a serial server that passes it through TCP as it is. There are no
 * transaction ids and, after a network or a USB converter, no usable silence between frames either: an answer is known by
 * its unit, its function, its length and its CRC, wherever in the stream it begins.
 */

const CRC_BYTES = 2;
/** Unit, function, exception code, CRC. */
const SHORTEST_FRAME = 5;
/** The longest frame is 256 bytes; noise before it may be as long again. */
const MOST_KEPT_BYTES = 512;
const FIRST_WRITE_CODE = 5;

interface Expected {
  readonly slot: number;
  readonly answer: ExpectedAnswer;
  /** The question: two-wire converters often echo it. */
  readonly request: Buffer;
  /** Its echo has passed, or none is to be expected. */
  echoed: boolean;
}

/**
 * Finds the one answer that is expected and skips everything else: noise, our own echo, heartbeats of a modem, late answers,
 * and what other masters on the line ask and are told.
 */
export class RtuPort extends FramePort {
  readonly broadcasts = true;
  readonly #foreign: ForeignQuestions;
  readonly #heartbeats: Heartbeats;
  #expected: Expected | undefined;
  #received: Buffer = Buffer.alloc(0);
  /** The line echoes what we send; learnt from questions whose answers look different. */
  #echoes = false;

  constructor(
    line: ByteLine,
    events: PortEvents,
    { clock, heartbeats = NO_HEARTBEATS }: { clock: Clock; heartbeats?: Heartbeats },
  ) {
    super(line, events);
    this.#foreign = new ForeignQuestions(clock);
    this.#heartbeats = heartbeats;
  }

  override write(request: Buffer): void {
    this.#received = Buffer.alloc(0);
    if (request[0] !== BROADCAST) {
      const answer = expectedAnswer(request.subarray(0, -CRC_BYTES));
      this.#expected = { slot: this._transactionIdWrite, answer, request, echoed: false };
    }
    this.send(request);
  }

  override forget(slot: number): void {
    if (this.#expected?.slot !== slot) return;
    this.#expected = undefined;
    this.#stray(this.#received);
    this.#overhearIdle();
  }

  protected override receive(bytes: Buffer): void {
    const joined = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    const surplus = Math.max(0, joined.length - MOST_KEPT_BYTES);
    this.#received = joined.subarray(surplus);
    if (this.#expected === undefined) {
      // Counted as they come; kept only to see what they are.
      this.#stray(bytes);
      this.#overhearIdle();
      return;
    }
    if (surplus > 0) this.#stray(joined.subarray(0, surplus));
    this.#skipEcho(this.#expected);
    this.#seek(this.#expected);
  }

  #skipEcho(expected: Expected): void {
    const { request } = expected;
    if (expected.echoed || this.#received.length < request.length) return;
    if (!request.equals(this.#received.subarray(0, request.length))) return;
    // The answer to FC 5 and 6 is the question again: it is an echo only where the line is known to echo.
    const alike = request.length === 8 && (request[1] === FIRST_WRITE_CODE || request[1] === 6);
    if (alike && !this.#echoes) return;
    expected.echoed = true;
    this.#echoes = true;
    this.#received = this.#received.subarray(request.length);
  }

  #seek(expected: Expected): void {
    let waiting = false;
    for (let from = 0; from + SHORTEST_FRAME <= this.#received.length; from++) {
      const length = this.#ownLength(expected, from);
      if (length !== undefined && length > 0) {
        const end = from + length + CRC_BYTES;
        if (end > this.#received.length) waiting = true;
        else if (this.#isIntact(from, end)) {
          if (this.#take(expected, from, end)) return;
          from = -1;
          continue;
        }
      } else if (length === undefined) waiting = true;
      // What stands within an answer that is still coming is data, however much it looks like a frame.
      if (waiting) continue;
      const end = this.#foreignEnd(from);
      if (end === 0) continue;
      const frame = this.#received.subarray(from, end);
      this.#stray(this.#received.subarray(0, from));
      if (!expected.echoed && expected.request.equals(frame)) expected.echoed = true;
      else {
        this.#stray(frame);
        this.#overheard(frame);
      }
      this.#received = this.#received.subarray(end);
      from = -1;
    }
  }

  /** Bytes of our answer at `from`; an echo behind noise may have its form (three bytes of coils from 768 on). */
  #ownLength({ answer, request }: Expected, from: number): number | undefined {
    const length = answer.lengthAt(this.#received, from);
    if (length === undefined || length === 0 || from === 0) return length;
    const isEcho =
      request[1]! < FIRST_WRITE_CODE && request.equals(this.#received.subarray(from, from + request.length));
    return isEcho ? 0 : length;
  }

  /** Takes what has the form of our answer; false when it is another master's. */
  #take(expected: Expected, from: number, end: number): boolean {
    const frame = this.#received.subarray(from, end);
    const before = this.#received.subarray(0, from);
    this.#received = this.#received.subarray(end);
    const shape = shapeOfAnswer(frame);
    if (shape !== undefined && this.#foreign.claim(shape)) {
      this.#stray(before);
      this.#stray(frame);
      return false;
    }
    this.#stray(before);
    this.#expected = undefined;
    if (this.#received.length > 0) {
      this.#stray(this.#received);
      this.#overhearIdle();
    }
    this.deliver(expected.slot, frame);
    return true;
  }

  /** Whole frames in what came while nothing was asked: late answers, and questions of other masters. */
  #overhearIdle(): void {
    for (let from = 0; from + SHORTEST_FRAME <= this.#received.length; from++) {
      const end = this.#foreignEnd(from);
      if (end === 0) continue;
      this.#overheard(this.#received.subarray(from, end));
      this.#received = this.#received.subarray(end);
      from = -1;
    }
  }

  /** Where an intact frame that begins at `from` ends; 0: none does. */
  #foreignEnd(from: number): number {
    for (const length of overheardLengths(this.#received, from)) {
      const end = from + length + CRC_BYTES;
      if (end <= this.#received.length && this.#isIntact(from, end)) return end;
    }
    return 0;
  }

  #overheard(frame: Buffer): void {
    const { kind, shape } = overhear(frame.subarray(0, -CRC_BYTES));
    if (shape === undefined) return;
    if (kind === "question") this.#foreign.asked(shape);
    else if (!this.#foreign.claim(shape)) this.events.unasked(shape);
  }

  #isIntact(from: number, end: number): boolean {
    const bytes = this.#received;
    return bytes.readUInt16LE(end - CRC_BYTES) === crc16(bytes, from, end - CRC_BYTES);
  }

  /** Counts what belongs to no answer; heartbeats apart. */
  #stray(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const beats = this.#heartbeats.count(bytes);
    if (beats > 0) this.events.heartbeat(beats);
    if (bytes.length > beats) this.events.stray(bytes.length - beats);
  }
}
