/**
 * The instant, Unix ms, at which clocks in `timeZone` (an IANA name) show what a clock in Greenwich shows at `shown`. A time
 * that a change of clocks leaves out is taken as if the clock had not been changed yet.
 * @throws RangeError when there is no such zone
 */
export function instantShown(shown: number, timeZone: string): number {
  // The offset at the instant itself, found in two steps: the first may be on the other side of a change of clocks.
  const first = shown - zoneOffset(shown, timeZone);
  return shown - zoneOffset(first, timeZone);
}

/** Making a format costs a hundred times its use, and callers ask of one zone many times. */
let last: { timeZone: string; offsetAt: (instant: number) => number } | undefined;

/** How far clocks in the zone are ahead of UTC at an instant in Unix ms, ms. @throws RangeError when there is no such zone */
export function zoneOffset(instant: number, timeZone: string): number {
  if (last?.timeZone !== timeZone) last = { timeZone, offsetAt: offsetsOf(timeZone) };
  return last.offsetAt(instant);
}

/**
 * The offsets of a zone: for an instant in Unix ms, how far its clocks are ahead of UTC, ms. Slow (the runtime's tables).
 * @throws RangeError when there is no such zone
 */
export function offsetsOf(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  return (instant) => {
    const field: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(instant)) field[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = field;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
  };
}
