import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect } from "vitest";
import { alertSchemas, MESSAGES, type MessageName } from "../../../gateway/alerts/documents.ts";

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
const validators = new Map<string, ValidateFunction>(
  Object.entries(alertSchemas()).map(([name, schema]) => [name, ajv.compile(schema)]),
);

/** Which schema a topic of the site is published with. */
function messageOf(topic: string, json: { transition?: unknown }): MessageName {
  const [, , kind, second] = topic.split("/");
  if (kind === "event") return json.transition === "void" ? "void" : "event";
  if (kind === "command" && second === "result") return "result";
  if (kind === "audit") return "digest";
  if (kind === "case") return "case";
  if (kind === "alarm" || kind === "point" || kind === "status" || kind === "reading") return kind;
  throw new Error(`nothing is published on ${topic}`);
}

/** Validates a published message by the published JSON Schema, and by the strict one it is built to. */
export function expectValid({ topic, payload }: { topic: string; payload: string }): void {
  if (payload === "") return;
  const json = JSON.parse(payload) as { transition?: unknown };
  const name = messageOf(topic, json);
  const validate = validators.get(name)!;
  const valid = validate(json);
  expect(valid, `${topic} ${JSON.stringify(validate.errors)}`).toBe(true);
  const strict = MESSAGES[name].safeParse(json);
  expect(strict.success, `${topic} ${strict.error?.message}`).toBe(true);
}
