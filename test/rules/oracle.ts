import { SEVERITIES, type Severity } from "../../model/severity.ts";

/*
 * The level semantics of one channel under an `above` rule, told again in the plainest way: whole seconds, every second looked
 * at, histories instead of timers. Shares nothing with rules/.
 */

export interface OracleLevel {
  severity: Severity;
  limit: number;
  deadband: number;
  /** Seconds. */
  onDelay: number;
  offDelay: number;
}

export interface OracleReading {
  /** Whole seconds. */
  at: number;
  value: number;
  quality: "good" | "uncertain" | "bad";
}

/** What the alarm's grade becomes, and when: `12 red`, `40 normal`. */
export function gradesOver(
  levels: readonly OracleLevel[],
  readings: readonly OracleReading[],
  options: { end: number; keepsState: boolean },
): string[] {
  // Seconds that each level has held, while it is counting; null: not counting.
  const held: (number | null)[] = levels.map(() => null);
  const counting: boolean[] = levels.map(() => false);
  const clearSince: (number | null)[] = levels.map(() => null);
  let grade = -1;
  const told: string[] = [];
  const tell = (at: number, to: number) => {
    if (to === grade) return;
    grade = to;
    told.push(`${at} ${grade < 0 ? "normal" : levels[grade]!.severity}`);
  };
  const rise = (at: number) => {
    let to = grade;
    levels.forEach((level, i) => {
      if (i > grade && counting[i] && held[i] !== null && held[i]! >= level.onDelay) to = i;
    });
    for (let i = 0; i <= to; i++) {
      held[i] = null;
      counting[i] = false;
      if (to > grade) clearSince[i] = null;
    }
    tell(at, to);
  };
  const fall = (at: number) => {
    let to = grade;
    while (to >= 0 && clearSince[to] !== null && at - clearSince[to]! >= levels[to]!.offDelay) {
      clearSince[to] = null;
      to--;
    }
    tell(at, to);
  };
  const byTime = Map.groupBy(readings, (reading) => reading.at);
  for (let at = 0; at <= options.end; at++) {
    // One more second has passed for everything that counts; what is full now ends before this second's readings.
    levels.forEach((_, i) => {
      if (at > 0 && counting[i]) held[i]! += 1;
    });
    rise(at);
    if (options.keepsState) fall(at);
    for (const { value, quality } of byTime.get(at) ?? []) {
      levels.forEach((level, i) => {
        if (quality === "bad") {
          counting[i] = false;
          clearSince[i] = null;
          return;
        }
        const raises = value >= level.limit;
        if (i > grade) {
          if (raises) {
            held[i] ??= 0;
            counting[i] = true;
          } else if (quality === "good") {
            held[i] = null;
            counting[i] = false;
          } else counting[i] = false;
        } else {
          const clears = quality === "good" && value < level.limit - level.deadband;
          if (clears) clearSince[i] ??= at;
          else clearSince[i] = null;
        }
      });
      rise(at);
      if (quality === "good") fall(at);
    }
  }
  return told;
}

/** One to four levels whose limits grow with severity and whose bounds do not cross. */
export function orderedLevels(
  sketches: readonly { onDelay: number; offDelay: number; deadband: number }[],
): OracleLevel[] {
  return sketches.map((sketch, i) => ({ ...sketch, severity: SEVERITIES[i]!, limit: (i + 1) * 10 }));
}
