import { MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { type PlanLimits, type PlannedRequest, plan, type Span } from "./planner.ts";
import { isBitTable } from "./registers.ts";

/**
 * First pause before an illegal register is tried again, doubled each time: a device that boots, or errs once, must not cost
 * a detector its channel for long.
 */
const FIRST_RETRY: Micros = 2 * SECOND;
/** Longest pause: a register that does not exist costs a request each ten minutes. */
const LONGEST_RETRY: Micros = 10 * MINUTE;

/** A span of registers that the device refused, with the positions of the values in it. */
export interface Exclusion extends Span {
  readonly values: readonly number[];
  /** When it is tried again. */
  retryAt: Micros;
  attempts: number;
}

/** Values that together are refused, while it is not known yet which of them are at fault. */
interface Suspect {
  readonly values: readonly number[];
  readonly parent: Suspect | undefined;
  /** Halves that were answered. */
  answered: number;
}

/** A half of a suspect block, ready to be asked for. */
export interface Trial {
  readonly request: PlannedRequest;
  readonly suspect: Suspect;
}

/**
 * What a device has refused to read, and the plan that follows from it. After exception 2 or 3 a block is bisected:
 * `suspect` begins it, `next` gives the next part to ask for, `answered` and `refused` say what came of it. A value refused
 * alone is excluded; a block whose halves are both answered keeps a barrier between them (the illegal register lies in
 * the gap, or the block is too long for the device).
 */
export class Exclusions {
  readonly #values: readonly Span[];
  readonly #limits: PlanLimits;
  readonly #excluded: Exclusion[] = [];
  #barriers: { table: Span["table"]; address: number }[] = [];
  /** Parts to be asked for, the next one last. */
  #trials: Trial[] = [];
  #plan: PlannedRequest[] | undefined;

  constructor(values: readonly Span[], limits: PlanLimits) {
    this.#values = values;
    this.#limits = limits;
    // What cannot be planned at all is an error of the profile, found before anything runs.
    this.#plan = plan(values, limits);
  }

  /** The requests for everything that is neither excluded nor under suspicion. */
  get plan(): readonly PlannedRequest[] {
    this.#plan ??= this.#replan();
    return this.#plan;
  }

  get excluded(): readonly Exclusion[] {
    return this.#excluded;
  }

  /** Positions of the values that a bisection is still looking at. */
  *suspects(): Iterable<number> {
    for (const { request } of this.#trials) yield* request.values;
  }

  /** A block was refused. Returns the exclusion when there is nothing to divide. */
  suspect(request: PlannedRequest, now: Micros): Exclusion | undefined {
    this.#plan = undefined;
    return this.#divide({ values: request.values, parent: undefined, answered: 0 }, now);
  }

  /** The next part to ask for, while a bisection is under way. */
  next(): Trial | undefined {
    return this.#trials.at(-1);
  }

  answered(trial: Trial): void {
    this.#settle(trial);
    const { parent } = trial.suspect;
    if (parent === undefined) return;
    parent.answered++;
    if (parent.answered < 2) return;
    // Both halves are good and the whole is not: the cause lies between them.
    const second = this.#sorted(parent.values)[this.#middle(parent.values)]!;
    this.#barriers.push({ table: this.#values[second]!.table, address: this.#values[second]!.address });
  }

  /** Returns the exclusion when the part cannot be divided further. */
  refused(trial: Trial, now: Micros): Exclusion | undefined {
    this.#settle(trial);
    return this.#divide(trial.suspect, now);
  }

  /** Neither answered nor refused (a time-out, a lost link): the bisection goes on with the next poll. */
  postpone(trial: Trial): void {
    this.#trials = [trial, ...this.#trials.filter((other) => other !== trial)];
  }

  /** An excluded span that is due to be tried again. */
  due(now: Micros): Exclusion | undefined {
    return this.#excluded.find((exclusion) => exclusion.retryAt <= now);
  }

  /** It was refused again. */
  refusedAgain(exclusion: Exclusion, now: Micros): void {
    exclusion.attempts++;
    exclusion.retryAt = now + Math.min(FIRST_RETRY * 2 ** Math.min(exclusion.attempts, 20), LONGEST_RETRY);
  }

  /** It was answered: back into the plan. */
  readmit(exclusion: Exclusion): void {
    this.#excluded.splice(this.#excluded.indexOf(exclusion), 1);
    this.#plan = undefined;
  }

  /** The device may be another one now: what it refused is tried again, and blocks are joined again. */
  reconsider(now: Micros): void {
    for (const exclusion of this.#excluded) {
      exclusion.retryAt = now;
      exclusion.attempts = 0;
    }
    this.#barriers = [];
    this.#plan = undefined;
  }

  #settle(trial: Trial): void {
    this.#trials = this.#trials.filter((other) => other !== trial);
    if (this.#trials.length === 0) this.#plan = undefined;
  }

  #divide(suspect: Suspect, now: Micros): Exclusion | undefined {
    const sorted = this.#sorted(suspect.values);
    const middle = this.#middle(sorted);
    if (middle === 0) return this.#exclude(sorted, now);
    for (const half of [sorted.slice(middle), sorted.slice(0, middle)]) {
      this.#trials.push({
        request: this.#request(half),
        suspect: { values: half, parent: suspect, answered: 0 },
      });
    }
    return undefined;
  }

  #exclude(values: readonly number[], now: Micros): Exclusion {
    const { table, address, count } = this.#request(values);
    const exclusion = { table, address, count, values, retryAt: now + FIRST_RETRY, attempts: 0 };
    this.#excluded.push(exclusion);
    this.#plan = undefined;
    return exclusion;
  }

  #sorted(values: readonly number[]): number[] {
    return [...values].sort((a, b) => {
      const [x, y] = [this.#values[a]!, this.#values[b]!];
      return x.address - y.address || x.count - y.count || a - b;
    });
  }

  /** Where sorted values are divided: near the middle, never between values of the same registers; 0 when nowhere. */
  #middle(values: readonly number[]): number {
    const sorted = this.#sorted(values);
    const differs = (at: number) => {
      const [before, after] = [this.#values[sorted[at - 1]!]!, this.#values[sorted[at]!]!];
      return before.address !== after.address || before.count !== after.count;
    };
    const half = Math.ceil(sorted.length / 2);
    for (let distance = 0; distance < sorted.length; distance++) {
      for (const at of [half - distance, half + distance]) {
        if (at > 0 && at < sorted.length && differs(at)) return at;
      }
    }
    return 0;
  }

  #request(values: readonly number[]): PlannedRequest {
    const first = this.#values[values[0]!]!;
    const { bitsFromZero } = this.#limits;
    const address = bitsFromZero && isBitTable(first.table) ? 0 : first.address;
    const end = Math.max(...values.map((index) => this.#values[index]!.address + this.#values[index]!.count));
    return { table: first.table, address, count: end - address, values };
  }

  #replan(): PlannedRequest[] {
    const left = new Set(this.suspects());
    for (const { values } of this.#excluded) for (const index of values) left.add(index);
    const readable = this.#values.map((_, index) => index).filter((index) => !left.has(index));
    const spans = readable.map((index) => this.#values[index]!);
    // A plan in positions of the readable values, turned back into positions of all.
    return plan(spans, {
      ...this.#limits,
      forbidden: [...this.#limits.forbidden, ...this.#refusedRegisters(spans)],
      barriers: this.#barriers,
    }).map((request) => ({ ...request, values: request.values.map((position) => readable[position]!) }));
  }

  /** Registers of excluded values, without those that another value reads on its own: they are not the illegal ones. */
  #refusedRegisters(readable: readonly Span[]): PlanLimits["forbidden"] {
    const refused: { table: Span["table"]; from: number; to: number }[] = [];
    for (const { table, address, count } of this.#excluded) {
      // A request that begins at 0 reads over whatever lies before its bits.
      if (this.#limits.bitsFromZero && isBitTable(table)) continue;
      for (let at = address; at < address + count; at++) {
        const own = readable.some((s) => s.table === table && s.address <= at && at < s.address + s.count);
        if (!own) refused.push({ table, from: at, to: at });
      }
    }
    return refused;
  }
}
