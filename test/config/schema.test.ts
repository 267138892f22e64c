import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { BUILT_IN_PROFILES } from "../../drivers/profile-store.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { siteJsonSchema } from "../../gateway/config/json-schema.ts";
import { GENERATED_FOLDER, referencePages } from "../../gateway/config/reference-pages.ts";
import { siteFileSchema } from "../../gateway/config/schema.ts";
import { alternatives, metaOf, unwrap } from "../../gateway/config/shape.ts";
import { ERROR_CODES } from "../../model/error.ts";
import { exampleSites } from "../support/example-sites.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const EXAMPLES = exampleSites;
const validate = new Ajv({ strict: false, allErrors: true }).compile(siteJsonSchema());

function errorsOf(site: unknown): string[] {
  return validate(site)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe("the JSON Schema for editors", () => {
  test.each(EXAMPLES)("accepts the example %s", (example) => {
    const text = readFileSync(join(ROOT, "examples", example, "site.yaml"), "utf8");
    expect(errorsOf(parse(text))).toEqual([]);
  });

  const site = { id: "demo", name: "示范站" };

  test("refuses an unknown section, and an unknown option of a link of its type", () => {
    expect(errorsOf({ site, sink: {} })).not.toEqual([]);
    expect(errorsOf({ site, links: { a: { type: "modbus-tcp", host: "x" } } })).toEqual([]);
    expect(errorsOf({ site, links: { a: { type: "modbus-tcp", host: "x", baudRate: 9600 } } })).not.toEqual(
      [],
    );
  });

  test("refuses an address that fits no type of link", () => {
    const device = (address: unknown) => ({
      site,
      devices: { d: { profile: "p", link: "l", point: "x", address } },
    });
    expect(errorsOf(device({ unit: 7 }))).toEqual([]);
    expect(errorsOf(device({ id: "sa-301" }))).toEqual([]);
    expect(errorsOf(device({ slave: 7 }))).not.toEqual([]);
  });

  test("writes defaults as a person would: durations with their unit, nothing in microseconds", () => {
    const text = JSON.stringify(siteJsonSchema());
    expect(text).not.toMatch(/durationRange|addressOfLinks/);
    const sinks = siteJsonSchema().properties?.sinks;
    expect(JSON.stringify(sinks)).toContain('"default":"20s"');
  });

  test("offers every type of link there is", () => {
    const text = JSON.stringify(siteJsonSchema().properties?.links);
    for (const type of driverKinds.keys()) expect(text).toContain(`"const":"${type}"`);
  });
});

/** Every option of a schema, by its path. A map that stands in several places, or within itself, is looked at once. */
function* options(
  schema: z.ZodType,
  path: string,
  seen = new Set<z.ZodType>(),
): Iterable<[string, z.ZodType]> {
  for (const inner of alternatives(schema)) {
    if (seen.has(inner)) continue;
    if (inner instanceof z.ZodObject) {
      seen.add(inner);
      for (const [name, child] of Object.entries(inner.shape)) {
        yield [`${path}.${name}`, child as z.ZodType];
        yield* options(child as z.ZodType, `${path}.${name}`, seen);
      }
    } else if (inner instanceof z.ZodRecord) {
      yield* options(unwrap(inner.valueType as z.ZodType), `${path}.*`, seen);
    } else if (inner instanceof z.ZodArray) {
      yield* options(unwrap(inner.element as z.ZodType), `${path}[]`, seen);
    }
  }
}

/** The two languages of a text explain themselves. */
const SELF_EXPLAINING = /\.(zh|en)$/;

test("every option says what it is for", () => {
  const silent = [...options(siteFileSchema, "")].filter(
    ([path, schema]) => !SELF_EXPLAINING.test(path) && metaOf(schema).description === undefined,
  );
  expect(silent.map(([path]) => path)).toEqual([]);
});

test("every example of an option is one that the option takes", () => {
  const wrong: string[] = [];
  for (const [path, schema] of options(siteFileSchema, "")) {
    const { examples } = metaOf(schema);
    for (const example of examples ?? []) {
      const result = schema.safeParse(example);
      if (!result.success)
        wrong.push(`${path}: ${JSON.stringify(example)}: ${result.error.issues[0]?.message}`);
    }
  }
  expect(wrong).toEqual([]);
});

describe("the generated pages", () => {
  const pages = referencePages(BUILT_IN_PROFILES);

  test.each([...pages.keys()])("%s is up to date (else: npm run docs)", (name) => {
    expect(readFileSync(join(ROOT, GENERATED_FOLDER, name), "utf8")).toBe(pages.get(name));
  });

  test("lists every error code, and no code that does not exist", () => {
    const listed = [...(pages.get("errors.md") ?? "").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
      ([, code]) => code,
    );
    expect(listed.toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
  });

  test("names every section of a site file, and every built-in profile", () => {
    const headings = [...(pages.get("site-file.md") ?? "").matchAll(/^## `(\w+)`$/gm)].map(
      ([, name]) => name,
    );
    expect(headings).toEqual(Object.keys(siteFileSchema.shape));
    for (const file of readdirSync(BUILT_IN_PROFILES)) {
      const id = file.replace(/\.yaml$/, "");
      expect(pages.get("profiles.md")).toContain(`[\`${id}\`](profiles/`);
      expect(
        [...pages].filter(([name, page]) => /^profiles\//.test(name) && page.includes(`\n## ${id}\n`)),
      ).toHaveLength(1);
    }
  });
});
