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
let last: { timeZone: string; format: Intl.DateTimeFormat } | undefined;

/** How far clocks in the zone are ahead of UTC at an instant in Unix ms, ms. @throws RangeError when there is no such zone */
export function zoneOffset(instant: number, timeZone: string): number {
  if (last?.timeZone !== timeZone) {
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
    last = { timeZone, format };
  }
  const parts = last.format.formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const shown = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return shown - Math.floor(instant / 1_000) * 1_000;
}
