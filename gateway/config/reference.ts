import { z } from "zod";
import { bytesSchema, durationSchema, idSchema } from "../../model/schema.ts";
import { formatDuration } from "../../model/time.ts";
import { termSchema } from "../../rules/conditions/terms/term.ts";
import { flow } from "./flow.ts";
import { SECRET_PATTERN } from "./secret.ts";
import { alternatives, discriminatorOf, metaOf, unwrap } from "./shape.ts";

/*
 * Tables of options, straight from the schemas: what the reference pages are made of.
 */

/** One option of a section, as a row of its table. */
interface Row {
  readonly option: string;
  readonly type: string;
  readonly preset: string;
  readonly bounds: string;
  readonly description: string;
  readonly example: string;
}

/** Deeper options are left to the page of what they belong to. */
const DEEPEST = 4;

/** What stands in many places and within itself: it has a table of its own, and elsewhere only its name. */
const NAMED: ReadonlyMap<z.ZodType, string> = new Map([[unwrap(termSchema), "term"]]);

/** A table of the options of one map alone, without those below. */
export function shallowTable(schema: z.ZodType): string {
  return table(rowsOf(unwrap(schema), "", DEEPEST));
}

/** A Markdown table of all options of a section, nested ones with dotted names; alternatives by type each with their own. */
export function optionTables(schema: z.ZodType, heading: string): string[] {
  const options = alternatives(schema);
  const key = discriminatorOf(schema);
  if (key === undefined || options.length === 1) return [table(rowsOf(options[0]!, "", 0))];
  const parts: string[] = [];
  for (const option of options) {
    if (!(option instanceof z.ZodObject)) continue;
    const literal = unwrap(option.shape[key] as z.ZodType);
    const name = literal instanceof z.ZodLiteral ? [...literal.values].join(", ") : "";
    const { description } = metaOf(option);
    parts.push(
      `${heading} \`${key}: ${name}\``,
      ...(description === undefined ? [] : [`${description}.`.replace(/\.\.$/, ".")]),
    );
    const rows = rowsOf(option, "", 0);
    // What every alternative has comes first: which one it is, and its name.
    const first = [`\`${key}\``, "`name`"];
    parts.push(table(rows.toSorted((a, b) => place(first, a) - place(first, b))));
  }
  return parts;
}

function place(first: readonly string[], { option }: Row): number {
  const at = first.indexOf(option);
  return at < 0 ? first.length : at;
}

function rowsOf(schema: z.ZodType, prefix: string, depth: number): Row[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, child]) => {
    const option = `${prefix}${name}`;
    return [row(option, child as z.ZodType), ...below(child as z.ZodType, option, depth + 1)];
  });
}

function below(schema: z.ZodType, option: string, depth: number): Row[] {
  if (depth > DEEPEST) return [];
  const inner = unwrap(schema);
  if (NAMED.has(inner)) return [];
  if (inner instanceof z.ZodObject) return isText(inner) ? [] : rowsOf(inner, `${option}.`, depth);
  if (inner instanceof z.ZodRecord) {
    const value = unwrap(inner.valueType as z.ZodType);
    return value instanceof z.ZodObject ? rowsOf(value, `${option}.*.`, depth) : [];
  }
  if (inner instanceof z.ZodArray) {
    const element = unwrap(inner.element as z.ZodType);
    if (NAMED.has(element)) return [];
    return element instanceof z.ZodObject ? rowsOf(element, `${option}[].`, depth) : [];
  }
  if (inner instanceof z.ZodUnion) {
    return alternatives(inner).flatMap((alternative) =>
      alternative instanceof z.ZodObject && !isText(alternative)
        ? rowsOf(alternative, `${option}.`, depth)
        : [],
    );
  }
  return [];
}

function row(option: string, schema: z.ZodType): Row {
  const { description = "", examples } = metaOf(schema);
  return {
    option: `\`${option}\``,
    type: typeName(schema),
    preset: presetOf(schema),
    bounds: boundsOf(schema),
    description,
    example: examples?.[0] === undefined || GENERIC_EXAMPLES.has(examples[0]) ? "" : code(examples[0]),
  };
}

/** Examples that every duration and size has unless it gives a better one: they say how to write it, not how much is sensible. */
const GENERIC_EXAMPLES: ReadonlySet<unknown> = new Set(
  [durationSchema(), bytesSchema, idSchema].map((schema) => metaOf(schema).examples?.[0]),
);

/** Words in both languages: `{ zh, en }`. */
function isText(schema: z.ZodObject): boolean {
  const keys = Object.keys(schema.shape);
  return keys.length === 2 && keys.includes("zh") && keys.includes("en");
}

/** The type of an option as a person would say it. */
function typeName(schema: z.ZodType): string {
  if (rangeOf(schema) !== undefined) return "duration";
  const inner = unwrap(schema);
  const name = NAMED.get(inner);
  if (name !== undefined) return name;
  if (inner instanceof z.ZodUnion) {
    const all = alternatives(inner);
    if (all.some((option) => option instanceof z.ZodObject && isText(option))) return "words";
    return [...new Set(all.map(typeName))].join(" or ");
  }
  if (inner instanceof z.ZodEnum)
    return inner.options.length > 12 ? "name" : inner.options.map((o) => `\`${String(o)}\``).join(", ");
  if (inner instanceof z.ZodLiteral)
    return [...inner.values].map((value) => `\`${String(value)}\``).join(", ");
  if (inner instanceof z.ZodArray) return `list of ${typeName(inner.element as z.ZodType)}`;
  if (inner instanceof z.ZodRecord) return "map";
  if (inner instanceof z.ZodTuple) return "list";
  if (inner instanceof z.ZodObject) return isText(inner) ? "words" : "map";
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodNumber) return inner.isInt ? "whole number" : "number";
  if (inner instanceof z.ZodString) return stringName(inner);
  return "any";
}

function stringName(schema: z.ZodString): string {
  const patterns = (schema.def.checks ?? []).map((check) => {
    const { pattern } = check._zod.def as { pattern?: RegExp };
    return pattern?.source ?? "";
  });
  if (patterns.some((source) => source.includes("KiB"))) return "size";
  if (patterns.some((source) => source === SECRET_PATTERN.source)) return "secret";
  if (patterns.some((source) => source.startsWith("^[a-z0-9_-]{1,64}"))) return "id";
  return "text";
}

function presetOf(schema: z.ZodType): string {
  let inner: unknown = schema;
  while (inner instanceof z.ZodType) {
    if (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      const value: unknown = inner.def.defaultValue;
      if (typeof value === "number" && rangeOf(schema) !== undefined) return code(formatDuration(value));
      if (typeof value === "number" && typeName(schema) === "size") return code(size(value));
      const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
      return empty ? "" : code(value);
    }
    if (inner instanceof z.ZodOptional) return "";
    if (!(inner instanceof z.ZodNullable) && !(inner instanceof z.ZodReadonly)) break;
    inner = inner.unwrap();
  }
  return "**required**";
}

const BINARY_SIZES = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

function size(bytes: number): string {
  for (const [name, unit] of BINARY_SIZES)
    if (bytes >= unit && bytes % unit === 0) return `${bytes / unit}${name}`;
  return `${bytes}B`;
}

/** Bounds of a duration as written; undefined for anything else. */
function rangeOf(schema: z.ZodType): { min?: string; max?: string } | undefined {
  let inner: unknown = schema;
  while (inner instanceof z.ZodType) {
    const meta = z.globalRegistry.get(inner) as
      | { durationRange?: { min?: string; max?: string } }
      | undefined;
    if (meta?.durationRange !== undefined) return meta.durationRange;
    if (
      !(inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault)
    ) {
      return undefined;
    }
    inner = inner.unwrap();
  }
  return undefined;
}

function boundsOf(schema: z.ZodType): string {
  const duration = rangeOf(schema);
  if (duration !== undefined) return span(duration.min, duration.max);
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodNumber)) return "";
  const { minValue, maxValue } = inner;
  const known = (value: number | null) =>
    value === null || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : String(value);
  return span(known(minValue), known(maxValue));
}

function span(low: string | undefined, high: string | undefined): string {
  if (low === undefined) return high === undefined ? "" : `≤ ${high}`;
  return high === undefined ? `≥ ${low}` : `${low} … ${high}`;
}

/** A value as it would stand in the file, on one line. */
function code(value: unknown): string {
  return `\`${flow(value)}\``;
}

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return "No options.";
  const lines = ["| option | type | default | range | what | example |", "|---|---|---|---|---|---|"];
  for (const entry of rows) {
    const cells = [entry.option, entry.type, entry.preset, entry.bounds, entry.description, entry.example];
    lines.push(`| ${cells.map(escapeCell).join(" | ")} |`);
  }
  return lines.join("\n");
}

function escapeCell(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
