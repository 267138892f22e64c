import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { COMMAND_VERBS, COMMANDS_SUPPORTED } from "../../gateway/alerts/command-schemas.ts";
import { alertDocuments, alertSchemas, MESSAGES } from "../../gateway/alerts/documents.ts";
import { schemaFiles } from "../../gateway/command/docs.ts";

const folder = new URL("../../docs/schemas/", import.meta.url);

test("the published schemas and the AsyncAPI document are those of the code (`npm run docs` renews them)", () => {
  const generated = schemaFiles();
  expect(readdirSync(folder).sort()).toEqual(generated.map(({ path }) => path).sort());
  for (const { path, content } of generated)
    expect(readFileSync(new URL(path, folder), "utf8"), path).toBe(content);
});

test("the AsyncAPI document refers to nothing that is not there", () => {
  const document = parse(alertDocuments().find(({ path }) => path === "asyncapi.yaml")!.content) as Record<
    string,
    unknown
  >;
  const files = new Set(alertDocuments().map(({ path }) => `./${path}`));
  const references: string[] = [];
  JSON.stringify(document, (key, value: unknown) => {
    if (key === "$ref") references.push(String(value));
    return value;
  });
  expect(references.length).toBeGreaterThan(20);
  for (const reference of references) {
    if (reference.startsWith("./")) expect(files).toContain(reference);
    else {
      const target = reference
        .slice(2)
        .split("/")
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
      expect(target, reference).toBeDefined();
    }
  }
});

test("every supported verb has a channel, and every channel's parameters are those of its address", () => {
  const document = parse(alertDocuments().find(({ path }) => path === "asyncapi.yaml")!.content) as {
    channels: Record<string, { address: string; parameters: Record<string, unknown> }>;
  };
  for (const { address, parameters } of Object.values(document.channels)) {
    const named = Array.from(address.matchAll(/\{(\w+)\}/g), ([, name]) => name);
    expect(Object.keys(parameters).sort()).toEqual(named.sort());
  }
  const addresses = Object.values(document.channels).map(({ address }) => address);
  for (const verb of COMMANDS_SUPPORTED) expect(addresses).toContain(`{prefix}/{site}/command/${verb}`);
  expect(COMMAND_VERBS).toEqual(expect.arrayContaining([...COMMANDS_SUPPORTED]));
});

test("receivers may not choke on fields to come: no published schema is closed", () => {
  for (const name of Object.keys(MESSAGES)) {
    expect(JSON.stringify(alertSchemas()[name as keyof typeof MESSAGES])).not.toContain(
      '"additionalProperties":false',
    );
  }
});
