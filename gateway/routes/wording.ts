import { SEVERITIES, SEVERITY_TEXT } from "../../model/severity.ts";
import type { Language, Text } from "../../model/text.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Payloads } from "../alerts/payload.ts";
import type { Places } from "../alerts/places.ts";
import { eachLanguage, formatLocal, say } from "../messages/format.ts";
import type { Dispatch } from "./route.ts";

/** Longest line of one event in a digest, characters. */
const LINE_MOST = 120;
const CUT = "…";

export interface WordingOptions {
  readonly id: string;
  readonly payloads: Payloads;
  readonly places: Places;
  /** In this order. */
  readonly languages: readonly Language[];
}

/** What a dispatch says to people, as one text that fits into so many bytes. */
export class Wording {
  readonly #o: WordingOptions;

  constructor(options: WordingOptions) {
    this.#o = options;
  }

  /** The text; `room` in bytes of UTF-8. What does not fit is cut at the end, digests by whole lines. */
  say(dispatch: Dispatch, room: number): string {
    const { languages, places, id } = this.#o;
    const { site } = places;
    switch (dispatch.kind) {
      case "event": {
        const { text } = this.#o.payloads.event(dispatch.event, dispatch.sending);
        return cut(languages.map((language) => text[language]).join("\n"), room);
      }
      case "trial": {
        const text = say("route.trial", { site: site.name, route: id });
        return cut(languages.map((language) => text[language]).join("\n"), room);
      }
      case "digest":
      case "outline":
        return this.#digest(dispatch, room);
    }
  }

  #digest(
    { kind, events }: { kind: "digest" | "outline"; events: readonly AlarmEvent[] },
    room: number,
  ): string {
    const { languages, places } = this.#o;
    const { timeZone, name } = places.site;
    const times = events.map(({ time }) => time);
    const head = say(`route.${kind}`, {
      site: name,
      count: events.length,
      colours: countByColour(events),
      from: formatLocal(Math.min(...times), timeZone),
      to: formatLocal(Math.max(...times), timeZone),
    });
    const lines = languages.map((language) => head[language]);
    const more = (rest: number) => say("route.more", { count: rest })[languages[0]!];
    let left = room - bytes(lines.join("\n"));
    for (const [i, event] of events.entries()) {
      const rest = events.length - i;
      const line = `• ${this.#line(event, languages[0]!)}`;
      const needed = bytes(line) + 1;
      // What comes behind must at least be counted.
      const reserve = rest === 1 ? 0 : bytes(more(rest)) + 1;
      if (needed + reserve > left) {
        lines.push(more(rest));
        break;
      }
      left -= needed;
      lines.push(line);
    }
    return cut(lines.join("\n"), room);
  }

  #line(event: AlarmEvent, language: Language): string {
    const text = this.#o.payloads.event(event, { uncommitted: false, resent: false }).text[language];
    const characters = [...text];
    return characters.length <= LINE_MOST ? text : `${characters.slice(0, LINE_MOST - 1).join("")}${CUT}`;
  }
}

function countByColour(events: readonly AlarmEvent[]): Text {
  const counts = SEVERITIES.toReversed()
    .map((severity) => ({ severity, count: events.filter(({ highest }) => highest === severity).length }))
    .filter(({ count }) => count > 0);
  return eachLanguage((language) =>
    counts
      .map(({ severity, count }) => `${SEVERITY_TEXT[severity][language]} ${count}`)
      .join(language === "zh" ? "、" : ", "),
  );
}

function bytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** A text that has at most so many bytes of UTF-8; no character is torn. */
export function cut(text: string, room: number): string {
  if (bytes(text) <= room) return text;
  let kept = "";
  let size = bytes(CUT);
  for (const character of text) {
    size += bytes(character);
    if (size > room) break;
    kept += character;
  }
  return kept + CUT;
}
