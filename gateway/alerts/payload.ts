import { QUALITY_NAMES, reasonRow } from "../../model/quality.ts";
import { SEVERITY_TEXT } from "../../model/severity.ts";
import type { Location } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { LANGUAGES, type Language } from "../../model/text.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import type { ChannelView } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { CATALOGUE } from "../messages/catalogue.ts";
import { measuredUnit, measureOf } from "../messages/measure.ts";
import { type Brief, briefOf } from "./brief.ts";
import type { AlarmMessage, EventMessage, ReadingMessage, VoidMessage } from "./message-schemas.ts";
import type { Place, Places } from "./places.ts";
import type { PresentAlarm, SpokenRule } from "./present.ts";
import {
  alarmText,
  asOf,
  eventText,
  guidanceOf,
  type Subject,
  unknownRule,
  valueText,
  whatOf,
} from "./wording.ts";

/** How a message came to be sent. */
export interface Sending {
  readonly uncommitted: boolean;
  readonly resent: boolean;
}

export interface PayloadOptions {
  readonly places: Places;
  readonly rules: readonly SpokenRule[];
  /** Order of the languages in texts. */
  readonly languages?: readonly Language[];
  /** Told when words cannot be made; the message then goes out with bare ones. */
  readonly onBroken?: (thrown: unknown) => void;
}

/** Message id of an event, the same however often it is sent. */
export function eventId(site: string, seq: number): string {
  return `${site}-${seq}`;
}

/** Id of an occurrence. */
export function occurrenceId(site: string, occurrence: number): string {
  return `${site}-o${occurrence}`;
}

/** The number in an occurrence id of this site; undefined when it is none. */
export function occurrenceNumber(site: string, id: string | number): number | undefined {
  if (typeof id === "number") return id;
  const text = id.startsWith(`${site}-o`) ? id.slice(site.length + 2) : id;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Builds the messages of the alert topics (design.md section 6) from events and present states. */
export class Payloads {
  readonly #places: Places;
  readonly #rules: ReadonlyMap<string, SpokenRule>;
  readonly #languages: readonly Language[];
  readonly #onBroken: (thrown: unknown) => void;

  constructor({ places, rules, languages = LANGUAGES, onBroken = () => {} }: PayloadOptions) {
    this.#onBroken = onBroken;
    this.#places = places;
    this.#rules = new Map(rules.map((rule) => [rule.id, rule]));
    this.#languages = languages;
  }

  /** The parts of a short text about one transition. */
  brief(event: AlarmEvent): Brief {
    return briefOf(event, this.#subject(event));
  }

  /** The message of one transition, or of a span of numbers without events. */
  event(event: AlarmEvent, sending: Sending): EventMessage | VoidMessage {
    const { site } = this.#places;
    const subject = this.#subject(event);
    const common = {
      format: "tocsin.event.1" as const,
      id: eventId(site.id, event.seq),
      seq: event.seq,
      prev: event.prev,
      time: formatInstant(event.time),
      site: { id: site.id, name: this.text(site.name) },
      revision: event.revision,
      ...sending,
      text: this.#words(event, () => eventText(event, subject)),
    };
    if (event.transition === "void") {
      return {
        ...common,
        transition: "void",
        voidFrom: event.voidFrom ?? event.seq,
        voidTo: event.voidTo ?? event.seq,
      };
    }
    return {
      ...common,
      occurrence: occurrenceId(site.id, event.occurrence),
      transition: event.transition,
      ...(event.severityBefore === undefined ? {} : { severityBefore: event.severityBefore }),
      ...(event.silenceBefore === undefined ? {} : { silenceBefore: event.silenceBefore }),
      ...(event.case === undefined ? {} : { case: `${site.id}-c${event.case}` }),
      ...(event.cause === undefined ? {} : { cause: event.cause }),
      ...(event.overdue === undefined ? {} : { overdue: event.overdue }),
      ...(event.escalateTo === undefined ? {} : { escalateTo: event.escalateTo }),
      from: event.from,
      to: event.to,
      ...this.#alarm(event, subject),
      ...(event.user === undefined ? {} : { user: event.user }),
    };
  }

  /** The retained message of an alarm that is not normal. */
  alarm(alarm: PresentAlarm): AlarmMessage {
    const { site } = this.#places;
    const subject = this.#subject(alarm);
    if (alarm.state === "normal") throw new RangeError("a normal alarm has no message: its topic is cleared");
    const acknowledged =
      alarm.acknowledgedBy !== undefined && (alarm.state === "acknowledged" || alarm.state === "latched");
    return {
      format: "tocsin.alarm.1",
      occurrence: occurrenceId(site.id, alarm.occurrence),
      seq: alarm.seq ?? null,
      state: alarm.state,
      stateText: this.text(CATALOGUE[`state.${alarm.state}`]),
      changed: formatInstant(alarm.changed),
      site: { id: site.id, name: this.text(site.name) },
      ...this.#alarm(alarm, subject),
      ...(acknowledged ? { acknowledgedBy: alarm.acknowledgedBy } : {}),
      revision: site.revision,
      text: this.#words(alarm, () => alarmText(alarm, subject)),
    };
  }

  /** The message of a channel's last reading. */
  reading({ channel, value, reason, time, received }: ChannelView): ReadingMessage {
    const { site } = this.#places;
    return {
      format: "tocsin.reading.1",
      point: site.points[channel.point]!.id,
      device: site.devices[channel.device]!.id,
      channel: channel.id,
      quantity: channel.quantity,
      value: finite(value),
      unit: measuredUnit(channel),
      quality: this.#quality(reason),
      mode: channel.mode,
      time: instantOrNull(time),
      received: instantOrNull(received),
    };
  }

  /** The same words, in the order of languages that the site asked for. */
  text(text: Text): Text {
    return Object.fromEntries(
      this.#languages.map((language) => [language, text[language]]),
    ) as unknown as Text;
  }

  /** An id with its name. */
  named({ id, name }: { id: string; name: Text }): { id: string; name: Text } {
    return { id, name: this.text(name) };
  }

  /** A location as it stands in messages. */
  location(location: Location): EventMessage["where"]["location"] {
    const { address, ...rest } = location;
    return { ...rest, ...(address === undefined ? {} : { address: this.text(address) }) };
  }

  /** Whatever goes wrong with the words, the alarm goes out: colour, point, subject and rule by their ids. */
  #words(alarm: Pick<PresentAlarm, "severity" | "point" | "subject" | "rule">, make: () => Text): Text {
    try {
      return this.text(make());
    } catch (thrown) {
      this.#onBroken(thrown);
      const { severity, point, subject, rule } = alarm;
      const { zh, en } = SEVERITY_TEXT[severity];
      return this.text({
        zh: `【${zh}】${point} ${subject} ${rule}`,
        en: `[${en}] ${point} ${subject} ${rule}`,
      });
    }
  }

  #subject(alarm: { point: string; subject: string; rule: string }): Subject {
    return {
      place: this.#places.of(alarm),
      rule: this.#rules.get(alarm.rule) ?? unknownRule(alarm.rule, alarm.subject),
      timeZone: this.#places.site.timeZone,
    };
  }

  #alarm(alarm: PresentAlarm | AlarmEvent, subject: Subject) {
    const { place, rule } = subject;
    const { channel } = place;
    const measure = channel === undefined ? undefined : measureOf(rule, channel, alarm);
    const { limit, detail } = alarm;
    return {
      mode: alarm.mode,
      class: alarm.class,
      severity: alarm.severity,
      highest: alarm.highest,
      where: this.#where(alarm, place),
      what: {
        quantity: channel?.quantity ?? null,
        ...(channel?.gas === undefined ? {} : { gas: channel.gas }),
        name: this.text(whatOf(subject, alarm)),
      },
      value: finite(alarm.value),
      valueText: this.text(
        valueText(alarm, channel, { limit, measure, detail, asOf: asOf(alarm, subject.timeZone) }),
      ),
      unit: channel === undefined ? null : measuredUnit(measure ?? channel),
      limit: finite(alarm.limit),
      quality: this.#quality(alarm.reason),
      measured: instantOrNull(alarm.measured),
      since: formatInstant(alarm.since),
      rule: {
        id: rule.id,
        name: this.text(rule.name),
        ...(rule.basis === undefined ? {} : { basis: rule.basis }),
      },
      guidance: this.text(guidanceOf(alarm, rule)),
      ...(alarm.silence === undefined ? {} : { silence: alarm.silence }),
      ...(alarm.until === undefined ? {} : { until: formatInstant(alarm.until) }),
      ...(alarm.covers === undefined ? {} : { covers: alarm.covers }),
      ...(alarm.note === undefined ? {} : { note: alarm.note }),
      ...(alarm.detail === undefined ? {} : { detail: alarm.detail }),
    };
  }

  #where({ point, subject }: { point: string; subject: string }, place: Place): EventMessage["where"] {
    const { site } = this.#places;
    const at = place.point;
    return {
      point: at === undefined ? { id: point, name: this.text(site.name) } : this.named(at),
      subject,
      kind: place.kind,
      ...(place.device === undefined ? {} : { device: this.named(place.device) }),
      ...(place.component === undefined ? {} : { component: this.named(place.component) }),
      ...(place.channel === undefined ? {} : { channel: this.named(place.channel) }),
      ...(place.link === undefined ? {} : { link: this.named(place.link) }),
      groups: place.groups.map((group) => this.named(group)),
      location: at === undefined ? {} : this.location(at.location),
      codes: { ...at?.codes },
      text: this.text(place.text),
    };
  }

  #quality(reason: number): EventMessage["quality"] {
    const row = reasonRow(reason);
    return {
      level: QUALITY_NAMES[row.quality],
      reason: row.name,
      text: this.text(row),
      opcua: row.opcua,
      ...(row.ne107 === undefined ? {} : { ne107: row.ne107 }),
    };
  }
}

/** JSON knows no NaN and no infinity: the words beside the number say which it was. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function instantOrNull(time: Micros): string | null {
  return Number.isFinite(time) ? formatInstant(time) : null;
}
