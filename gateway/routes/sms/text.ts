import { SEVERITIES, SEVERITY_TEXT } from "../../../model/severity.ts";
import type { Language } from "../../../model/text.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import type { Brief } from "../../alerts/brief.ts";
import type { Payloads } from "../../alerts/payload.ts";
import type { Places } from "../../alerts/places.ts";
import { eachLanguage, say } from "../../messages/format.ts";
import type { Dispatch } from "../route.ts";
import { PART_UNITS, SINGLE_UNITS } from "./pdu.ts";

const CUT = "…";
/** A name is not shortened below this: it would say nothing. */
const SHORTEST_NAME = 6;

export interface TextOptions {
  readonly id: string;
  readonly payloads: Payloads;
  readonly places: Places;
  readonly language: Language;
  /** Messages that one text may take. */
  readonly parts: number;
}

/** What a dispatch says in one short message: colour, place, what, value, time; more only where several parts are allowed. */
export class ShortText {
  readonly #o: TextOptions;

  constructor(options: TextOptions) {
    this.#o = options;
  }

  /** UTF-16 units that a text may have. */
  get room(): number {
    const { parts } = this.#o;
    return parts === 1 ? SINGLE_UNITS : parts * PART_UNITS;
  }

  say(dispatch: Dispatch): string {
    const { payloads, places, id, language, parts } = this.#o;
    switch (dispatch.kind) {
      case "event": {
        if (parts === 1) return this.#brief(dispatch.event);
        return cut(payloads.event(dispatch.event, dispatch.sending).text[language], this.room);
      }
      case "trial":
        return cut(say("sms.trial", { site: places.site.name, route: id })[language], this.room);
      case "digest":
      case "outline":
        return this.#digest(dispatch.kind, dispatch.events);
    }
  }

  #brief(event: AlarmEvent): string {
    const { payloads, language } = this.#o;
    const brief = payloads.brief(event);
    const value = spokenValue(brief, language);
    const comma = language === "zh" ? "，" : ", ";
    const compose = (where: string, what: string) =>
      `${brief.head[language]}${where}${comma}${what}${value}${comma}${brief.time[language]}`;
    let where = brief.where[language];
    let what = brief.what[language];
    const tooLong = () => compose(where, what).length > SINGLE_UNITS;
    // First the instrument goes: people know where to run by the place.
    if (tooLong()) where = brief.point[language];
    while (tooLong()) {
      const least = Math.max(where.length, what.length);
      if (least <= SHORTEST_NAME) break;
      if (where.length >= what.length) where = shorter(where);
      else what = shorter(what);
    }
    return cut(compose(where, what), SINGLE_UNITS);
  }

  /** How many, of which colours, and the first of them as far as there is room. */
  #digest(kind: "digest" | "outline", events: readonly AlarmEvent[]): string {
    const { payloads, places, language } = this.#o;
    let text = say(`sms.${kind}`, {
      site: places.site.name,
      count: events.length,
      colours: countByColour(events),
    })[language];
    const between = language === "zh" ? "；" : "; ";
    for (const [i, event] of events.entries()) {
      const brief = payloads.brief(event);
      const where = language === "zh" ? brief.point.zh : `${brief.point.en} `;
      const more = `${i === 0 ? "" : between}${where}${brief.what[language]}${spokenValue(brief, language)}`;
      if (text.length + more.length + CUT.length > this.room)
        return i === 0 ? cut(text + more, this.room) : text + CUT;
      text += more;
    }
    return text;
  }
}

/** With what stands between it and the name of what was measured. */
function spokenValue({ value }: Brief, language: Language): string {
  return language === "zh" || value.en === "" ? value[language] : ` ${value.en}`;
}

function countByColour(events: readonly AlarmEvent[]) {
  const counts = SEVERITIES.toReversed()
    .map((severity) => ({ severity, count: events.filter(({ highest }) => highest === severity).length }))
    .filter(({ count }) => count > 0);
  return eachLanguage((language) =>
    counts.map(({ severity, count }) => `${SEVERITY_TEXT[severity][language]}${count}`).join(" "),
  );
}

function shorter(name: string): string {
  const characters = [...name.replace(/…$/, "")];
  return `${characters.slice(0, -1).join("")}${CUT}`;
}

/** A text of at most so many UTF-16 units; no character is torn. */
function cut(text: string, room: number): string {
  if (text.length <= room) return text;
  let kept = "";
  for (const character of text) {
    if (kept.length + character.length > room - CUT.length) break;
    kept += character;
  }
  return kept + CUT;
}
