import { GOOD, type Quality } from "../../model/quality.ts";
import { rank, type Severity } from "../../model/severity.ts";
import type { Micros } from "../../model/time.ts";
import type { Alarm } from "../alarm.ts";
import type { AlarmBook } from "../alarm-book.ts";
import { ruleSubject } from "../built-in.ts";
import type { ChannelMemory } from "../channel-memory.ts";
import { decisionWithoutReading, type EventStream } from "../event-stream.ts";
import { INHIBITION_END, NEVER, type TimerQueue } from "../timer-queue.ts";
import { Deadlines } from "./deadlines.ts";
import type { Inhibitor } from "./inhibition.ts";
import { tellSilence } from "./telling.ts";

const RULE = "inhibition";

/** One inhibition on what it watches. */
interface Watch {
  readonly inhibitor: Inhibitor;
  /** 1: this channel said something good, not silenced since. In the order of the inhibitor's channels. */
  readonly good: Uint8Array;
  /** The one channel says one of the codes. */
  says: boolean;
  /** It said so in a test or an exercise. */
  rehearsed: boolean;
  /** When it ends at the latest, from its first beginning on until what it watches has ended once; NEVER: not begun. */
  until: Micros;
  holds: boolean;
}

/** By inhibitor key; JSON-safe. */
export type InhibitionState = Readonly<
  Record<
    string,
    { readonly good: readonly number[]; readonly says?: true; readonly until?: Micros; readonly holds?: true }
  >
>;

/**
 * Suppression by design (IEC 62682 letter H): while what an inhibition watches holds in good quality, the alarms it names are not
 * annunciated. Whatever is bad, uncertain, silent, out of service, shelved or not heard since the start suppresses nothing. Each that
 * holds stands as an alarm of the built-in rule, so that what is suppressed can be seen.
 */
export class Inhibitions {
  readonly #book: AlarmBook;
  readonly #stream: EventStream;
  readonly #memory: Pick<ChannelMemory, "mode">;
  readonly #watches: readonly Watch[];
  readonly #byChannel = new Map<number, Watch[]>();
  readonly #byAlarm = new Map<string, Watch[]>();
  readonly #byRule = new Map<string, Watch[]>();
  /** What suppresses an alarm, by `rule subject`. */
  readonly #over = new Map<string, Watch[]>();
  readonly #ends: Deadlines;
  /** 1: a reading of this channel is looked at. */
  readonly #watched: Uint8Array;
  /** Channels that are out of service. */
  readonly #out: () => Uint8Array | undefined;
  #holding = 0;

  constructor(parts: {
    channels: number;
    inhibitors: readonly Inhibitor[];
    book: AlarmBook;
    stream: EventStream;
    timers: TimerQueue;
    memory: Pick<ChannelMemory, "mode">;
    outOfService: () => Uint8Array | undefined;
  }) {
    this.#book = parts.book;
    this.#stream = parts.stream;
    this.#memory = parts.memory;
    this.#out = parts.outOfService;
    this.#watched = new Uint8Array(parts.channels);
    this.#watches = parts.inhibitors.map((inhibitor) => ({
      inhibitor,
      good: new Uint8Array(inhibitor.channels.length),
      says: false,
      rehearsed: false,
      until: NEVER,
      holds: false,
    }));
    for (const watch of this.#watches) {
      const { channels, rule, targets } = watch.inhibitor;
      for (const channel of channels) {
        this.#watched[channel] = 1;
        add(this.#byChannel, channel, watch);
      }
      if (rule !== undefined) {
        add(this.#byAlarm, `${rule.id} ${rule.subject}`, watch);
        add(this.#byRule, ruleSubject(rule.id), watch);
      }
      for (const target of targets) add(this.#over, target, watch);
    }
    this.#ends = new Deadlines({
      timers: parts.timers,
      phase: INHIBITION_END,
      due: (key, at) => {
        const watch = this.#watches.find(({ inhibitor }) => inhibitor.key === key);
        if (watch?.holds === true) this.#judge(watch, at);
      },
    });
  }

  /** Whether a reading of a channel matters here. */
  watches(channel: number): boolean {
    return this.#watched[channel] === 1;
  }

  /** When what suppresses an alarm ends at the latest; undefined when nothing does. */
  suppressing({ rule, subject, mode }: Alarm, highest: Severity): Micros | undefined {
    if (this.#holding === 0) return undefined;
    let until: Micros | undefined;
    for (const watch of this.#over.get(`${rule} ${subject}`) ?? []) {
      const { holds, inhibitor, until: end } = watch;
      if (!holds || (inhibitor.exceptRed && highest === "red")) continue;
      if (mode === "live" && this.#isRehearsed(watch)) continue;
      if (until === undefined || end > until) until = end;
    }
    return until;
  }

  /** A reading that is in order of time, before the rules see it. */
  reading(channel: number, reading: { value: number; quality: Quality }, at: Micros): void {
    for (const watch of this.#byChannel.get(channel) ?? []) {
      const { channels, codes } = watch.inhibitor;
      const good = reading.quality === GOOD ? 1 : 0;
      // What cannot be relied on does not say either that it is over: the longest time goes on.
      const says = good === 1 ? (codes?.has(reading.value) ?? false) : watch.says;
      const i = channels.indexOf(channel);
      const rehearsed = this.#memory.mode(channel) !== "live";
      if (watch.good[i] === good && watch.says === says && watch.rehearsed === rehearsed) continue;
      watch.good[i] = good;
      watch.says = says;
      const turned = watch.rehearsed !== rehearsed && watch.holds;
      watch.rehearsed = rehearsed;
      this.#judge(watch, at);
      if (turned && watch.holds) this.#tell(watch, !rehearsed, at);
    }
  }

  /** Nothing is known of a channel any more. */
  silence(channel: number, at: Micros): void {
    for (const watch of this.#byChannel.get(channel) ?? []) {
      watch.good[watch.inhibitor.channels.indexOf(channel)] = 0;
      this.#judge(watch, at);
    }
  }

  /** An alarm has taken a step: what watches it, or its rule, looks again. */
  moved(alarm: Alarm, at: Micros): void {
    if (this.#watches.length === 0 || alarm.rule === RULE) return;
    const concerned =
      alarm.rule === "rule-failed"
        ? this.#byRule.get(alarm.subject)
        : this.#byAlarm.get(`${alarm.rule} ${alarm.subject}`);
    for (const watch of concerned ?? []) this.#judge(watch, at);
  }

  /** What is out of service has changed. */
  review(at: Micros): void {
    for (const watch of this.#watches) this.#judge(watch, at);
  }

  /** A start: what was heard before it is not known any more. */
  start(at: Micros): void {
    for (const watch of this.#watches) {
      watch.good.fill(0);
      this.#judge(watch, at);
    }
  }

  /** Whether anything stands behind an active alarm of the built-in rule. */
  stands({ subject }: Alarm): boolean {
    return this.#watches.some(({ holds, inhibitor }) => holds && inhibitor.key === subject);
  }

  state(): InhibitionState {
    return Object.fromEntries(
      this.#watches.flatMap(({ inhibitor, good, says, until, holds }) =>
        good.includes(1) || says || until !== NEVER
          ? [
              [
                inhibitor.key,
                {
                  good: [...good],
                  ...(says ? { says: true } : {}),
                  ...(until === NEVER ? {} : { until }),
                  ...(holds ? { holds: true } : {}),
                },
              ] as const,
            ]
          : [],
      ),
    );
  }

  /** Takes up a state; the alarms themselves must have been restored before. */
  restore(state: InhibitionState): void {
    this.#ends.clear();
    this.#holding = 0;
    for (const watch of this.#watches) {
      const { key } = watch.inhibitor;
      const known = state[key];
      const alarm = this.#book.find(RULE, key);
      watch.good.set((known?.good ?? []).slice(0, watch.good.length));
      watch.says = known?.says === true;
      watch.rehearsed = watch.inhibitor.channels.some((channel) => this.#memory.mode(channel) !== "live");
      watch.until = known?.until ?? NEVER;
      watch.holds = known?.holds === true && alarm !== undefined && alarm.state !== "normal";
      if (!watch.holds) continue;
      this.#holding++;
      this.#ends.set(key, watch.until);
    }
  }

  #judge(watch: Watch, at: Micros): void {
    const asserted = this.#asserted(watch);
    if (!asserted) watch.until = NEVER;
    const holds = asserted && this.#known(watch) && watch.until > at;
    if (holds === watch.holds) return;
    const { key, longest, name } = watch.inhibitor;
    const alarm = this.#book.standing(RULE, key);
    if (alarm === undefined) return;
    watch.holds = holds;
    this.#holding += holds ? 1 : -1;
    if (holds) {
      if (watch.until === NEVER) watch.until = at + longest;
      const { until } = watch;
      this.#ends.set(key, until);
      const note = `${name.zh} ${name.en}`;
      this.#stream.record(alarm, alarm.enter("suppress", at), { ...decisionWithoutReading(at), until, note });
    } else {
      this.#ends.set(key, NEVER);
      this.#stream.record(alarm, alarm.leave("unsuppress", at), decisionWithoutReading(at));
    }
    this.#tell(watch, holds, at);
  }

  /** Tells of the alarms that it suppresses whether they are silent now. */
  #tell(watch: Watch, begins: boolean, at: Micros): void {
    for (const target of this.#book.ordered()) {
      if (target.state === "normal" || !watch.inhibitor.targets.has(`${target.rule} ${target.subject}`))
        continue;
      tellSilence(this.#stream, target, { silence: "suppressed", begins, behind: { at } });
    }
  }

  /** Whether what suppresses was heard in a test or an exercise: that hides nothing real. */
  #isRehearsed({ inhibitor: { rule }, rehearsed }: Watch): boolean {
    return rule === undefined ? rehearsed : this.#book.find(rule.id, rule.subject)?.mode !== "live";
  }

  /** Whether what it says can be relied on. */
  #known({ inhibitor, good }: Watch): boolean {
    if (good.includes(0)) return false;
    const out = this.#out();
    return out === undefined || inhibitor.channels.every((channel) => out[channel] !== 1);
  }

  #asserted({ inhibitor, says }: Watch): boolean {
    const { rule } = inhibitor;
    if (rule === undefined) return says;
    const alarm = this.#book.find(rule.id, rule.subject);
    return (
      alarm?.active === true &&
      rank(alarm.severity) >= rank(rule.severity) &&
      // Whom people have silenced does not silence others.
      alarm.silence !== "shelved" &&
      alarm.silence !== "out-of-service" &&
      this.#book.find("rule-failed", ruleSubject(rule.id))?.active !== true
    );
  }
}

function add<Key>(map: Map<Key, Watch[]>, key: Key, watch: Watch): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [watch]);
  else known.push(watch);
}
