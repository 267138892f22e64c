import { z } from "zod";
import { formatDuration } from "../../model/time.ts";
import { addressSchemas, siteFileSchema } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * JSON Schema of a site file as a person writes it (before defaults), for editors: draft 7, which yaml-language-server and
 * VS Code read. What only `tocsin check` can know (references, addresses by type of link) is left open.
 */
export function siteJsonSchema(): JsonSchema {
  return editorSchema(siteFileSchema, "Tocsin site file");
}

/** The same for any file that is read by a zod schema. */
export function editorSchema(of: z.ZodType, title: string): JsonSchema {
  const schema = z.toJSONSchema(of, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema),
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title,
    ...schema,
  };
}

function refine(schema: unknown, json: JsonSchema): void {
  if (json.addressOfLinks === true) {
    delete json.addressOfLinks;
    delete json.additionalProperties;
    delete json.propertyNames;
    json.anyOf = addresses();
  }
  delete json.durationRange;
  if (schema instanceof z.ZodDefault && isDuration(schema)) {
    // The default is known parsed, in microseconds; in the file it is written as a duration.
    json.default = formatDuration(Number(schema.def.defaultValue));
  }
  // A template's entries are checked once its columns are filled in.
  if (json.propertyNames !== undefined && json.type !== "object") delete json.propertyNames;
}

function addresses(): JsonSchema[] {
  const seen = new Set<z.ZodObject>();
  const all: JsonSchema[] = [];
  for (const schema of addressSchemas.values()) {
    if (seen.has(schema)) continue;
    seen.add(schema);
    const json: JsonSchema = z.toJSONSchema(schema, {
      io: "input",
      target: "draft-7",
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema),
    });
    delete json.$schema;
    all.push(json);
  }
  return all;
}

/** Whether an option is written as a duration. */
function isDuration(schema: unknown): boolean {
  let inner = schema;
  while (inner instanceof z.ZodType) {
    const meta = z.globalRegistry.get(inner) as Record<string, unknown> | undefined;
    if (meta?.durationRange !== undefined) return true;
    if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault) {
      inner = inner.unwrap();
    } else return false;
  }
  return false;
}
