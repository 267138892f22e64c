/**
 * An instant: whole microseconds since 1970-01-01T00:00:00Z, kept in a double (exact until the year 2255).
 * The same type measures spans.
 */
export type Micros = number;

export const MILLISECOND: Micros = 1_000;
export const SECOND: Micros = 1_000_000;
export const MINUTE: Micros = 60 * SECOND;
export const HOUR: Micros = 60 * MINUTE;
export const DAY: Micros = 24 * HOUR;

export interface Timer {
  cancel(): void;
}

/** The only source of time and timers. Tests pass one they move by hand. */
export interface Clock {
  /** Never decreases: the wall clock at boot plus the monotonic clock since. What readings are stamped with. */
  now(): Micros;
  /** The wall clock as it is, which may jump. */
  wall(): Micros;
  /** Calls `run` once, `delay` from now, unless cancelled. Does not keep the process alive. */
  after(delay: Micros, run: () => void): Timer;
}

/** The machine's own clocks. */
export class SystemClock implements Clock {
  readonly #wallAtBoot = Date.now() * MILLISECOND;
  readonly #monotonicAtBoot = performance.now();

  now(): Micros {
    return this.#wallAtBoot + Math.round((performance.now() - this.#monotonicAtBoot) * MILLISECOND);
  }

  wall(): Micros {
    return Date.now() * MILLISECOND;
  }

  after(delay: Micros, run: () => void): Timer {
    // setTimeout fires at once above 2^31-1 ms; no timer of ours is that long, but a wrong one must not spin.
    const timer = setTimeout(run, Math.min(Math.max(0, delay / MILLISECOND), 0x7fff_ffff));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}

const UNITS: Record<string, Micros> = {
  us: 1,
  ms: MILLISECOND,
  s: SECOND,
  m: MINUTE,
  min: MINUTE,
  h: HOUR,
  d: DAY,
};

/** Reads `500ms`, `30s`, `1.5h`, `2d` or a sum such as `1h30m`; undefined when it is none of these. */
export function parseDuration(text: string): Micros | undefined {
  const pattern = /(\d+(?:\.\d+)?)(us|ms|min|s|m|h|d)/y;
  let total = 0;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * (UNITS[match[2] ?? ""] ?? Number.NaN);
    at = pattern.lastIndex;
  }
  return text.length === 0 ? undefined : Math.round(total);
}

const NAMED: readonly (readonly [string, Micros])[] = [
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", MILLISECOND],
  ["us", 1],
];

/** The shortest form that `parseDuration` reads back: `1h30m`, `250ms`. */
export function formatDuration(span: Micros): string {
  if (span === 0) return "0s";
  let rest = Math.abs(Math.round(span));
  let text = span < 0 ? "-" : "";
  for (const [name, size] of NAMED) {
    const n = Math.floor(rest / size);
    if (n > 0) text += `${n}${name}`;
    rest -= n * size;
  }
  return text;
}

/** RFC 3339 in UTC with microseconds: `2026-05-21T06:30:05.000123Z`. */
export function formatInstant(time: Micros): string {
  const iso = new Date(Math.floor(time / MILLISECOND)).toISOString();
  const micros = ((time % MILLISECOND) + MILLISECOND) % MILLISECOND;
  return `${iso.slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
}
