import { DOMAINS, type Domain, type Mode } from "../../../model/domain.ts";
import { type AlarmClass, SEVERITY_TEXT, type Severity } from "../../../model/severity.ts";
import type { Language, Text } from "../../../model/text.ts";
import { HOUR, type Micros } from "../../../model/time.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import type { EventMessage } from "../../alerts/message-schemas.ts";
import { eventId, type Payloads } from "../../alerts/payload.ts";
import type { Places } from "../../alerts/places.ts";
import { say } from "../../messages/format.ts";
import { breaksSilence } from "../selection.ts";
import { areaOf } from "./area.ts";
import type { CapOptions } from "./options.ts";
import { capTime, compactTime } from "./time.ts";
import { element, leaf, type Xml } from "./xml.ts";

const NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2";
/** An all-clear is old news after this. */
const ALL_CLEAR_LASTS: Micros = HOUR;
/** CAP 1.2, headline: some receivers show no more. */
const HEADLINE_MOST = 160;
/** Digits of the sequence in an identifier of GB/T 35965.1: 0 to 9. */
const SEQUENCES = 10;

/** An earlier message, as others refer to it. */
export interface CapReference {
  readonly seq: number;
  readonly sender: string;
  readonly identifier: string;
  readonly sent: string;
}

type Says = "stands" | "over" | "cancelled";

/** What an alarm's domain is to CAP. */
const CATEGORIES: Readonly<Record<Domain, readonly string[]>> = {
  gas: ["Safety", "Infra"],
  fire: ["Fire"],
  geohazard: ["Geo"],
  // CAP 1.2: Met includes flood.
  water: ["Met"],
  electrical: ["Safety", "Fire"],
  machine: ["Safety"],
  environment: ["Env", "Health"],
  system: ["Infra"],
};

/** Colours as CAP grades them; a convention, not a norm. */
const SEVERITY: Readonly<Record<Severity, string>> = {
  red: "Extreme",
  orange: "Severe",
  yellow: "Moderate",
  blue: "Minor",
};
const URGENCY: Readonly<Record<Severity, string>> = {
  red: "Immediate",
  orange: "Immediate",
  yellow: "Expected",
  blue: "Future",
};
/** What the receiver does at once, in general; what exactly stands in the instruction. */
const RESPONSE: Readonly<Record<Severity, string>> = {
  red: "Execute",
  orange: "Prepare",
  yellow: "Monitor",
  blue: "Monitor",
};
const STATUS: Readonly<Record<Mode, string>> = {
  live: "Actual",
  exercise: "Exercise",
  test: "Test",
  // Made up by a scenario: nothing has happened.
  simulated: "Test",
};
const LANGUAGE: Readonly<Record<Language, string>> = { zh: "zh-CN", en: "en-US" };

export interface CapMessagesOptions {
  readonly options: CapOptions;
  readonly payloads: Payloads;
  readonly places: Places;
}

/**
 * Events as messages of the Common Alerting Protocol 1.2: an occurrence is one chain, Alert, Updates, and an Update with AllClear
 * at its end; a Cancel only where the alarm was wrong or its rule has gone. What people do about an alarm is nobody's business
 * outside and says nothing here.
 */
export class CapMessages {
  readonly #o: CapMessagesOptions;
  readonly #sender: string;

  constructor({ options, payloads, places }: CapMessagesOptions) {
    this.#o = { options, payloads, places };
    this.#sender = options.sender ?? `${places.site.id}.tocsin`;
  }

  /** Whether an event is told at all. */
  says(event: AlarmEvent): boolean {
    return saysOf(event) !== undefined;
  }

  /** Whether an event ends what was announced: it is told even where the alarm has been silenced meanwhile. */
  ends(event: AlarmEvent): boolean {
    const says = saysOf(event);
    return says === "over" || says === "cancelled";
  }

  /** Whether it says that the messages before it were wrong. */
  cancels(event: AlarmEvent): boolean {
    return saysOf(event) === "cancelled";
  }

  /** How later messages refer to the message of an event. */
  reference(event: AlarmEvent): CapReference {
    return {
      seq: event.seq,
      sender: this.#sender,
      identifier: this.#identifier(event.seq, event.time),
      sent: this.#time(event.time),
    };
  }

  /** The message of an event, given what was sent before it; undefined where there is nothing to say. */
  event(event: AlarmEvent, earlier: readonly CapReference[]): Xml | undefined {
    const says = saysOf(event);
    if (says === undefined) return undefined;
    // The end of something that nobody was told of.
    if (says !== "stands" && earlier.length === 0) return undefined;
    const { payloads, options } = this.#o;
    const message = payloads.event(event, { uncommitted: false, resent: false });
    if (message.transition === "void") return undefined;
    const { identifier, sender, sent } = this.reference(event);
    return document(
      leaf("identifier", identifier),
      leaf("sender", sender),
      leaf("sent", sent),
      leaf("status", STATUS[event.mode]),
      leaf("msgType", says === "cancelled" ? "Cancel" : earlier.length > 0 ? "Update" : "Alert"),
      ...this.#audience(),
      leaf("note", says === "cancelled" ? (event.note ?? message.text.zh) : undefined),
      leaf("references", earlier.map((one) => `${one.sender},${one.identifier},${one.sent}`).join(" ")),
      leaf("incidents", message.occurrence),
      ...options.languages.map((language) => this.#info(event, { message, says, language })),
    );
  }

  /** A message that says that it is a trial. */
  trial(time: Micros): Xml {
    const { places, options } = this.#o;
    const { site } = places;
    const text = say("route.trial", { site: site.name, route: "CAP" });
    return document(
      leaf("identifier", `${site.id}-trial-${time}`),
      leaf("sender", this.#sender),
      leaf("sent", this.#time(time)),
      leaf("status", "Test"),
      leaf("msgType", "Alert"),
      ...this.#audience(),
      ...options.languages.map((language) =>
        element(
          "info",
          leaf("language", LANGUAGE[language]),
          leaf("category", "Other"),
          leaf("event", text[language].slice(0, HEADLINE_MOST)),
          leaf("responseType", "None"),
          leaf("urgency", "Unknown"),
          leaf("severity", "Unknown"),
          leaf("certainty", "Unknown"),
          leaf("expires", this.#time(time + ALL_CLEAR_LASTS)),
          leaf("senderName", site.name[language]),
          leaf("description", text[language]),
          element("area", leaf("areaDesc", site.name[language])),
        ),
      ),
    );
  }

  /** Scope, and whom it means. */
  #audience(): Xml[] {
    const { scope, restriction, addresses } = this.#o.options;
    return [
      leaf("scope", scope),
      leaf("restriction", scope === "Restricted" ? restriction : undefined),
      leaf("addresses", scope === "Private" ? addresses.join(" ") : undefined),
    ];
  }

  #info(
    event: AlarmEvent,
    { message, says, language }: { message: EventMessage; says: Says; language: Language },
  ): Xml {
    const { options, places } = this.#o;
    const over = says !== "stands";
    const expires = event.time + (over ? ALL_CLEAR_LASTS : options.expires);
    const point = places.point(event.point);
    return element(
      "info",
      leaf("language", LANGUAGE[language]),
      ...categoriesOf(event.domain).map((category) => leaf("category", category)),
      leaf("event", message.rule.name[language]),
      leaf("responseType", over ? "AllClear" : RESPONSE[event.severity]),
      leaf("urgency", over ? "Past" : URGENCY[event.severity]),
      leaf("severity", SEVERITY[event.severity]),
      leaf("certainty", message.quality.level === "uncertain" ? "Likely" : "Observed"),
      eventCode("tocsin:rule", event.rule),
      leaf("effective", this.#time(event.time)),
      leaf("onset", this.#time(event.since)),
      leaf("expires", this.#time(expires)),
      leaf("senderName", message.site.name[language]),
      leaf("headline", headline(event, { message, over })[language].slice(0, HEADLINE_MOST)),
      leaf("description", message.text[language]),
      leaf("instruction", over ? undefined : message.guidance[language]),
      leaf("web", options.web),
      leaf("contact", options.contact),
      ...parameters(event, message),
      areaOf({ point, message, options, language }),
    );
  }

  #identifier(seq: number, time: Micros): string {
    const { options, places } = this.#o;
    const { site } = places;
    if (options.code === undefined) return eventId(site.id, seq);
    return `${options.code}_${compactTime(time, site.timeZone)}_${seq % SEQUENCES}`;
  }

  #time(time: Micros): string {
    return capTime(time, this.#o.places.site.timeZone);
  }
}

function saysOf(event: AlarmEvent): Says | undefined {
  switch (event.transition) {
    case "raise":
    case "again":
    case "upgrade":
    case "downgrade":
      return "stands";
    case "return":
      // Latched: over only when a person has seen to it.
      return event.to === "normal" || event.to === "returned" ? "over" : undefined;
    case "reset":
      return event.to === "normal" ? "over" : undefined;
    case "withdraw":
      return "cancelled";
    default:
      return breaksSilence(event) ? "stands" : undefined;
  }
}

function document(...children: readonly Xml[]): Xml {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="${NAMESPACE}">${children.join("")}</alert>\n`;
}

function categoriesOf(domain: string): readonly string[] {
  const known = DOMAINS.find((one) => one === domain);
  return known === undefined ? ["Other"] : CATEGORIES[known];
}

function headline(event: AlarmEvent, { message, over }: { message: EventMessage; over: boolean }): Text {
  return say(over ? "cap.headline-over" : "cap.headline", {
    where: message.where.text,
    rule: message.rule.name,
    severity: SEVERITY_TEXT[event.severity],
  });
}

function eventCode(name: string, value: string): Xml {
  return element("eventCode", leaf("valueName", name), leaf("value", value));
}

/** What machines want to know, by name. */
function parameters(event: AlarmEvent, message: EventMessage): Xml[] {
  const pairs: readonly (readonly [string, string | undefined])[] = [
    ["tocsin:colour", event.severity.toUpperCase()],
    ["tocsin:class", event.class satisfies AlarmClass],
    ["tocsin:point", event.point],
    ["tocsin:subject", event.subject],
    ["tocsin:state", event.to],
    ["tocsin:value", message.value === null ? undefined : String(message.value)],
    ["tocsin:limit", message.limit === null ? undefined : String(message.limit)],
    ["tocsin:unit", message.unit?.ucum],
    ["tocsin:basis", message.rule.basis],
    ...Object.entries(message.where.codes).map(([system, code]) => [`code:${system}`, code] as const),
  ];
  return pairs
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => element("parameter", leaf("valueName", name), leaf("value", value)));
}
