import { MILLISECOND, type Micros, type Timer } from "../model/time.ts";
import { FaultCount } from "./fault-count.ts";
import { type Delivery, deliver, SILENCE } from "./modbus-answer.ts";
import type { Framing, ModbusRequest, RequestReader } from "./modbus-frame.ts";
import { answerPdu, exceptionPdu, GATEWAY_TARGET_SILENT, type ModbusUnit } from "./modbus-unit.ts";
import type { Stage } from "./stage.ts";

/** The slaves of one line and how they speak. */
export interface ModbusLine {
  readonly framing: Framing;
  readonly units: ReadonlyMap<number, ModbusUnit>;
  /** What a request to a unit that is not there gets. */
  readonly unknownUnit: "silent" | "exception";
  readonly stage: Stage;
  /** Counted over all connections of the line. */
  readonly faultCount: FaultCount;
  /** Requests answered or deliberately left without answer. */
  requests: number;
}

/** A line whose slaves are all there and nothing has been asked yet. */
export function modbusLine(options: Omit<ModbusLine, "faultCount" | "requests">): ModbusLine {
  return { ...options, faultCount: new FaultCount(), requests: 0 };
}

/** Where answers go. */
export interface ModbusPeer {
  send(bytes: Buffer): void;
  /** Breaks the connection with a reset, where there is one. */
  reset(): void;
  /** Too many requests wait for an answer: read no more until `resume`. */
  pause(): void;
  resume(): void;
}

/** Requests that may wait for a slow answer; real instruments take one to sixteen. */
const WAITING_MAX = 32;

/**
 * A frame on a serial line has no pause longer than 1.5 characters; operating systems add tens of milliseconds. What is
 * still unfinished after this was noise.
 */
const FRAME_GAP: Micros = 200 * MILLISECOND;

/** Broadcasts reach every slave and are never answered (Modbus over Serial Line V1.02, 2.1). */
const BROADCAST = 0;

/** One master that talks to a line: reads its requests and answers them one after the other. */
export class ModbusSession {
  readonly #line: ModbusLine;
  readonly #peer: ModbusPeer;
  readonly #reader: RequestReader;
  readonly #waiting: Delivery[] = [];
  #glued: Buffer = Buffer.alloc(0);
  #timer: Timer | undefined;
  #speaking = false;
  #paused = false;
  #closed = false;
  #heard: Micros = 0;

  constructor(line: ModbusLine, peer: ModbusPeer) {
    this.#line = line;
    this.#peer = peer;
    this.#reader = line.framing.reader();
  }

  /** Takes bytes of the master. */
  receive(bytes: Buffer): void {
    if (this.#closed) return;
    const now = this.#line.stage.clock.now();
    if (this.#line.framing.name === "rtu" && now - this.#heard > FRAME_GAP) this.#reader.clear();
    this.#heard = now;
    for (const request of this.#reader.push(bytes)) {
      this.#line.requests++;
      const delivery = this.#answer(request);
      if (delivery !== SILENCE) this.#queue(delivery);
    }
    if (this.#waiting.length >= WAITING_MAX && !this.#paused) {
      this.#paused = true;
      this.#peer.pause();
    }
    this.#speak();
  }

  /** Forgets what is still to be said. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#waiting.length = 0;
  }

  /** A glued answer waits for the next one and leaves in one piece with it. */
  #queue(delivery: Delivery): void {
    const pieces = [Buffer.concat([this.#glued, ...delivery.pieces])];
    if (delivery.glued === true) this.#glued = pieces[0]!;
    else if (this.#glued.length === 0 || delivery.reset) this.#waiting.push(delivery);
    else {
      this.#glued = Buffer.alloc(0);
      this.#waiting.push({ ...delivery, pieces });
    }
  }

  #answer(request: ModbusRequest): Delivery {
    const { framing, units, unknownUnit, stage, faultCount } = this.#line;
    const moment = stage.moment();
    if (request.unit === BROADCAST && framing.name !== "tcp") {
      for (const { memory } of units.values()) answerPdu(request.pdu, memory, moment);
      return SILENCE;
    }
    const unit = units.get(request.unit);
    if (unit === undefined) {
      if (unknownUnit === "silent") return SILENCE;
      const pdu = exceptionPdu(request.pdu[0] ?? 0, GATEWAY_TARGET_SILENT);
      return deliver({ ...request, pdu }, framing, { faults: [] });
    }
    const faults = faultCount.befalling(unit.faults(moment), moment);
    const answer = { ...request, pdu: answerPdu(request.pdu, unit.memory, moment) };
    return deliver(answer, framing, { faults, question: request });
  }

  #speak(): void {
    if (this.#speaking || this.#closed) return;
    const delivery = this.#waiting.shift();
    if (delivery === undefined) return;
    this.#speaking = true;
    this.#later(delivery.delay, () => this.#say(delivery, 0));
  }

  #say(delivery: Delivery, piece: number): void {
    if (delivery.reset) {
      this.close();
      this.#peer.reset();
      return;
    }
    for (; piece < delivery.pieces.length; piece++) {
      this.#peer.send(delivery.pieces[piece]!);
      const next = piece + 1;
      if (delivery.pause > 0 && next < delivery.pieces.length) {
        this.#later(delivery.pause, () => this.#say(delivery, next));
        return;
      }
    }
    this.#speaking = false;
    if (this.#paused && this.#waiting.length < WAITING_MAX / 2) {
      this.#paused = false;
      this.#peer.resume();
    }
    this.#speak();
  }

  #later(delay: number, run: () => void): void {
    if (delay === 0) {
      run();
      return;
    }
    this.#timer = this.#line.stage.clock.after(delay, () => {
      if (!this.#closed) run();
    });
  }
}
