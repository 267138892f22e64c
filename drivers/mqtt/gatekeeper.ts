import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { Intake, Ticket } from "../driver.ts";
import type { Gate, GateKeeping } from "./gate.ts";

/** While peers are slowed down, each is still read once in this time: evaluation and alerts go on when the disk does not. */
const TRICKLE_PERIOD: Micros = 100 * MILLISECOND;
/**
 * A peer whose publication was not kept goes on being heard, unacknowledged, this long; then its connection ends, so that it
 * sends again. It ends sooner when the intake has room again.
 */
const REFUSED_PATIENCE: Micros = 10 * SECOND;

/** Looks after the gates of one link: tells them what is durable, and slows the peers down when the intake asks for it. */
export class Gatekeeper implements GateKeeping {
  readonly #clock: Clock;
  readonly #gates = new Set<Gate>();
  /** Gates that may hold something. */
  readonly #holding = new Set<Gate>();
  readonly #refused = new Map<Gate, Timer>();
  #intake: Intake | undefined;
  #off: (() => void)[] = [];
  #trickle: Timer | undefined;
  #slowed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get durable(): Ticket {
    return this.#intake?.durable ?? 0;
  }

  get congested(): boolean {
    return this.#intake?.congested ?? false;
  }

  /** Acknowledgements held over all gates. */
  get held(): number {
    let held = 0;
    for (const gate of this.#holding) held += gate.held;
    return held;
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.#off = [intake.onDurable(() => this.#release()), intake.onRelieved(() => this.#relieved())];
  }

  stop(): void {
    for (const off of this.#off.splice(0)) off();
    this.#trickle?.cancel();
    this.#trickle = undefined;
    for (const timer of this.#refused.values()) timer.cancel();
    this.#refused.clear();
    for (const gate of [...this.#gates]) gate.destroy();
  }

  add(gate: Gate): void {
    this.#gates.add(gate);
  }

  remove(gate: Gate): void {
    this.#gates.delete(gate);
    this.#holding.delete(gate);
    this.#refused.get(gate)?.cancel();
    this.#refused.delete(gate);
  }

  holding(gate: Gate): void {
    this.#holding.add(gate);
  }

  /** The intake said that it is congested: everybody who publishes with acknowledgement is slowed down. */
  congest(): void {
    if (this.#slowed) return;
    this.#slowed = true;
    for (const gate of this.#gates) gate.slow(true);
  }

  /** A gate began to slow its peer down. */
  slowing(): void {
    this.#armTrickle();
  }

  refused(gate: Gate): void {
    if (this.#refused.has(gate)) return;
    this.#refused.set(
      gate,
      this.#clock.after(REFUSED_PATIENCE, () => gate.fault("not kept")),
    );
  }

  #release(): void {
    for (const gate of this.#holding) {
      gate.release();
      if (gate.held === 0) this.#holding.delete(gate);
    }
  }

  #relieved(): void {
    this.#slowed = false;
    for (const gate of this.#gates) gate.slow(false);
    for (const gate of [...this.#refused.keys()]) gate.fault("not kept");
  }

  #armTrickle(): void {
    this.#trickle ??= this.#clock.after(TRICKLE_PERIOD, () => {
      this.#trickle = undefined;
      let slowed = false;
      for (const gate of this.#gates) {
        if (!gate.slowed) continue;
        slowed = true;
        gate.trickle();
      }
      if (slowed) this.#armTrickle();
    });
  }
}
