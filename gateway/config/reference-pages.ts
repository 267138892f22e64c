import { join } from "node:path";
import { z } from "zod";
import { analogTypes } from "../../drivers/gb26875/analog-types.ts";
import { componentTypes } from "../../drivers/gb26875/component-types.ts";
import { systemTypes } from "../../drivers/gb26875/system-types.ts";
import { ERROR_CODES } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { termSchema } from "../../rules/conditions/terms/term.ts";
import { VARIABLES } from "./environment.ts";
import { page } from "./page-parts.ts";
import { profilePages } from "./profile-pages.ts";
import { optionTables, shallowTable } from "./reference.ts";
import { addressSchemas, siteFileSchema } from "./schema.ts";
import { metaOf, unwrap } from "./shape.ts";

/** All generated pages, by file name below docs/generated. `profiles` is the folder of the built-in profiles. */
export function referencePages(profiles: string): ReadonlyMap<string, string> {
  return new Map([
    ["site-file.md", siteFilePage()],
    ...profilePages(profiles),
    ["errors.md", errorsPage()],
    ["gb26875.md", gb26875Page()],
  ]);
}

const TERMS =
  "What `all`, `any`, `not` and `sequence` are made of. A term says one thing. Options of conditions that compute something are those of a rule; " +
  "the term holds when any of their levels is reached.";

/** Every option of a site file. */
function siteFilePage(): string {
  const parts = [
    "A site is one YAML file, or a folder of them that are joined (`scenario*.yaml` left out). `tocsin check` names every mistake; " +
      "`tocsin schema > site.schema.json` gives editors completion: put `# yaml-language-server: $schema=site.schema.json` on the first line.",
    "Ids match `[a-z0-9_-]{1,64}` and are never reused. *words* are `{ zh: …, en: … }`, or one text for both. A *duration* is `500ms`, `30s`, `5m`, " +
      "`1h30m` or `2d`; a *size* `512MB` or `8GiB`. A *secret* is `env:NAME` or `file:PATH`, never the secret itself. Relative paths count from the file they stand in.",
  ];
  for (const [name, schema] of Object.entries(siteFileSchema.shape)) {
    const { description } = metaOf(schema as z.ZodType);
    parts.push(`## \`${name}\``);
    const inner = unwrap(schema as z.ZodType);
    const simple = !(inner instanceof z.ZodRecord || inner instanceof z.ZodObject);
    if (description !== undefined && !simple) parts.push(description);
    if (inner instanceof z.ZodRecord) {
      parts.push("A map by id; each entry:", ...optionTables(inner.valueType as z.ZodType, "###"));
    } else if (inner instanceof z.ZodArray && unwrap(inner.element as z.ZodType) instanceof z.ZodObject) {
      parts.push("A list; each entry:", ...optionTables(inner.element as z.ZodType, "###"));
    } else if (inner instanceof z.ZodObject) {
      parts.push(...optionTables(inner, "###"));
    } else {
      parts.push(...optionTables(z.object({ [name]: schema as z.ZodType }), "###"));
    }
    if (name === "devices") parts.push(...addressParts());
    if (name === "rules") parts.push("### Terms", TERMS, shallowTable(termSchema));
  }
  parts.push(
    "## Environment",
    "These variables stand for options, so that one site file serves several machines.",
  );
  const rows = Object.entries(VARIABLES).map(([name, what]) => `| \`${name}\` | ${what} |`);
  parts.push(["| variable | what |", "|---|---|", ...rows].join("\n"));
  return page("Site file", parts);
}

function addressParts(): string[] {
  const byShape = new Map<z.ZodObject, string[]>();
  for (const [type, schema] of addressSchemas) byShape.set(schema, [...(byShape.get(schema) ?? []), type]);
  return [...byShape].flatMap(([schema, types]) => [
    `### \`address\` on ${types.map((type) => `\`${type}\``).join(", ")}`,
    ...optionTables(schema, "####"),
  ]);
}

/** Every error code, and who can mend it. */
function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES).map(
    ([code, { fault, what }]) => `| \`${code}\` | ${fault} | ${what.en} | ${what.zh} |`,
  );
  return page("Error codes", [
    "Scripts, tests and documents refer to codes, never to the wording. A code is never reused for something else.",
    "*configuration*: the site file, a profile or the command line; *device*: an instrument; *network*: something between us and a peer, or the peer; " +
      "*host*: the machine the gateway runs on; *internal*: Tocsin itself.",
    ["| code | at fault | what | 含义 |", "|---|---|---|---|", ...rows].join("\n"),
  ]);
}

/** The tables of GB/T 26875.3. */
function gb26875Page(): string {
  const named = (rows: readonly (readonly [number, Text])[]) =>
    [
      "| code | 名称 | name |",
      "|---|---|---|",
      ...rows.map(([code, { zh, en }]) => `| ${code} | ${zh} | ${en} |`),
    ].join("\n");
  const analog = analogTypes.map(
    ([code, { zh, en, unit, step }]) => `| ${code} | ${zh} | ${en} | ${step} ${unit ?? "m³/min"} |`,
  );
  return page("GB/T 26875.3: codes", [
    "Codes from 128 to 255 belong to vendors, the others are reserved.",
    "## Systems (`system`)",
    named(systemTypes),
    "## Components (`type`)",
    named(componentTypes),
    "## Analog values (`analog`)",
    ["| code | 名称 | name | step |", "|---|---|---|---|", ...analog].join("\n"),
  ]);
}

/** Where the generated pages are kept. */
export const GENERATED_FOLDER = join("docs", "generated");
