import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Clock, Micros, Timer } from "../../model/time.ts";
import { REFUSED, type Ticket } from "../driver.ts";
import { AcknowledgementSplitter, FrameCheck, type FrameFault, PACKET } from "./framing.ts";
import { HELD_MAX, HeldAcknowledgements } from "./held-acknowledgements.ts";

/** Why a gate closed its connection. */
export type GateFault =
  | FrameFault
  /** More unacknowledged publications than the protocol can number. */
  | "too many unacknowledged"
  /** The peer does not read what we send: too much waits for it, or for too long. */
  | "reads too slowly"
  /** The intake did not keep what it published: it must send it again. */
  | "not kept";

/** Who looks after the gates of one link. */
export interface GateKeeping {
  /** Everything up to this ticket is on disk. */
  readonly durable: Ticket;
  /** The intake wants peers slowed down. */
  readonly congested: boolean;
  add(gate: Gate): void;
  remove(gate: Gate): void;
  /** The gate holds something: tell it when `durable` grows. */
  holding(gate: Gate): void;
  /** The gate has begun to slow its peer down: let it trickle. */
  slowing(): void;
  /** The gate's peer published something that was not kept: end it in due time. */
  refused(gate: Gate): void;
}

export interface GateOptions {
  readonly socket: Socket;
  readonly keeper: GateKeeping;
  readonly clock: Clock;
  /** Largest incoming packet, in bytes. */
  readonly packetBytes: number;
  /** The only first byte accepted from the peer. */
  readonly mustBegin?: number;
  /** Acknowledgements held before the peer is slowed down. */
  readonly held: number;
  /** Outgoing bytes that may wait for the peer. */
  readonly outgoingBytes: number;
  /** Longest time outgoing bytes may wait without any leaving. */
  readonly stalled: Micros;
  /** Told once, before the connection goes. */
  readonly onFault: (fault: GateFault) => void;
  /** The library wrote PUBCOMP: this packet identifier of a QoS 2 publication is free again. */
  readonly onComplete?: (packetId: number) => void;
}

/** Reading is paused while any of these holds. */
const FULL = 1;
const HELD = 2;
const CONGESTED = 4;

/**
 * Stands between an MQTT library and the socket, and looks like a socket to the library.
 *
 * The library acknowledges as soon as it likes; the gate lets PUBACK and PUBREC out only when their readings are durable, in
 * order. Everything else passes at once, so that the library never waits for the disk: the next packet of the same peer, its
 * PINGREQ included, is read and answered meanwhile.
 *
 * It never makes the library wait for a slow peer either (aedes would stop forwarding to everybody): `write` is always true,
 * and a peer that does not read is cut off.
 */
export class Gate extends Duplex {
  readonly #o: GateOptions;
  readonly #check: FrameCheck;
  readonly #held = new HeldAcknowledgements();
  readonly #splitter: AcknowledgementSplitter;
  #paused = 0;
  #corked = false;
  #faulted = false;
  #ended = false;
  #stallTimer: Timer | undefined;

  constructor(options: GateOptions) {
    super({ allowHalfOpen: false });
    this.#o = options;
    this.#check = new FrameCheck(options.packetBytes, options.mustBegin);
    this.#splitter = new AcknowledgementSplitter({
      pass: (bytes) => this.#send(bytes),
      acknowledgement: (type, packetId, packet) => this.#acknowledgement(type, packetId, packet),
    });
    const { socket, keeper } = options;
    keeper.add(this);
    socket.on("data", (bytes: Buffer) => this.#incoming(bytes));
    socket.on("end", () => {
      this.#ended = true;
      this.push(null);
    });
    socket.on("drain", () => this.#drained());
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => {
      // What the peer sent before it left is still to be read: a device may say all it has and hang up.
      if (!this.#ended) this.destroy();
    });
    if (keeper.congested) this.slow(true);
  }

  /** The socket behind it. */
  get socket(): Socket {
    return this.#o.socket;
  }

  /** Acknowledgements that wait. */
  get held(): number {
    return this.#held.size;
  }

  /** Whether reading from the peer is paused because of what waits for the disk. */
  get slowed(): boolean {
    return (this.#paused & (HELD | CONGESTED)) !== 0;
  }

  /** A QoS 1 or 2 publication came in; its acknowledgement may leave once `ticket` is durable. */
  expect(qos: 1 | 2, packetId: number, ticket: Ticket): void {
    this.#held.expect(qos === 1 ? PACKET.puback : PACKET.pubrec, packetId, ticket);
    this.#bound();
  }

  /**
   * The same for a publication that is still being decoded elsewhere: its acknowledgement, and those behind it, wait for the
   * returned function to be called with its ticket, or with REFUSED.
   */
  defer(qos: 1 | 2, packetId: number): (ticket: Ticket) => void {
    const place = this.#held.defer(qos === 1 ? PACKET.puback : PACKET.pubrec, packetId);
    this.#bound();
    return (ticket) => {
      if (this.destroyed) return;
      if (ticket === REFUSED) {
        this.#o.keeper.refused(this);
        return;
      }
      this.#held.settle(place, ticket);
      this.release();
    };
  }

  /** The intake did not keep it: neither it nor anything later is acknowledged, and the connection ends in due time. */
  refuse(qos: 1 | 2, packetId: number): void {
    this.#held.refuse(qos === 1 ? PACKET.puback : PACKET.pubrec, packetId);
    this.#o.keeper.refused(this);
    this.#bound();
  }

  /** Lets out what has become durable. */
  release(): void {
    // Never in the middle of another packet.
    if (this.#splitter.within || this.destroyed) return;
    const out = this.#held.release(this.#o.keeper.durable);
    if (out === undefined) return;
    this.#send(out);
    if ((this.#paused & HELD) !== 0 && this.#held.size <= this.#o.held / 2) this.#pause(HELD, false);
  }

  /** Slows the peer down, or no longer. */
  slow(on: boolean): void {
    this.#pause(CONGESTED, on);
  }

  /** Reads once more although the peer is slowed down: an alarm may be in it. */
  trickle(): void {
    if (this.slowed && (this.#paused & FULL) === 0) this.#o.socket.resume();
  }

  /** Ends the connection for a reason of ours. */
  fault(fault: GateFault): void {
    if (this.#faulted || this.destroyed) return;
    this.#faulted = true;
    this.#o.onFault(fault);
    this.destroy();
  }

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    const bytes =
      typeof chunk === "string" ? Buffer.from(chunk, encodingOf(encoding)) : (chunk as Uint8Array);
    if (!this.destroyed) this.#splitter.feed(bytes);
    const written = typeof encoding === "function" ? encoding : callback;
    if (typeof written === "function") process.nextTick(written as () => void);
    return true;
  }

  /** Writing is never buffered here, so there is nothing to hold together. */
  override cork(): void {}
  override uncork(): void {}

  /** Reached by `end(chunk)` only; all other writing is done in `write`. */
  override _write(chunk: unknown, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.write(chunk, encoding);
    callback();
  }

  override _read(): void {
    this.#pause(FULL, false);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#uncork();
    this.#o.socket.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stallTimer?.cancel();
    this.#o.keeper.remove(this);
    this.#uncork();
    this.#o.socket.destroy();
    callback(error);
  }

  #incoming(bytes: Buffer): void {
    if (this.destroyed) return;
    const fault = this.#check.feed(bytes);
    if (fault !== undefined) {
      this.fault(fault);
      return;
    }
    if (!this.push(bytes)) this.#pause(FULL, true);
    // After a trickle.
    if (this.#paused !== 0) this.#o.socket.pause();
  }

  #acknowledgement(type: number, packetId: number, packet: Uint8Array): void {
    if (type === PACKET.pubcomp) {
      this.#send(Buffer.from(packet));
      this.#o.onComplete?.(packetId);
      return;
    }
    this.#held.wrote(type, packetId, packet);
    this.release();
    if (this.#held.size > 0) this.#o.keeper.holding(this);
  }

  #bound(): void {
    const { size } = this.#held;
    if (size > HELD_MAX) this.fault("too many unacknowledged");
    else if (size > this.#o.held) this.#pause(HELD, true);
  }

  #send(bytes: Uint8Array): void {
    const { socket, outgoingBytes } = this.#o;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => this.#uncork());
    }
    if (socket.write(bytes)) return;
    if (socket.writableLength > outgoingBytes) this.fault("reads too slowly");
    else if (this.#stallTimer === undefined) this.#watchStall(this.#left());
  }

  /** Bytes that have left for the peer so far. */
  #left(): number {
    return this.#o.socket.bytesWritten - this.#o.socket.writableLength;
  }

  #watchStall(left: number): void {
    this.#stallTimer = this.#o.clock.after(this.#o.stalled, () => {
      const now = this.#left();
      if (now === left) this.fault("reads too slowly");
      else this.#watchStall(now);
    });
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#o.socket.uncork();
  }

  #drained(): void {
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
  }

  #pause(why: number, on: boolean): void {
    const before = this.#paused;
    this.#paused = on ? before | why : before & ~why;
    if (this.#paused !== 0 && before === 0) this.#o.socket.pause();
    if (this.#paused === 0 && before !== 0) this.#o.socket.resume();
    const slowed = before & (HELD | CONGESTED);
    if (this.slowed && slowed === 0) this.#o.keeper.slowing();
  }
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === "string" && Buffer.isEncoding(encoding) ? encoding : "utf8";
}
