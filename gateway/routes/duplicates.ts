import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";

/** Alarms remembered; the oldest are forgotten, and are then news again. */
const MOST = 4_096;

/** Remembers which steps of which alarms people have just been told of. In memory: after a restart something may be told again. */
export class Duplicates {
  readonly #quiet: Micros;
  readonly #told = new Map<string, Micros>();

  /** `quiet`: how long the same step of the same alarm is a repetition, µs; 0: never. */
  constructor(quiet: Micros) {
    this.#quiet = quiet;
  }

  has(event: AlarmEvent, now: Micros): boolean {
    const told = this.#told.get(keyOf(event));
    return told !== undefined && now - told < this.#quiet;
  }

  told(event: AlarmEvent, now: Micros): void {
    if (this.#quiet === 0) return;
    const key = keyOf(event);
    this.#told.delete(key);
    this.#told.set(key, now);
    if (this.#told.size > MOST) this.#told.delete(this.#told.keys().next().value!);
  }
}

function keyOf({ rule, subject, transition, severity }: AlarmEvent): string {
  return `${rule} ${subject} ${transition} ${severity}`;
}
