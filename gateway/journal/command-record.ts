import type { Micros } from "../../model/time.ts";

/** What somebody asked of the gateway and what became of it; kept in the alarm log beside the events. Plain data, JSON-safe. */
export interface CommandRecord {
  /** When it was answered, on the intake clock, µs. */
  readonly at: Micros;
  /** Where it came from: the broker of a link, an uplink, HTTP, the gateway's own schedule. */
  readonly route: string;
  /** Who the sender was taken for; what the payload says is never believed. */
  readonly user: string;
  readonly verb: string;
  /** Request id, where one could be read. */
  readonly id?: string;
  readonly accepted: boolean;
  /** Why it was refused. */
  readonly reason?: string;
  readonly detail?: string;
  readonly rule?: string;
  readonly subject?: string;
  readonly occurrence?: number;
  readonly note?: string;
  /** Whatever else the command said: a duration, a cause, a case. */
  readonly said?: Readonly<Record<string, unknown>>;
  /** Refused commands before this one that came too fast to be written down one by one. */
  readonly unrecorded?: number;
}
