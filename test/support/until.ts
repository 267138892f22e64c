import { setTimeout as pause } from "node:timers/promises";

/** How long {@link until} waits unless told otherwise: generous, because two busy cores share the suite. */
export const defaultDeadlineMs = 10_000;

const defaultIntervalMs = 10;

/** Options of {@link until}. */
export interface UntilOptions {
  /** Give up after this many milliseconds. */
  withinMs?: number;
  /** Look again after this many milliseconds. */
  everyMs?: number;
  /** More to say when the deadline passes, e.g. a server's last lines. */
  detail?: () => string;
}

/**
 * Waits until `condition` gives a truthy value, and returns it. A condition that throws counts as "not yet",
 * so that assertions may be used as conditions; the last thing thrown is the `cause` of the final error.
 *
 * @throws {Error} when the deadline has passed: says `what` was awaited and for how long.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { withinMs = defaultDeadlineMs, everyMs = defaultIntervalMs, detail }: UntilOptions = {},
): Promise<Exclude<T, false | 0 | "" | null | undefined>> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      // A condition that hangs (a request to a frozen server) must not outlast the deadline.
      const left = Math.max(deadline - performance.now(), everyMs);
      const value = await within(what, Promise.resolve().then(condition), left);
      if (value) return value as Exclude<T, false | 0 | "" | null | undefined>;
      cause = undefined;
    } catch (thrown) {
      cause = thrown;
    }
    if (performance.now() >= deadline) break;
    await pause(everyMs);
  }
  const because = cause instanceof Error ? `: ${cause.message}` : "";
  const more = detail ? `\n${detail()}` : "";
  throw new Error(`waited ${withinMs} ms in vain until ${what}${because}${more}`, { cause });
}

/**
 * Waits for a promise, but not for ever.
 *
 * @throws {Error} when `withinMs` has passed first; whatever the promise rejects with otherwise.
 */
export async function within<T>(what: string, promise: Promise<T>, withinMs = defaultDeadlineMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${Math.round(withinMs)} ms in vain for ${what}`)),
      withinMs,
    );
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
