import { describe } from "../model/error.ts";
import { REASON } from "../model/quality.ts";
import type { Channel } from "../model/site.ts";
import type { Micros } from "../model/time.ts";
import type { Alarm } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import { assertAlarm, clearAlarm } from "./announce.ts";
import { ruleSubject } from "./built-in.ts";
import { decisionWithoutReading, type EventStream } from "./event-stream.ts";
import type { EngineSettings } from "./settings.ts";

/** *Rule failed*: which rules have thrown, on how many channels. One alarm a rule, which names it. */
export class RuleFailures {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #settings: EngineSettings;
  /** Channels on which a rule has failed and not yet worked again. */
  readonly #failed = new Map<string, Set<string>>();

  constructor(parts: { book: AlarmBook; stream: EventStream; settings: EngineSettings }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#settings = parts.settings;
  }

  /** A rule threw on a channel. */
  failed(rule: string, on: { channel: Channel; thrown: unknown }, at: Micros): void {
    const covers = this.remember(rule, on.channel);
    const decision = {
      ...decisionWithoutReading(at, REASON.configuration_error),
      note: `${on.channel.key}: ${describe(on.thrown)}`,
      covers,
    };
    const { severity } = this.#settings.ruleFailed;
    assertAlarm(this.#stream, this.#book.system("rule-failed", ruleSubject(rule)), { severity, decision });
  }

  /** Notes a failure that has been told before; gives the number of channels the rule has failed on. */
  remember(rule: string, channel: Channel): number {
    const channels = this.#failed.get(rule) ?? new Set();
    this.#failed.set(rule, channels.add(channel.key));
    return channels.size;
  }

  /** The rule worked on a channel on which it had failed. */
  worked(rule: string, channel: Channel, at: Micros): void {
    const channels = this.#failed.get(rule);
    channels?.delete(channel.key);
    if (channels !== undefined && channels.size > 0) return;
    this.#failed.delete(rule);
    const alarm = this.#book.find("rule-failed", ruleSubject(rule));
    if (alarm !== undefined) clearAlarm(this.#stream, alarm, decisionWithoutReading(at));
  }

  /** Whether the rule that an alarm names still has failures. */
  holds(alarm: Alarm): boolean {
    return [...this.#failed.keys()].some((rule) => ruleSubject(rule) === alarm.subject);
  }
}
