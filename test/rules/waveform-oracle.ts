/*
 * STA/LTA told again in the plainest way: at each sample all that came before is looked at, two passes for each mean square.
 * Shares nothing with rules/. Microseconds everywhere.
 */

export interface WaveSample {
  /** Never before the one before it. */
  at: number;
  value: number;
  quality: "good" | "uncertain" | "bad";
}

export interface WaveOptions {
  sta: number;
  lta: number;
  maxGap: number;
  minCoverage: number;
  on: number;
  off: number;
  freeze: boolean;
  freezeAtMost?: number;
  floor?: number;
}

interface Dated {
  at: number;
  value: number;
}

function within(samples: readonly Dated[], t: number, span: number): Dated[] {
  return samples.filter(({ at }) => at > t - span && at <= t);
}

function coverage(samples: readonly Dated[], span: number, maxGap: number): number {
  let covered = 0;
  for (let i = 1; i < samples.length; i++) covered += Math.min(samples[i]!.at - samples[i - 1]!.at, maxGap);
  return covered / span;
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** The ratio at each sample; NaN: none. */
export function ratiosOf(history: readonly WaveSample[], o: WaveOptions): number[] {
  let heard: Dated[] = [];
  /** What the long window may hold, by the clock that stands still while it is held. */
  let quiet: Dated[] = [];
  let clock = 0;
  let triggered = false;
  let heldSince: number | undefined;
  let held: { mean: number; power: number } | undefined;
  return history.map(({ at, value, quality }) => {
    if (quality === "bad") return Number.NaN;
    const before = heard.at(-1)?.at;
    if (before === undefined || at - before > o.lta) {
      heard = [];
      quiet = [];
      clock = at;
      triggered = false;
      held = undefined;
    }
    const step = heard.length === 0 ? 0 : at - before!;
    if (held !== undefined && at - heldSince! >= (o.freezeAtMost ?? Number.POSITIVE_INFINITY)) {
      held = undefined;
    } else if (held === undefined) clock += step;
    heard.push({ at, value });
    if (held === undefined) quiet.push({ at: clock, value });
    if (at - heard[0]!.at < o.lta) return Number.NaN;
    const short = within(heard, at, o.sta);
    if (coverage(short, o.sta, o.maxGap) < o.minCoverage) return Number.NaN;
    const long = within(quiet, clock, o.lta);
    if (held === undefined && coverage(long, o.lta, o.maxGap) < o.minCoverage) return Number.NaN;
    const centre = held?.mean ?? mean(long.map((one) => one.value));
    const power = held?.power ?? mean(long.map((one) => (one.value - centre) ** 2));
    const background = Math.max(power, (o.floor ?? 0) ** 2);
    if (!(background > 0)) return Number.NaN;
    const ratio = mean(short.map((one) => (one.value - centre) ** 2)) / background;
    if (!triggered && ratio >= o.on) {
      triggered = true;
      if (o.freeze) {
        held = { mean: centre, power };
        heldSince = at;
      }
    } else if (triggered && ratio <= o.off) {
      triggered = false;
      held = undefined;
    }
    return ratio;
  });
}
