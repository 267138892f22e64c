import type { Severity } from "../model/severity.ts";
import type { Micros } from "../model/time.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import { GATEWAY_SUBJECT, SYSTEM_RULES, type SystemRuleId } from "./built-in.ts";
import { decisionWithoutReading, type EventStream } from "./event-stream.ts";
import type { SystemInput } from "./input.ts";
import type { EngineSettings } from "./settings.ts";

/** What the gateway observes about itself: the disk, the sinks, the routes of alerts, the decoders of its drivers. */
export class SystemAlarms {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #severity: Readonly<Record<SystemRuleId, Severity>>;

  constructor(parts: { book: AlarmBook; stream: EventStream; settings: EngineSettings }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    const { journalFailed, sinkLost, alertRouteLost, writeFailed, decoderFailed } = parts.settings;
    this.#severity = {
      "journal-failed": journalFailed.severity,
      "sink-lost": sinkLost.severity,
      "alert-route-lost": alertRouteLost.severity,
      "write-failed": writeFailed.severity,
      "decoder-failed": decoderFailed.severity,
    };
  }

  /** Takes what the gateway says of itself. */
  told(input: SystemInput, now: Micros): void {
    const alarm = this.#book.system(input.rule, input.subject ?? GATEWAY_SUBJECT);
    const decision = {
      ...decisionWithoutReading(now),
      ...(input.note === undefined || input.note === "" ? {} : { note: input.note }),
    };
    if (input.active) {
      assertAlarm(this.#stream, alarm, { severity: this.#severity[input.rule], decision });
    } else clearAlarm(this.#stream, alarm, decision);
  }

  /** They told of a process that is gone; the new one says what holds. */
  restarted(at: Micros): void {
    for (const alarm of this.#book.ordered()) {
      if (!(SYSTEM_RULES as readonly string[]).includes(alarm.rule)) continue;
      clearAlarm(this.#stream, alarm, decisionWithoutReading(at));
    }
  }
}
