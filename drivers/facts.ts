import type { Text } from "../model/text.ts";
import { formatInstant, type Micros, SECOND } from "../model/time.ts";
import type { Fact } from "./request.ts";

/** A clock or a time that a device has not. */
const UNSET: Text = { zh: "未设置", en: "not set" };

/** A text that is the same in both languages. */
export function same(text: string): Text {
  return { zh: text, en: text };
}

/** A text that a device said. */
export function textFact(id: string, name: Text, value: string): Fact {
  return { id, name, value, text: same(value) };
}

/** An instant; NaN: there is none. */
export function instantFact(id: string, name: Text, time: Micros): Fact {
  if (Number.isNaN(time)) return { id, name, value: null, text: UNSET };
  return textFact(id, name, formatInstant(time));
}

/** What a device's clock shows, NaN for nothing, and how many seconds it is ahead of ours. */
export function clockFacts(time: Micros, wall: Micros): Fact[] {
  const ahead = Number.isNaN(time) ? null : Math.round((time - wall) / SECOND);
  return [
    instantFact("clock", { zh: "时钟", en: "clock" }, time),
    {
      id: "ahead",
      name: { zh: "快于网关", en: "ahead of the gateway" },
      value: ahead,
      text: ahead === null ? UNSET : same(`${ahead} s`),
    },
  ];
}
