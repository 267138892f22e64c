import type { z } from "zod";
import type { Text } from "../../model/text.ts";
import { inBoth } from "../messages/chinese.ts";
import { LISTED, listed } from "./texts/hints.ts";
import {
  A_LIST,
  A_MAP,
  type Bound,
  EMPTY_VALUE,
  either,
  KINDS,
  NOT_VALID,
  outOfBounds,
} from "./texts/structure.ts";

type Issue = z.core.$ZodIssue;

/** A schema's name for a type, in words. */
export function kind(expected: string): Text {
  return KINDS[expected] ?? { en: expected, zh: expected };
}

/** What an alternative of a union wants. */
export function wants(issue: Issue): Text {
  if (issue.code === "invalid_type") return kind(issue.expected);
  if (issue.code === "invalid_value") return either(issue.values.map((value) => asIs(JSON.stringify(value))));
  return plain(issue);
}

/** `"port" must be at least 1`, in the measure of what is bounded. */
export function bounded(name: Text, issue: Extract<Issue, { code: "too_small" | "too_big" }>): Text {
  const low = issue.code === "too_small";
  return outOfBounds(name, {
    limit: low ? issue.minimum : issue.maximum,
    low,
    inclusive: issue.inclusive !== false,
    of: measureOf(issue.origin),
  });
}

function measureOf(origin: string): Bound["of"] {
  if (origin === "string") return "text";
  return origin === "array" || origin === "set" ? "list" : "number";
}

/** A schema's own words, as the end of a sentence. */
export function plain({ message }: Issue): Text {
  return message === "" ? NOT_VALID : inBoth(message.charAt(0).toLowerCase() + message.slice(1));
}

const LONGEST_SHOWN = 40;

/** A value as it fits into a message. */
export function show(value: unknown): Text {
  if (value === undefined || value === null) return EMPTY_VALUE;
  if (Array.isArray(value)) return A_LIST;
  if (typeof value === "object") return A_MAP;
  const text = JSON.stringify(value) ?? String(value);
  return asIs(text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text);
}

/** What is written alike in both languages; in Chinese a space sets it off. */
function asIs(text: string): Text {
  return { en: text, zh: ` ${text}` };
}

/** The choices there are. */
export function oneOf(known: readonly string[]): Text | undefined {
  return known.length === 0 ? undefined : listed(LISTED.choices, known);
}
