import type { z } from "zod";
import type { Text } from "../../model/text.ts";
import { flow } from "./flow.ts";
import { bounded, kind, oneOf, plain, show, wants } from "./issue-words.ts";
import { type Entry, entryOf, isTree, locate, valueAt } from "./located.ts";
import type { Complaint, Problems } from "./problem.ts";
import { discriminatorValues, keysOf, metaOf, schemasAt } from "./shape.ts";
import type { Spot } from "./source.ts";
import { didYouMean } from "./suggestion.ts";
import { forExample, inQuotes, LISTED, within } from "./texts/hints.ts";
import {
  COMMA_IN_BRACES,
  cannotBe,
  either,
  missing,
  multipleOf,
  mustBe,
  named,
  THIS,
  unknownKey,
} from "./texts/structure.ts";

type Issue = z.core.$ZodIssue;

/** Where the value to validate hangs: `root` at `path`. */
export interface Subtree {
  readonly root: object;
  readonly path: readonly PropertyKey[];
  /** For what no file shows: a section that is missing altogether. */
  readonly fallback: Spot;
  /** What is missing altogether counts as an empty map, whose required keys are then missing. */
  readonly empty?: boolean;
}

/** What an issue is about. */
export interface Context {
  readonly schema: z.ZodType;
  readonly subtree: Subtree;
  readonly value: unknown;
  readonly problems: Problems;
}

/** Says what an issue of a schema means, at its line and column. */
export function report(context: Context, issue: Issue, prefix: readonly PropertyKey[]): void {
  const path = [...prefix, ...issue.path];
  const at = (
    complaint: Complaint,
    what: "key" | "value" = "value",
    below: readonly PropertyKey[] = path,
  ) => {
    const spot =
      locate(context.subtree.root, [...context.subtree.path, ...below], what) ?? context.subtree.fallback;
    context.problems.at(spot, complaint);
  };
  switch (issue.code) {
    case "unrecognized_keys":
      for (const key of issue.keys) at(ofUnknownKey(context, path, key), "key", [...path, key]);
      return;
    case "invalid_union":
      reportUnion(context, issue, path);
      return;
    case "invalid_key":
      for (const inner of issue.issues) at({ message: within(named(path.at(-1)), plain(inner)) }, "key");
      return;
    default:
      if (entryAt(context.subtree, path)?.unfilled !== true) at(word(context, issue, path));
  }
}

function ofUnknownKey(context: Context, path: readonly PropertyKey[], key: string): Complaint {
  // `{ en: First floor, corridor }` is two keys to YAML, the second without a value.
  if (/\s/.test(key) && valueAt(context.value, [...path, key]) === null) {
    return { message: unknownKey(key), hint: COMMA_IN_BRACES };
  }
  const known = keysOf(schemasAt(context.schema, path, context.value));
  return { message: unknownKey(key), hint: didYouMean(key, known, LISTED.keys) };
}

/** Of the alternatives that failed, the one that came furthest says what is wrong; when none did, all say what they want. */
function reportUnion(
  context: Context,
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: readonly PropertyKey[],
): void {
  const { subtree, problems } = context;
  const spot = locate(subtree.root, [...subtree.path, ...path]) ?? subtree.fallback;
  const value = valueAt(context.value, path);
  if (issue.errors.length === 0) {
    const parentPath = path.slice(0, -1);
    const known = schemasParent(context, parentPath);
    const name = named(path.at(-1));
    const message = value === undefined ? missing(name) : cannotBe(name, show(value));
    const hint = typeof value === "string" ? didYouMean(value, known, LISTED.choices) : oneOf(known);
    problems.at(spot, { message, hint });
    return;
  }
  if (value === undefined) {
    problems.at(spot, { message: missing(named(path.at(-1))), hint: exampleHint(context, path) });
    return;
  }
  const nested = issue.errors.filter((branch) => branch.some((inner) => !refusesWhole(inner)));
  const best = nested.toSorted((a, b) => weight(a) - weight(b))[0];
  if (best !== undefined && (isTree(value) || Array.isArray(value) || nested.length === 1)) {
    for (const inner of best) report(context, inner, path);
    return;
  }
  const wanted = new Map(issue.errors.flatMap((branch) => branch.map(wants)).map((want) => [want.en, want]));
  const name = path.length === 0 ? THIS : named(path.at(-1));
  problems.at(spot, {
    message: mustBe(name, either([...wanted.values()]), show(value)),
    hint:
      typeof value === "number" && wanted.has(kind("string").en)
        ? quoted(context.subtree, path, value)
        : exampleHint(context, path),
  });
}

/** An alternative that refuses the value as a whole, because it is of another kind. */
function refusesWhole(issue: Issue): boolean {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

/** Unknown keys weigh most: an alternative that knows all keys is the one that was meant. */
function weight(issues: readonly Issue[]): number {
  let sum = 0;
  for (const issue of issues) sum += issue.code === "unrecognized_keys" ? 10 * issue.keys.length : 1;
  return sum;
}

function schemasParent(context: Context, path: readonly PropertyKey[]): string[] {
  const values = new Set<string>();
  const walk = (schema: z.ZodType, rest: readonly PropertyKey[], value: unknown): void => {
    if (rest.length === 0) for (const name of discriminatorValues(schema)) values.add(name);
    for (const option of schemasAt(schema, [], value)) {
      const [key, ...below] = rest;
      if (key === undefined) continue;
      const shape = option as {
        shape?: Record<string, z.ZodType>;
        valueType?: z.ZodType;
        element?: z.ZodType;
      };
      const child = shape.shape?.[key as string] ?? shape.valueType ?? shape.element;
      const next =
        typeof value === "object" && value !== null
          ? (value as Record<PropertyKey, unknown>)[key]
          : undefined;
      if (child !== undefined) walk(child, below, next);
    }
  };
  walk(context.schema, path, context.value);
  return [...values];
}

function word(context: Context, issue: Issue, path: readonly PropertyKey[]): Complaint {
  const last = path.at(-1);
  const value = valueAt(context.value, path);
  const name = last === undefined ? lastName(context.subtree) : named(last);
  if (value === undefined && issue.code !== "custom") {
    return { message: missing(name), hint: exampleHint(context, path) };
  }
  switch (issue.code) {
    case "invalid_type": {
      const hint =
        issue.expected === "string" && typeof value === "number"
          ? quoted(context.subtree, path, value)
          : exampleHint(context, path);
      return { message: mustBe(name, kind(issue.expected), show(value)), hint };
    }
    case "invalid_value": {
      const known = issue.values.map(String);
      const message =
        known.length === 1
          ? mustBe(name, { en: known[0]!, zh: ` ${known[0]}` }, show(value))
          : cannotBe(name, show(value));
      return {
        message,
        hint: didYouMean(typeof value === "object" ? "" : String(value), known, LISTED.choices),
      };
    }
    case "too_small":
    case "too_big":
      return { message: bounded(name, issue), hint: exampleHint(context, path) };
    case "not_multiple_of":
      return { message: multipleOf(name, issue.divisor) };
    default: {
      const message = within(name, plain(issue));
      // A schema's own words often show how to write it.
      return /\bwrite\b|for example/.test(message.en)
        ? { message }
        : { message, hint: exampleHint(context, path) };
    }
  }
}

/** `0012` is the number 12 to YAML; the hint shows what was written. */
function quoted(subtree: Subtree, path: readonly PropertyKey[], value: number): Text {
  return inQuotes(entryAt(subtree, path)?.written ?? value);
}

function lastName(subtree: Subtree): Text {
  return named(subtree.path.at(-1));
}

function entryAt(subtree: Subtree, below: readonly PropertyKey[]): Entry | undefined {
  const path = [...subtree.path, ...below];
  const parent = valueAt(subtree.root, path.slice(0, -1));
  const key = path.at(-1);
  return typeof parent === "object" && parent !== null && key !== undefined
    ? entryOf(parent, String(key))
    : undefined;
}

function exampleHint(context: Context, path: readonly PropertyKey[]): Text | undefined {
  for (const schema of rawSchemasAt(context, path)) {
    const { examples } = metaOf(schema);
    const example = examples?.[0];
    if (example !== undefined) return forExample(flow(example));
  }
  return undefined;
}

/** Like schemasAt, but the last step keeps its wrappers, where descriptions and examples hang. */
function rawSchemasAt(context: Context, path: readonly PropertyKey[]): z.ZodType[] {
  const last = path.at(-1);
  if (last === undefined) return [context.schema];
  const parents = schemasAt(context.schema, path.slice(0, -1), context.value);
  return parents.flatMap((parent) => {
    const shape = (parent as { shape?: Record<string, z.ZodType> }).shape;
    const child = shape?.[last as string];
    return child === undefined ? [] : [child];
  });
}
