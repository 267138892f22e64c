import { BAD, GOOD } from "../model/quality.ts";
import { rank, type Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import {
  clearing,
  type Level,
  raising,
  unknown,
  type Verdict,
  verdictQuality,
} from "./conditions/condition.ts";
import { NEVER } from "./timer-queue.ts";

/** No level is active. */
export const NONE = -1;

/** What a step did, as bits. */
export const NOTHING = 0;
/** `active` is another level than before. */
export const REGRADED = 1;
/** A deadline was set, moved or cancelled. */
export const RETIMED = 2;

/** A time for some of the levels, by severity, because a changed rule may number its levels otherwise. */
type ByLevel = { readonly [Grade in Severity]?: Micros };

/** What outlives a restart; JSON-safe. Only what differs from rest is there. */
export interface GradingState {
  readonly active?: Severity;
  /** Deadlines of running on-delays. */
  readonly on?: ByLevel;
  /** What is left of held on-delays. */
  readonly held?: ByLevel;
  /** Deadlines of running off-delays. */
  readonly off?: ByLevel;
  /** What the last good reading cleared, where levels end one after the other by time alone. */
  readonly cleared?: readonly Severity[];
}

/** How the levels of one subject end. */
export interface GradingOptions {
  /** The subject keeps its state until it says otherwise: an off-delay then ends by itself (semantics.md 7). */
  readonly keepsState: boolean;
  /** One level at a time, each after its own off-delay from there: every step down is an event of its own. */
  readonly stepwise: boolean;
}

/**
 * Which of a rule's levels is active on one subject: deadband, on-delay and off-delay, quality (semantics.md 1 to 8). Pure: it
 * is told verdicts and instants and knows no clock, no alarm and no event.
 *
 * An active level makes all lower ones active, so the highest says all. Levels are bits in small integers; a level's on-delay
 * runs, is held, or is at rest.
 */
export class Grading {
  readonly #levels: readonly Level[];
  readonly #keepsState: boolean;
  readonly #stepwise: boolean;
  /** Times by level. Both grow with their first use: most subjects never leave rest. */
  readonly #on: Micros[] = [];
  readonly #off: Micros[] = [];
  #running = 0;
  #held = 0;
  #clearing = 0;
  /** Levels that the last good verdict cleared. */
  #cleared = 0;
  /** Highest active level, NONE when the condition is normal. */
  active = NONE;

  constructor(levels: readonly Level[], options: GradingOptions) {
    this.#levels = levels;
    this.#keepsState = options.keepsState;
    this.#stepwise = options.stepwise;
  }

  /** Takes a verdict at `now`. All timers up to `now` must have fired. Returns bits: REGRADED, RETIMED. */
  step(verdict: Verdict, now: Micros): number {
    const quality = verdictQuality(verdict);
    if (quality === BAD) return this.hold(now);
    let raise = raising(verdict);
    if (raise === 0 && this.active === NONE && (this.#running | this.#held) === 0) return NOTHING;
    // A level that raises makes all lower ones raise.
    raise |= raise >> 1;
    raise |= raise >> 2;
    const before = this.active;
    // A level of which nothing is known is judged as if the reading were uncertain.
    const sure = quality === GOOD ? ~unknown(verdict) : 0;
    const changed = this.#rise(raise, { sure, now });
    if (this.active !== before) return REGRADED | RETIMED;
    if (before === NONE) return changed;
    return changed | this.#fall(raise, { clear: clearing(verdict) & sure & ~raise, now });
  }

  #rise(raise: number, { sure, now }: { sure: number; now: Micros }): number {
    const { active } = this;
    let top = active;
    let changed = NOTHING;
    for (let i = active + 1; i < this.#levels.length; i++) {
      const bit = 1 << i;
      if ((raise & bit) !== 0) {
        if ((this.#running & bit) !== 0) continue;
        const delay = (this.#held & bit) !== 0 ? this.#on[i]! : this.#levels[i]!.onDelay;
        if (delay <= 0) {
          top = i;
          continue;
        }
        this.#held &= ~bit;
        this.#running |= bit;
        this.#on[i] = now + delay;
        changed = RETIMED;
      } else if ((sure & bit) !== 0) {
        // A good reading that does not raise forgets the on-delay, in the deadband too (semantics.md 2, 8).
        if (((this.#running | this.#held) & bit) !== 0) changed = RETIMED;
        this.#running &= ~bit;
        this.#held &= ~bit;
      } else if ((this.#running & bit) !== 0) {
        this.#pause(i, now);
        changed = RETIMED;
      }
    }
    if (top !== active) this.#activate(top);
    return changed;
  }

  #fall(raise: number, { clear, now }: { clear: number; now: Micros }): number {
    let changed = NOTHING;
    let ended = 0;
    this.#cleared = clear;
    const last = this.#stepwise ? this.active : 0;
    for (let i = this.active; i >= last; i--) {
      const bit = 1 << i;
      if ((clear & bit) === 0 || (raise & bit) !== 0) {
        // Raising, in the deadband, or uncertain: a running off-delay starts again with the next good clearing reading.
        if ((this.#clearing & bit) !== 0) changed = RETIMED;
        this.#clearing &= ~bit;
        continue;
      }
      if ((this.#clearing & bit) === 0) {
        this.#clearing |= bit;
        this.#off[i] = now + this.#levels[i]!.offDelay;
        changed = RETIMED;
      }
      if (this.#off[i]! <= now) ended |= bit;
    }
    return changed | this.#end(ended, now);
  }

  /** Nothing is known from `now` on: on-delays stand still, off-delays are cancelled (semantics.md 8). */
  hold(now: Micros): number {
    if ((this.#running | this.#clearing) === 0) return NOTHING;
    for (let i = 0; i < this.#levels.length; i++) {
      if ((this.#running & (1 << i)) !== 0) this.#pause(i, now);
    }
    this.#clearing = 0;
    return RETIMED;
  }

  /** Off-delays start again with the next good clearing reading; on-delays go on. */
  restartOffDelays(): number {
    if (this.#clearing === 0) return NOTHING;
    this.#clearing = 0;
    return RETIMED;
  }

  /**
   * The clock was set to `now` while somebody listened: off-delays start again, where a reading must end them with the next
   * one. A subject that keeps its state has said that it is clear and will not say it again; there they start now.
   */
  clockSet(now: Micros): number {
    if (!this.#keepsState) return this.restartOffDelays();
    if (this.#clearing === 0) return NOTHING;
    for (let i = 0; i < this.#levels.length; i++) {
      if ((this.#clearing & (1 << i)) !== 0) this.#off[i] = now + this.#levels[i]!.offDelay;
    }
    return RETIMED;
  }

  /** The on-delays that end at `at` end. */
  onDelayDue(at: Micros): number {
    let top = this.active;
    for (let i = this.active + 1; i < this.#levels.length; i++) {
      if ((this.#running & (1 << i)) !== 0 && this.#on[i]! <= at) top = i;
    }
    if (top === this.active) return NOTHING;
    this.#activate(top);
    return REGRADED | RETIMED;
  }

  /** The off-delays that end at `at` end, as far as no higher level stands above them. Only for subjects that keep their state. */
  offDelayDue(at: Micros): number {
    let ended = 0;
    for (let i = this.active; i >= 0; i--) {
      if ((this.#clearing & (1 << i)) !== 0 && this.#off[i]! <= at) ended |= 1 << i;
    }
    return this.#end(ended, at);
  }

  /** Next deadline of an on-delay. */
  get onDeadline(): Micros {
    if (this.#running === 0) return NEVER;
    let next = NEVER;
    for (let i = 0; i < this.#levels.length; i++) {
      if ((this.#running & (1 << i)) !== 0 && this.#on[i]! < next) next = this.#on[i]!;
    }
    return next;
  }

  /** When a timer has to end an off-delay; NEVER for sampled subjects, where a reading must. */
  get offDeadline(): Micros {
    if (!this.#keepsState || this.active === NONE) return NEVER;
    return (this.#clearing & (1 << this.active)) === 0 ? NEVER : this.#off[this.active]!;
  }

  /** Whether a restart would lose anything. */
  get atRest(): boolean {
    return this.active === NONE && (this.#running | this.#held) === 0;
  }

  state(): GradingState {
    const pick = (mask: number, from: readonly Micros[]): ByLevel =>
      Object.fromEntries(
        this.#levels.flatMap(({ severity }, i) => ((mask & (1 << i)) === 0 ? [] : [[severity, from[i]!]])),
      );
    return {
      ...(this.active === NONE ? {} : { active: this.#levels[this.active]!.severity }),
      ...(this.#running === 0 ? {} : { on: pick(this.#running, this.#on) }),
      ...(this.#held === 0 ? {} : { held: pick(this.#held, this.#on) }),
      ...(this.#clearing === 0 ? {} : { off: pick(this.#clearing, this.#off) }),
      ...(this.#clearing === 0 || !this.#stepwise
        ? {}
        : {
            cleared: this.#levels.flatMap(({ severity }, i) => (this.#cleared & (1 << i) ? [severity] : [])),
          }),
    };
  }

  /** Takes up a state, perhaps of an earlier edition of the rule: what was active stays active, at the nearest level there is. */
  restore(state: GradingState): void {
    const put = (values: ByLevel | undefined, into: Micros[]) => {
      let mask = 0;
      this.#levels.forEach(({ severity }, i) => {
        const value = values?.[severity];
        if (value === undefined) return;
        mask |= 1 << i;
        into[i] = value;
      });
      return mask;
    };
    const { active } = state;
    if (active === undefined) this.active = NONE;
    else {
      const below = this.#levels.findLastIndex((level) => rank(level.severity) <= rank(active));
      this.active = below < 0 ? 0 : below;
    }
    const above = -1 << (this.active + 1);
    this.#running = put(state.on, this.#on) & above;
    this.#held = put(state.held, this.#on) & above & ~this.#running;
    this.#clearing = put(state.off, this.#off) & ~above;
    this.#cleared = this.#levels.reduce(
      (mask, { severity }, i) => (state.cleared?.includes(severity) === true ? mask | (1 << i) : mask),
      0,
    );
  }

  #activate(top: number): void {
    this.active = top;
    this.#clearing = 0;
    const above = -1 << (top + 1);
    this.#running &= above;
    this.#held &= above;
  }

  #end(ended: number, now: Micros): number {
    let { active } = this;
    while (active >= 0 && (ended & (1 << active)) !== 0) active--;
    if (active === this.active) return NOTHING;
    this.active = active;
    this.#clearing &= (1 << (active + 1)) - 1;
    if (this.#stepwise && active !== NONE && (this.#cleared & (1 << active)) !== 0) {
      this.#clearing |= 1 << active;
      this.#off[active] = now + this.#levels[active]!.offDelay;
    }
    return REGRADED | RETIMED;
  }

  #pause(level: number, now: Micros): void {
    const bit = 1 << level;
    this.#on[level] = Math.max(0, this.#on[level]! - now);
    this.#running &= ~bit;
    this.#held |= bit;
  }
}
