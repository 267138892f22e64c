import type { Text } from "../../model/text.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { eachLanguage, formatLocal } from "../messages/format.ts";
import { head, type Subject, thingText, whatOf } from "./wording.ts";

/** What a few words about an event are made of: what may be shortened stands apart from what may not. */
export interface Brief {
  /** `【红色】`, `[red · worse] `. */
  readonly head: Text;
  /** The place with its instrument. */
  readonly where: Text;
  /** The place alone. */
  readonly point: Text;
  /** What is measured, or what has failed. */
  readonly what: Text;
  /** Its value with the unit; empty where none is told. */
  readonly value: Text;
  readonly time: Text;
}

/** The parts of a short text about an event. */
export function briefOf(event: AlarmEvent, subject: Subject): Brief {
  const { place, timeZone } = subject;
  const thing = thingText(subject, event, false);
  const what = whatOf(subject, event);
  const tail = eachLanguage((language) =>
    thing[language].startsWith(what[language]) ? thing[language].slice(what[language].length).trim() : "",
  );
  // Where the thing does not begin with what is measured, it is one piece.
  const apart = tail.zh !== "" && tail.en !== "";
  return {
    head: head(event),
    where: place.text,
    point: place.point?.name ?? place.text,
    what: apart ? what : thing,
    value: apart ? tail : { zh: "", en: "" },
    time: formatLocal(event.time, timeZone),
  };
}
