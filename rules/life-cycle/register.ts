import type { Severity } from "../../model/severity.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { isBuiltInRule } from "../built-in.ts";
import type { Evaluation } from "../evaluation.ts";
import { alarmOfKey } from "./carriers.ts";

/** Built-in rules whose alarms tell of a silence or a permit: they are never silenced themselves. */
export const STANDING_FOR_THEMSELVES: ReadonlySet<string> = new Set([
  "out-of-service",
  "inhibition",
  "permit-open",
]);

/** Every alarm that this configuration can have, raised ever or not. */
export class Register {
  readonly #book: AlarmBook;
  readonly #evaluation: Evaluation;
  #ofRules: ReadonlyMap<string, () => Alarm> | undefined;

  constructor(parts: { book: AlarmBook; evaluation: Evaluation }) {
    this.#book = parts.book;
    this.#evaluation = parts.evaluation;
  }

  /** The alarm of a rule on a subject, made if need be; undefined when the configuration has no such rule there. */
  find(rule: string, subject: string): Alarm | undefined {
    const known = this.#book.find(rule, subject);
    if (known !== undefined) return known;
    this.#ofRules ??= this.#evaluation.alarms();
    const ofRule = this.#ofRules.get(`${rule} ${subject}`);
    if (ofRule !== undefined) return ofRule();
    return isBuiltInRule(rule) ? this.#book.builtInOf({ rule, subject }) : undefined;
  }

  /** The alarm of an alarm key. */
  byKey(key: string): Alarm | undefined {
    const name = alarmOfKey(key);
    return name === undefined ? undefined : this.find(name.rule, name.subject);
  }

  /** Every alarm that was ever raised or silenced. */
  known(): Iterable<Alarm> {
    return this.#book.known();
  }

  /** The worst that an alarm may come to. */
  worst({ rule, subject, highest }: Alarm): Severity {
    return this.#evaluation.worst(rule, subject) ?? highest;
  }
}
