import type { z } from "zod";

type Issue = z.core.$ZodIssue;

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

/** A schema's name for a type, in words. */
export function kind(expected: string): string {
  return KINDS[expected] ?? expected;
}

/** What an alternative of a union wants. */
export function wants(issue: Issue): string | undefined {
  if (issue.code === "invalid_type") return kind(issue.expected);
  if (issue.code === "invalid_value") return issue.values.map((value) => JSON.stringify(value)).join(" or ");
  return plain(issue);
}

/** `must be at least 1`, in the measure of what is bounded. */
export function bound(issue: Extract<Issue, { code: "too_small" | "too_big" }>): string {
  const [limit, low] = issue.code === "too_small" ? [issue.minimum, true] : [issue.maximum, false];
  const edge = low
    ? issue.inclusive === false
      ? "more than"
      : "at least"
    : issue.inclusive === false
      ? "less than"
      : "at most";
  if (issue.origin === "string")
    return limit === 1n || limit === 1 ? "must not be empty" : `must have ${edge} ${limit} characters`;
  if (issue.origin === "array" || issue.origin === "set") return `must have ${edge} ${limit} entries`;
  return `must be ${edge} ${limit}`;
}

/** A schema's own words, as the end of a sentence. */
export function plain(issue: Issue): string {
  const { message } = issue;
  return message === "" ? "not valid" : message.charAt(0).toLowerCase() + message.slice(1);
}

const LONGEST_SHOWN = 40;

/** A value as it fits into a message. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** The choices there are. */
export function oneOf(known: readonly string[]): string | undefined {
  return known.length === 0 ? undefined : `one of: ${known.join(", ")}`;
}
