import type { Ticket } from "../../../drivers/driver.ts";
import type { PresentState } from "../../../gateway/alerts/present.ts";
import { REASON } from "../../../model/quality.ts";
import type { Severity } from "../../../model/severity.ts";
import type { Micros } from "../../../model/time.ts";
import { Alarm, type AlarmView, type Change } from "../../../rules/alarm.ts";
import { BUILT_IN_RULES } from "../../../rules/built-in.ts";
import type { ChannelView } from "../../../rules/engine.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import { type Decision, decisionWithoutReading, EventStream } from "../../../rules/event-stream.ts";
import type { Command, CommandOutcome } from "../../../rules/input.ts";
import { SITE, SITE_RULES } from "./site.ts";

/** What decides a step in these tests. */
export interface Step {
  readonly value?: number;
  readonly limit?: number;
  readonly reason?: keyof typeof REASON;
  readonly covers?: number;
}

const NEVER = { value: Number.NaN, reason: REASON.good, time: Number.NaN, received: Number.NaN };

/**
 * The product's own alarms and event stream, told directly what happens: rules without readings. Keeps every event as the
 * alarm log would.
 */
export class AlarmPlant implements PresentState {
  readonly log: AlarmEvent[] = [];
  readonly readings = new Map<number, Pick<ChannelView, "value" | "reason" | "time" | "received">>();
  readonly #alarms = new Map<string, Alarm>();
  readonly #stream: EventStream;
  readonly #now: () => Micros;
  #tickets = 0;
  /** Told of each event, in order. */
  onEvent: (event: AlarmEvent) => void = () => {};

  constructor(now: () => Micros) {
    this.#now = now;
    this.#stream = new EventStream({
      revision: SITE.revision,
      emit: (event) => {
        this.log.push(event);
        this.onEvent(event);
      },
    });
  }

  get nextSeq(): number {
    return this.#stream.nextSeq;
  }

  *alarms(): IterableIterator<AlarmView> {
    for (const alarm of this.#alarms.values()) if (alarm.state !== "normal") yield alarm;
  }

  channel(index: number): ChannelView {
    const reading = this.readings.get(index) ?? NEVER;
    return { channel: SITE.channels[index]!, monitoring: "ok", ...reading };
  }

  /** The alarm log: numbers in [from, to). */
  events = ({ from, to, limit }: { from: number; to: number; limit: number }): Promise<AlarmEvent[]> =>
    Promise.resolve(this.log.filter(({ seq }) => seq >= from && seq < to).slice(0, limit));

  /** The condition of a rule on a subject holds. */
  assert(rule: string, subject: string, severity: Severity, step: Step = {}): void {
    const alarm = this.alarm(rule, subject);
    this.#record(alarm, alarm.assert(severity, this.#now()), step);
  }

  /** It does not hold any more. */
  clear(rule: string, subject: string, step: Step = {}): void {
    const alarm = this.alarm(rule, subject);
    this.#record(alarm, alarm.clear(this.#now()), step);
  }

  withdraw(rule: string, subject: string): void {
    const alarm = this.alarm(rule, subject);
    if (alarm.state !== "normal") this.#record(alarm, alarm.withdraw(this.#now()), {});
  }

  /** Something is found in late data. */
  historical(rule: string, subject: string, severity: Severity, step: Step = {}): void {
    this.#stream.recordHistorical(this.alarm(rule, subject), severity, this.#decision(step));
    this.#stream.flush();
  }

  /** A new process: numbers up to `seq` are lost. */
  boot(seq: number): void {
    this.#stream.boot({ at: this.#now(), seq, occurrence: seq, revision: SITE.revision });
  }

  /** What the intake does with a command. */
  command = (command: Command): { outcome: CommandOutcome; ticket: Ticket } => {
    const ticket = ++this.#tickets;
    if (command.verb !== "acknowledge" && command.verb !== "reset") {
      return { outcome: { accepted: false, refusal: "not-supported" }, ticket };
    }
    const alarm = this.#alarms.get(`${command.rule} ${command.subject}`);
    if (alarm === undefined) return { outcome: { accepted: false, refusal: "unknown-alarm" }, ticket };
    if (alarm.occurrence !== command.occurrence) {
      return { outcome: { accepted: false, refusal: "wrong-occurrence" }, ticket };
    }
    const change =
      command.verb === "acknowledge"
        ? alarm.acknowledge(command.user, this.#now())
        : alarm.reset(this.#now());
    if (typeof change === "string") return { outcome: { accepted: false, refusal: change }, ticket };
    this.#stream.record(alarm, change, {
      ...decisionWithoutReading(this.#now(), alarm.reason),
      value: alarm.value,
      measured: alarm.measured,
      limit: alarm.limit,
      user: command.user,
      ...(command.note === undefined ? {} : { note: command.note }),
    });
    this.#stream.flush();
    return { outcome: { accepted: true }, ticket };
  };

  alarm(rule: string, subject: string): Alarm {
    const key = `${rule} ${subject}`;
    const known = this.#alarms.get(key);
    if (known !== undefined) return known;
    const own = SITE_RULES.find(({ id }) => id === rule);
    const channel = SITE.channels.find((candidate) => candidate.key === subject);
    const device = SITE.devices.find((candidate) => candidate.key === subject);
    const index = channel?.point ?? device?.point;
    const point = index === undefined ? undefined : SITE.points[index]!;
    const alarm = new Alarm(
      {
        rule,
        subject,
        point: point?.id ?? "gateway",
        domain: point?.domain ?? "system",
        class: own?.class ?? BUILT_IN_RULES[rule as keyof typeof BUILT_IN_RULES].class,
        latching: own?.latching ?? false,
        order: this.#alarms.size,
      },
      { acknowledgeBlue: false },
    );
    this.#alarms.set(key, alarm);
    return alarm;
  }

  #record(alarm: Alarm, change: Change | undefined, step: Step): void {
    if (change === undefined) return;
    this.#stream.record(alarm, change, this.#decision(step));
    this.#stream.flush();
  }

  #decision({ value = Number.NaN, limit = Number.NaN, reason = "good", covers }: Step): Decision {
    const at = this.#now();
    return {
      ...decisionWithoutReading(at, REASON[reason]),
      value,
      limit,
      measured: Number.isNaN(value) ? Number.NaN : at,
      ...(covers === undefined ? {} : { covers }),
    };
  }
}
