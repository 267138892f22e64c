import { rank, type Severity } from "../../../model/severity.ts";
import type { Micros } from "../../../model/time.ts";
import type { AlarmView } from "../../../rules/alarm.ts";

type Seen = Pick<AlarmView, "rule" | "subject" | "occurrence" | "severity" | "changed" | "active">;

interface Kept {
  readonly occurrence: number;
  readonly severity: Severity;
  readonly changed: Micros;
}

/**
 * The alarms that somebody at the site has silenced. One that gets worse, comes again or is told anew is heard again; that it gets better
 * or passes is no reason to. In memory: after a restart what stands is heard.
 */
export class Silenced {
  /** Bounded by the alarms that stand. */
  readonly #kept = new Map<string, Kept>();

  /** The button was pressed while these sounded. */
  press(alarms: Iterable<Seen>): void {
    for (const alarm of alarms) this.#keep(alarm);
  }

  /** Of alarms that stand, those that are not silenced. Must be asked for all that stand, so that what is over is forgotten. */
  loud<Alarm extends Seen>(standing: readonly Alarm[]): Alarm[] {
    const present = new Set(standing.map(keyOf));
    for (const key of this.#kept.keys()) if (!present.has(key)) this.#kept.delete(key);
    return standing.filter((alarm) => !this.#covers(alarm));
  }

  /** As it is now: the alarms of the rules go on changing. */
  #keep(alarm: Seen): void {
    const { occurrence, severity, changed } = alarm;
    this.#kept.set(keyOf(alarm), { occurrence, severity, changed });
  }

  #covers(alarm: Seen): boolean {
    const key = keyOf(alarm);
    const kept = this.#kept.get(key);
    if (kept === undefined) return false;
    const eased = !alarm.active || rank(alarm.severity) < rank(kept.severity);
    if (alarm.occurrence === kept.occurrence && (alarm.changed === kept.changed || eased)) {
      this.#keep(alarm);
      return true;
    }
    this.#kept.delete(key);
    return false;
  }
}

function keyOf({ rule, subject }: Pick<Seen, "rule" | "subject">): string {
  return `${rule} ${subject}`;
}
