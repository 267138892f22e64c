import { z } from "zod";

/**
 * The JSON Schema (2020-12) that is published of something we send. Unlike the schema we build by, it allows further properties:
 * receivers ignore what they do not know, so that fields can be added.
 */
export function publishedSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    target: "draft-2020-12",
    override: ({ jsonSchema: part }) => {
      if (part.additionalProperties === false) delete part.additionalProperties;
    },
  });
}
