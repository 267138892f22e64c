import { formatInstant, MILLISECOND, MINUTE, type Micros } from "../../model/time.ts";
import type { CommandVerb, Refusal } from "./command-schemas.ts";

/**
 * A command that silences, switches or asks is carried out only this soon after it was given: later the person knows another
 * situation than the one that it would meet. So far may the clocks of sender and gateway differ, too.
 */
const GIVEN_WITHIN: Micros = 5 * MINUTE;

/** Verbs that do no harm however late: they bring alarms back, note what was done, or ask for events again. */
const HARMLESS_LATE: ReadonlySet<CommandVerb> = new Set([
  "unshelve",
  "return-to-service",
  "resend",
  "act",
  "close",
  "proof-test",
  "self-test",
]);

/** Why a command comes too late to be carried out, or may do so; undefined: it does not. `wall` is the wall clock. */
export function tooOld(
  verb: CommandVerb,
  given: {
    readonly issued?: string | undefined;
    readonly expires?: string | undefined;
    /** It may have waited at a broker. */
    readonly waited: boolean;
    readonly wall: Micros;
  },
): { readonly refusal: Refusal; readonly detail?: string } | undefined {
  if (HARMLESS_LATE.has(verb)) return undefined;
  const { issued, expires, waited, wall } = given;
  if (issued === undefined) return waited && expires === undefined ? { refusal: "unknown-age" } : undefined;
  const age = wall - Date.parse(issued) * MILLISECOND;
  if (Math.abs(age) <= GIVEN_WITHIN) return undefined;
  // Both times: who has given it just now sees whose clock is wrong.
  return { refusal: "too-old", detail: `${issued} / ${formatInstant(wall)}` };
}
