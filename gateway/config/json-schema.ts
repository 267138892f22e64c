import { z } from "zod";
import type { DriverKind } from "../../drivers/driver.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { formatDuration } from "../../model/time.ts";
import { linksSchemaOf, siteFileSchema } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * JSON Schema of a site file as a person writes it (before defaults), for editors: draft 7, which yaml-language-server and
 * VS Code read. What only `tocsin check` can know (references, addresses by type of link) is left open. `kinds`: the kinds of
 * link that there are, where the site brings drivers of its own.
 */
export function siteJsonSchema(kinds: ReadonlyMap<string, DriverKind> = driverKinds): JsonSchema {
  const links = linksSchemaOf(kinds.values());
  return editorSchema(siteFileSchema.extend({ links }), "Tocsin site file", kinds);
}

/** The same for any file that is read by a zod schema. */
export function editorSchema(
  of: z.ZodType,
  title: string,
  kinds: ReadonlyMap<string, DriverKind> = driverKinds,
): JsonSchema {
  const schema = z.toJSONSchema(of, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema, kinds),
  });
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title,
    ...schema,
  };
}

function refine(schema: unknown, json: JsonSchema, kinds: ReadonlyMap<string, DriverKind>): void {
  if (json.addressOfLinks === true) {
    delete json.addressOfLinks;
    delete json.additionalProperties;
    delete json.propertyNames;
    json.anyOf = addresses(kinds);
  }
  delete json.durationRange;
  if (schema instanceof z.ZodDefault && isDuration(schema)) {
    // The default is known parsed, in microseconds; in the file it is written as a duration.
    json.default = formatDuration(Number(schema.def.defaultValue));
  }
  // A template's entries are checked once its columns are filled in.
  if (json.propertyNames !== undefined && json.type !== "object") delete json.propertyNames;
}

function addresses(kinds: ReadonlyMap<string, DriverKind>): JsonSchema[] {
  const all: JsonSchema[] = [];
  for (const schema of new Set(Array.from(kinds.values(), ({ address }) => address))) {
    const json: JsonSchema = z.toJSONSchema(schema, {
      io: "input",
      target: "draft-7",
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => refine(zodSchema, jsonSchema, kinds),
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
