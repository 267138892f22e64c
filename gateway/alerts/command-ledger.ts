import { type Clock, MINUTE, type Micros } from "../../model/time.ts";
import type { CommandRecord } from "../journal/command-record.ts";

/** Refused commands that are written down in a minute; more than people can send, and little for the disk. */
const REFUSALS_A_MINUTE = 60;

/** A record that has no time yet: the intake stamps it. */
export type UnstampedRecord = Omit<CommandRecord, "at">;

/**
 * Decides which commands are written down: all that were carried out, and of those refused as many as the disk should bear. A
 * client gone wild cannot fill the alarm log; what was left out is counted in the next record.
 */
export class CommandLedger {
  readonly #clock: Clock;
  #since: Micros = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #unrecorded = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is to be written down of a command; undefined: it is only counted. */
  record(record: Omit<UnstampedRecord, "unrecorded">): UnstampedRecord | undefined {
    const now = this.#clock.now();
    if (now - this.#since >= MINUTE) {
      this.#since = now;
      this.#refusals = 0;
    }
    if (!record.accepted && ++this.#refusals > REFUSALS_A_MINUTE) {
      this.#unrecorded++;
      return undefined;
    }
    const unrecorded = this.#unrecorded;
    this.#unrecorded = 0;
    return unrecorded === 0 ? record : { ...record, unrecorded };
  }
}
