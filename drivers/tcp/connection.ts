import type { Socket } from "node:net";
import type { Micros } from "../../model/time.ts";
import { DIALECT_BYTES } from "./dialect.ts";
import { permittedEffort, SPOILED_EFFORT } from "./effort.ts";

/** Bytes that are no frame, between two frames: registration packets and heartbeats of modems are shorter. */
const NOISE_MOST = 8_192;
/** Spoiled frames in a row: a bad line gets one through now and then. */
const SPOILED_MOST = 64;
/**
 * Bytes that are looked through at a time. What is spoiled is looked through from its second byte again, up to a frame's length each
 * time: in a chunk made for that, 64 KiB cost half a second in which nobody else is served.
 */
const SLICE = 1_024;
const NOTHING = new Uint8Array(0);
/** Frames begun and not finished, one after the other, before a connection is given up. */
const UNFINISHED_MOST = 3;

/** Why we end a connection. */
export type Cut =
  | "noise"
  | "spoiled"
  | "too slow"
  | "silence"
  | "no hello"
  | "not reading"
  | "too many waiting"
  | "refused";

/** What a protocol makes of the bytes of one connection. */
export interface Dialogue {
  /** Takes the next bytes, in whatever pieces they come. Calls `heard`, `noise` and `spoiled` of its connection. */
  push(chunk: Buffer): void;
  /** Bytes of a frame that has begun and is not complete. */
  readonly pending: number;
  /** Answers that wait for the disk. */
  readonly held: number;
  /** The frame that has begun will not be completed: what stands behind its start is looked through. */
  abandon(): void;
  /** The connection is gone. */
  closed(): void;
}

/** Bounds of one connection. */
export interface ConnectionLimits {
  /** Answers that may wait for the disk before the peer is read no further; Infinity: it is read all the same. */
  readonly held: number;
  /** Bytes that may wait for a peer who does not read. */
  readonly outgoing: number;
  /** Time for the rest of a frame that has begun. */
  readonly partial: Micros;
  /** Time until it must have introduced itself. */
  readonly hello: Micros;
  /** Silence after which it is closed. */
  readonly idle: Micros;
  /** Whole frames a second; a faster peer is slowed down. */
  readonly rate: number;
}

/** What a connection asks of the server it belongs to. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  now(): Micros;
  /** Whether nothing more may be taken now. */
  congested(): boolean;
  /** It has introduced itself; false when there are too many of them. */
  introduced(connection: Connection): boolean;
  cut(connection: Connection, why: Cut): void;
  slowed(connection: Connection): void;
  closed(connection: Connection): void;
}

/**
 * One TCP connection with what bounds it, whatever is spoken over it: slow senders, floods, noise, silence, peers that do not
 * read. A peer that has said all closes its half; ours follows once its answers are out.
 */
export class Connection {
  /** `address:port` of the peer. */
  readonly peer: string;
  /** Address of the peer, without the port that it has anew every time. */
  readonly address: string;
  /** Its end would be noticed, unlike that of a sender of datagrams. */
  readonly connected = true;
  #began: Uint8Array = NOTHING;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  /** Since when it may be expected to introduce itself. */
  #awaited: Micros;
  #dialogue: Dialogue | undefined;
  #open = true;
  #introduced = false;
  #corked = false;
  #slowed = false;
  /** Last whole frame. */
  #heardAt: Micros;
  /** Whole frames since the last look of `watch`, and the work that they and what was spoiled have been. */
  #frames = 0;
  #effort = 0;
  /** Bytes of noise, spoiled and unfinished frames since the last whole one. */
  #noise = 0;
  #spoiled = 0;
  #unfinished = 0;
  /** Since when the frame that has begun is on its way. */
  #since: Micros | undefined;

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.address = socket.remoteAddress ?? "?";
    this.peer = `${this.address}:${socket.remotePort ?? 0}`;
    this.#awaited = host.now();
    this.#heardAt = this.#awaited;
  }

  /** Begins to read. */
  begin(dialogue: Dialogue): void {
    this.#dialogue = dialogue;
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("end", () => this.#endWhenDone());
    socket.once("close", () => {
      this.#open = false;
      dialogue.closed();
      this.#host.closed(this);
    });
  }

  get open(): boolean {
    return this.#open && !this.#socket.destroyed;
  }

  /** The first bytes that came. */
  get began(): Uint8Array {
    return this.#began;
  }

  get introduced(): boolean {
    return this.#introduced;
  }

  /** A whole frame came. */
  heard(): void {
    this.#heardAt = this.#host.now();
    this.#frames++;
    this.#effort++;
    this.#noise = 0;
    this.#spoiled = 0;
    this.#unfinished = 0;
    this.#since = undefined;
  }

  /** Bytes that belong to no frame. */
  noise(bytes: number): void {
    this.#noise += bytes;
  }

  /** Something began like a frame and is none. */
  spoiled(): void {
    this.#spoiled++;
    this.#effort += SPOILED_EFFORT;
  }

  /** It has shown who it is, and is no longer one that could be pushed out. False when it was closed for want of room. */
  introduce(): boolean {
    if (this.#introduced) return true;
    if (!this.#host.introduced(this)) {
      this.destroy();
      return false;
    }
    this.#introduced = true;
    return true;
  }

  /** Sends bytes; what is sent in one turn leaves together. */
  send(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (!this.open || socket.writableEnded) return;
    if (socket.writableLength + bytes.length > this.#host.limits.outgoing) {
      this.cut("not reading");
      return;
    }
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  /** Reads on unless something speaks against it; to be called when fewer answers wait than did. */
  resume(): void {
    if (!this.open) return;
    if (this.#socket.readableEnded) this.#endWhenDone();
    else if (this.#mayRead()) this.#socket.resume();
  }

  /** Looks after the time that a frame, an introduction and silence may take. */
  watch(now: Micros): void {
    if (!this.open) return;
    const { limits } = this.#host;
    this.#frames = 0;
    this.#effort = 0;
    if (this.#slowed) {
      this.#slowed = false;
      this.resume();
    }
    if (this.#socket.isPaused()) {
      // It is we who do not read: the peer is not to blame for what has not come, nor for its silence.
      if (this.#since !== undefined) this.#since = now;
      this.#heardAt = now;
      this.#awaited = now;
      return;
    }
    if (this.#since !== undefined && now - this.#since >= limits.partial) this.#giveUp(now);
    if (!this.#introduced && now - this.#awaited >= limits.hello) this.cut("no hello");
    else if (now - this.#heardAt >= limits.idle) this.cut("silence");
  }

  /** Ends it, and says why. */
  cut(why: Cut): void {
    if (!this.open) return;
    this.#host.cut(this, why);
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    if (this.#began.length === 0) this.#began = Uint8Array.prototype.slice.call(chunk, 0, DIALECT_BYTES);
    for (let at = 0; at < chunk.length && this.open; at += SLICE) {
      this.#dialogue?.push(chunk.subarray(at, at + SLICE));
      this.#judge();
      if (!this.open) return;
      if (!this.#slowed && this.#effort > permittedEffort(this.#host.limits.rate, this.#introduced)) {
        this.#slowed = true;
        this.#host.slowed(this);
      }
      if (this.#mayRead()) continue;
      this.#socket.pause();
      if (at + SLICE < chunk.length) this.#socket.unshift(chunk.subarray(at + SLICE));
      return;
    }
  }

  #mayRead(): boolean {
    const held = this.#dialogue?.held ?? 0;
    return !this.#slowed && held < this.#host.limits.held && !this.#host.congested();
  }

  #giveUp(now: Micros): void {
    this.#since = now;
    const frames = this.#frames;
    this.#dialogue?.abandon();
    if (this.#frames === frames && ++this.#unfinished >= UNFINISHED_MOST) this.cut("too slow");
    else this.#judge();
  }

  #judge(): void {
    if ((this.#dialogue?.pending ?? 0) === 0) this.#since = undefined;
    else this.#since ??= this.#host.now();
    if (this.#noise > NOISE_MOST) this.cut("noise");
    else if (this.#spoiled >= SPOILED_MOST) this.cut("spoiled");
  }

  #endWhenDone(): void {
    if ((this.#dialogue?.held ?? 0) <= 0) this.#socket.end();
  }
}
