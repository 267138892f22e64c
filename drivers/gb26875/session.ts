import { type Clock, type Micros, SECOND } from "../../model/time.ts";
import type { Ticket } from "../driver.ts";
import type { Counts } from "./counts.ts";
import { COMMAND, type Frame } from "./frame.ts";
import { type FrameFault, type FrameListener, FrameReader } from "./frame-reader.ts";
import { type Confirmed, HeldConfirmations } from "./held-confirmations.ts";
import type { Gb26875Options } from "./options.ts";
import type { Wire } from "./wire.ts";

/** A peer that sends nonsense gets at most so many denials a second. */
const DENIALS_A_SECOND = 10;

/** What becomes of a frame. */
export type Verdict =
  /** It is confirmed once this ticket is on disk. */
  | { readonly kind: "confirm"; readonly ticket: Ticket }
  | { readonly kind: "deny" }
  | { readonly kind: "silence" };

/** Who decides about frames, and knows what is on disk. */
export interface Judge {
  readonly counts: Counts;
  readonly durable: Ticket;
  /** Whether a source address is one of our devices'. */
  knows(source: number): boolean;
  frame(frame: Frame, session: Session): Verdict;
  /** The session holds confirmations back: release it when `durable` grows. */
  holding(session: Session): void;
  ended(session: Session): void;
  /** The bytes of an answer to a frame. */
  answer(frame: Confirmed, command: typeof COMMAND.confirm | typeof COMMAND.deny): Buffer;
}

export interface SessionOptions {
  readonly wire: Wire;
  readonly centre: Judge;
  readonly clock: Clock;
  readonly limits: Gb26875Options["limits"];
  /** A whole frame came; bytes that began like one and are none; bytes between frames. */
  readonly onFrame?: () => void;
  readonly onFault?: (fault: FrameFault) => void;
  readonly onSkipped?: (bytes: number) => void;
}

/** One peer: finds its frames, answers them once they are on disk, and forgets none that waits. */
export class Session implements FrameListener {
  readonly wire: Wire;
  readonly #o: SessionOptions;
  readonly #reader = new FrameReader(this);
  readonly #held: HeldConfirmations;
  #known = false;
  #second: Micros = 0;
  #denials = 0;
  /** When it was heard last: a whole frame. */
  heardAt: Micros;

  constructor(options: SessionOptions) {
    this.#o = options;
    this.wire = options.wire;
    this.#held = new HeldConfirmations(options.limits.held);
    this.heardAt = options.clock.now();
  }

  /** Whether a device that we know has spoken through it. */
  get known(): boolean {
    return this.#known;
  }

  /** A device that we know has spoken through it. */
  meet(): void {
    if (this.#known) return;
    this.#known = true;
    this.wire.known();
  }

  /** Confirmations that wait. */
  get held(): number {
    return this.#held.size;
  }

  /** Bytes of a frame that is not whole yet. */
  get pending(): number {
    return this.#reader.pending;
  }

  /** Takes bytes of a stream. */
  feed(bytes: Buffer): void {
    this.#reader.feed(bytes);
  }

  /** The frame that has begun will not be finished. */
  giveUp(): void {
    this.#reader.giveUp();
  }

  /** Takes a datagram: what is not whole in it never will be. */
  datagram(bytes: Buffer): void {
    this.#reader.feed(bytes);
    this.#reader.end();
  }

  /** The peer is gone. */
  end(): void {
    this.#reader.end();
    this.#o.centre.ended(this);
  }

  /** Sends what has become durable. */
  release(durable: Ticket): void {
    this.#held.release(durable, (frame) => this.#confirm(frame));
    this.wire.released();
  }

  frame(frame: Frame): void {
    this.#o.onFrame?.();
    this.heardAt = this.#o.clock.now();
    this.#answer(frame, this.#o.centre.frame(frame, this));
  }

  fault(fault: FrameFault, frame: Frame | undefined): void {
    const { centre } = this.#o;
    centre.counts.fault(fault);
    this.#o.onFault?.(fault);
    // Nobody is told anything about frames whose sender cannot be known.
    if (frame === undefined || !centre.knows(frame.source) || !isAnswered(frame.command)) return;
    this.#deny(frame);
  }

  skipped(bytes: number): void {
    this.#o.centre.counts.skippedBytes.add(bytes);
    this.#o.onSkipped?.(bytes);
  }

  #answer(frame: Frame, verdict: Verdict): void {
    const { centre } = this.#o;
    if (verdict.kind === "deny") this.#deny(frame);
    if (verdict.kind !== "confirm") return;
    if (verdict.ticket <= centre.durable) this.#confirm(frame);
    else if (this.#held.hold(verdict.ticket, confirmed(frame))) centre.holding(this);
    else centre.counts.unconfirmed.add();
  }

  #confirm(frame: Confirmed): void {
    const { centre } = this.#o;
    centre.counts.confirmed.add();
    this.wire.send(centre.answer(frame, COMMAND.confirm));
  }

  #deny(frame: Frame): void {
    const { centre, clock } = this.#o;
    const now = clock.now();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#denials = 0;
    }
    if (++this.#denials > DENIALS_A_SECOND) return;
    centre.counts.denied.add();
    this.wire.send(centre.answer(frame, COMMAND.deny));
  }
}

/** Whether a frame of this command, arriving whole, would be answered. */
function isAnswered(command: number): boolean {
  return command !== COMMAND.confirm && command !== COMMAND.deny && command !== COMMAND.reply;
}

function confirmed({ serial, mainVersion, userVersion, source, destination }: Frame): Confirmed {
  return { serial, mainVersion, userVersion, source, destination };
}
