import { z } from "zod";

/*
 * What a schema says of itself: which keys a map may have, what stands at a path, an example. Hints, the reference pages
 * and the two-stage checking of a site file all read the schemas through this.
 */

/** A schema without the wrappers that only change presence (optional, default, nullable, readonly) or the output. */
export function unwrap(schema: z.ZodType): z.ZodType {
  let inner: unknown = schema;
  for (;;) {
    if (
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodDefault ||
      inner instanceof z.ZodPrefault ||
      inner instanceof z.ZodNullable ||
      inner instanceof z.ZodReadonly ||
      inner instanceof z.ZodNonOptional ||
      inner instanceof z.ZodCatch ||
      inner instanceof z.ZodLazy
    ) {
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodPipe) {
      inner = inner.in;
    } else {
      return inner as z.ZodType;
    }
  }
}

/** The alternatives of a union, one level deep or more; a schema that is none is its only alternative. */
export function alternatives(schema: z.ZodType): z.ZodType[] {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodUnion)) return [inner];
  return inner.options.flatMap((option) => alternatives(option as z.ZodType));
}

/** The key that tells the alternatives of a discriminated union apart. */
export function discriminatorOf(schema: z.ZodType): string | undefined {
  const inner = unwrap(schema);
  return inner instanceof z.ZodDiscriminatedUnion ? inner.def.discriminator : undefined;
}

/** The values a `type` key may have in a discriminated union. */
export function discriminatorValues(schema: z.ZodType): string[] {
  const key = discriminatorOf(schema);
  if (key === undefined) return [];
  return alternatives(schema).flatMap((option) => literalsOf(option, key));
}

function literalsOf(option: z.ZodType, key: string): string[] {
  if (!(option instanceof z.ZodObject)) return [];
  const literal = unwrap(option.shape[key] as z.ZodType);
  if (literal instanceof z.ZodLiteral) return [...literal.values].map(String);
  if (literal instanceof z.ZodEnum) return literal.options.map(String);
  return [];
}

/**
 * The schemas that may apply at a path of `value`. In a discriminated union only the alternative that the value chooses.
 */
export function schemasAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): z.ZodType[] {
  const here = chosen(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return here;
  const next =
    typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return here.flatMap((candidate) => {
    const child = childOf(candidate, key);
    return child === undefined ? [] : schemasAt(child, rest, next);
  });
}

function chosen(schema: z.ZodType, value: unknown): z.ZodType[] {
  const key = discriminatorOf(schema);
  const all = alternatives(schema);
  if (key === undefined || typeof value !== "object" || value === null) return all;
  const wanted = (value as Record<string, unknown>)[key];
  if (typeof wanted === "object") return all;
  return all.filter((option) => literalsOf(option, key).includes(String(wanted)));
}

function childOf(schema: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[key as string] as z.ZodType | undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return undefined;
}

/** The keys that a map at this place may have. */
export function keysOf(schemas: readonly z.ZodType[]): string[] {
  const keys = new Set<string>();
  for (const schema of schemas) {
    if (schema instanceof z.ZodObject) for (const key of Object.keys(schema.shape)) keys.add(key);
  }
  return [...keys];
}

/** What `.meta()` said of a schema: the description and examples, from the wrapper or from within. */
export function metaOf(schema: z.ZodType): { description?: string; examples?: readonly unknown[] } {
  let inner: unknown = schema;
  const found: { description?: string; examples?: readonly unknown[] } = {};
  while (inner instanceof z.ZodType) {
    const meta = z.globalRegistry.get(inner);
    if (found.description === undefined && meta?.description !== undefined)
      found.description = meta.description;
    if (found.examples === undefined && Array.isArray(meta?.examples)) found.examples = meta.examples;
    const next = step(inner);
    if (next === undefined) break;
    inner = next;
  }
  return found;
}

function step(schema: z.ZodType): unknown {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  ) {
    return schema.unwrap();
  }
  return schema instanceof z.ZodPipe ? schema.in : undefined;
}
