import type { Socket } from "node:net";
import type { Micros } from "../../model/time.ts";
import type { Frame, Spoiled } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";

/** Bytes that are no frame, between two frames: registration packets and heartbeats of modems are shorter. */
const NOISE_MAX = 8_192;
/** Spoiled frames in a row: a bad line gets one through now and then. */
const SPOILED_MAX = 64;

/** Why a connection is ended by us. */
export type Cut = "noise" | "spoiled" | "silence" | "no first frame" | "not reading";

export interface SessionHandler {
  frame(session: Session, frame: Frame, raw: Uint8Array): void;
  spoiled(session: Session, why: Spoiled, raw: Uint8Array): void;
  cut(session: Session, why: Cut): void;
  closed(session: Session): void;
  /** Whether more may be taken now. */
  congested(): boolean;
}

export interface SessionLimits {
  readonly held: number;
  readonly outgoing: number;
  readonly frameTimeout: Micros;
  readonly firstFrame: Micros;
  readonly silence: Micros;
}

/** One connection that stations speak over: often one station, behind a relay several. */
export class Session {
  readonly peer: string;
  readonly #socket: Socket;
  readonly #limits: SessionLimits;
  readonly #handler: SessionHandler;
  readonly #reader: FrameReader;
  readonly #now: () => Micros;
  #skippedBefore = 0;
  #spoiledInRow = 0;
  #frames = 0;
  /** Confirmations that wait for the disk. */
  #held = 0;
  #open = true;
  #corked = false;
  readonly #began: Micros;
  /** Last frame. */
  #heard: Micros;
  /** Since when a frame is unfinished. */
  #unfinished: Micros | undefined;

  constructor(
    socket: Socket,
    options: { limits: SessionLimits; handler: SessionHandler; now: () => Micros },
  ) {
    this.#socket = socket;
    this.#limits = options.limits;
    this.#handler = options.handler;
    this.#now = options.now;
    this.#began = options.now();
    this.#heard = this.#began;
    this.peer = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
    this.#reader = new FrameReader({
      frame: (frame, raw) => {
        this.#spoiledInRow = 0;
        this.#frames++;
        this.#heard = this.#now();
        this.#skippedBefore = this.#reader.skipped;
        options.handler.frame(this, frame, raw);
      },
      spoiled: (why, raw) => {
        this.#spoiledInRow++;
        options.handler.spoiled(this, why, raw);
      },
    });
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("error", () => socket.destroy());
    // A station that has said all closes its half; ours follows once its confirmations are out.
    socket.on("end", () => this.#endWhenDone());
    socket.once("close", () => {
      this.#open = false;
      options.handler.closed(this);
    });
  }

  get open(): boolean {
    return this.#open;
  }

  /** Whether a frame has come. */
  get introduced(): boolean {
    return this.#frames > 0;
  }

  /** A confirmation waits for the disk; with too many the connection is read no further. */
  hold(): void {
    this.#held++;
    if (this.#held >= this.#limits.held) this.#socket.pause();
  }

  /** One confirmation less waits. */
  release(): void {
    this.#held--;
    this.resume();
    if (this.#socket.readableEnded) this.#endWhenDone();
  }

  /** Reads on, unless something else speaks against it. */
  resume(): void {
    if (this.#open && this.#held < this.#limits.held && !this.#handler.congested()) this.#socket.resume();
  }

  /** Sends a frame; what is sent in one turn leaves together. */
  send(raw: Uint8Array): void {
    const socket = this.#socket;
    if (!this.#open || socket.destroyed || socket.writableEnded) return;
    if (socket.writableLength + raw.length > this.#limits.outgoing) {
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
    socket.write(raw);
  }

  /** Looks after the time that a frame, the first one, and silence may take. */
  watch(now: Micros): void {
    if (!this.#open) return;
    if (this.#socket.isPaused()) {
      // It is we who do not read: the station is not to blame for what has not come.
      if (this.#unfinished !== undefined) this.#unfinished = now;
      return;
    }
    if (this.#unfinished !== undefined && now - this.#unfinished >= this.#limits.frameTimeout) {
      this.#unfinished = now;
      this.#reader.abandon();
      this.#judge();
    }
    if (this.#frames === 0 && now - this.#began >= this.#limits.firstFrame) this.cut("no first frame");
    else if (now - this.#heard >= this.#limits.silence) this.cut("silence");
  }

  cut(why: Cut): void {
    if (!this.#open) return;
    this.#handler.cut(this, why);
    this.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #data(chunk: Buffer): void {
    if (!this.#open || this.#socket.destroyed) return;
    this.#reader.push(chunk);
    this.#judge();
    if (this.#handler.congested()) this.#socket.pause();
  }

  #judge(): void {
    if (this.#reader.pending === 0) this.#unfinished = undefined;
    else this.#unfinished ??= this.#now();
    if (this.#reader.skipped - this.#skippedBefore > NOISE_MAX) this.cut("noise");
    else if (this.#spoiledInRow >= SPOILED_MAX) this.cut("spoiled");
  }

  #endWhenDone(): void {
    if (this.#held <= 0) this.#socket.end();
  }
}
