import { ConfigurationError } from "../../model/error.ts";
import { MILLISECOND, type Micros, parseDuration } from "../../model/time.ts";
import { localInstant } from "./local-instant.ts";

/**
 * The instant that an option such as `--from` names: RFC 3339, a local date or time, or a span before now (`2h`).
 * @throws ConfigurationError COMMAND_USAGE
 */
export function timeBound(text: string, context: { name: string; now: Micros; timeZone: string }): Micros {
  const span = parseDuration(text);
  if (span !== undefined) return context.now - span;
  const local = localInstant(text, context.timeZone);
  if (local !== undefined) return local;
  const instant = /^\d{4}-\d{2}-\d{2}[T ]/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(instant)) return instant * MILLISECOND;
  throw new ConfigurationError("COMMAND_USAGE", `--${context.name} ${text}: not a time`, {
    hint: `for example: 2026-05-21, "2026-05-21 08:00", 2026-05-21T08:00:00+08:00, or 2h for two hours ago`,
  });
}
