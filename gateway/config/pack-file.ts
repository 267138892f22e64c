import { readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { idSchema, textSchema } from "../../model/schema.ts";
import { readText } from "./files.ts";
import { isTree, type Tree } from "./located.ts";
import type { Problems } from "./problem.ts";
import { validate } from "./validate.ts";
import { parseYaml } from "./yaml-source.ts";

/*
 * Rule packs as files: rules whose every number says where it comes from. A site uses them by name (expand-packs.ts).
 */

/** The folder of the packs that come with Tocsin. */
export const RULE_PACKS = join(import.meta.dirname, "../../rules/packs");

/** How well a number is founded, from the text of a standard down to a starting value of our own. */
export const MATURITIES = ["standard", "published", "secondary", "memory", "example", "site"] as const;
export type Maturity = (typeof MATURITIES)[number];

/** What each maturity means, for the page of the packs. */
export const MATURITY_TEXT: Readonly<Record<Maturity, { readonly zh: string; readonly en: string }>> = {
  standard: {
    zh: "标准条文的数值（引自转载条文的公开资料）",
    en: "a number of the standard, from a public source that quotes it",
  },
  published: { zh: "公开发表的方法，不是标准", en: "a published method; no standard" },
  secondary: {
    zh: "仅见于二手资料，未见标准原文",
    en: "from a secondary source only; the standard was not seen",
  },
  memory: {
    zh: "凭经验记忆，未找到出处，使用前须核对",
    en: "from memory, no source found: verify before use",
  },
  example: { zh: "他县他处的实例，须按本地修订", en: "another place's number, to be revised for this one" },
  site: {
    zh: "起始值，由现场工程师确定，不具规范性",
    en: "a starting value that the site's engineer decides on; nothing normative",
  },
};

const sourceSchema = z.strictObject({
  maturity: z.enum(MATURITIES),
  basis: z.string().min(1),
  note: textSchema.optional(),
});
/** Where a number comes from. */
export type NumberSource = z.output<typeof sourceSchema>;

const parameterSchema = z
  .strictObject({
    what: textSchema,
    unit: z.string().min(1).optional(),
    /** `required`: a rule that uses it is refused without it; `optional`: what it would fill is left out. */
    need: z.enum(["required", "optional"]).optional(),
    default: z.unknown().optional(),
    source: sourceSchema.optional(),
    example: z.unknown(),
  })
  .refine((parameter) => (parameter.need === undefined) !== (parameter.default === undefined), {
    message: "a parameter has a need or a default",
  })
  .refine((parameter) => (parameter.default === undefined) === (parameter.source === undefined), {
    message: "a default says where it comes from",
  });
export type PackParameter = z.output<typeof parameterSchema>;

const packedRuleSchema = z.strictObject({
  /** Optional parameters without which the rule is not used. */
  needs: z.array(z.string().min(1)).default([]),
  /** A rule of a site file; `${name}` stands for a parameter. */
  rule: z.record(z.string(), z.unknown()),
  /** Where each number comes from, by its path in the rule; what stands for a map stands for all in it. */
  sources: z.record(z.string(), sourceSchema).default({}),
});
export type PackedRule = z.output<typeof packedRuleSchema>;

/** One file under `rules/packs/`. */
export const packSchema = z.strictObject({
  id: idSchema,
  name: textSchema,
  summary: textSchema,
  /** What whoever uses it must know. */
  notes: z.array(textSchema).default([]),
  parameters: z.record(z.string().regex(/^[a-z][A-Za-z]*$/), parameterSchema).default({}),
  rules: z.record(idSchema, packedRuleSchema),
});

/** A pack as read; `tree` has its text with the place of each part. */
export type Pack = z.output<typeof packSchema> & { readonly tree: Tree };

/** Ids of the packs in a folder, in order. */
export function packIds(folder = RULE_PACKS): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .sort();
}

/** Sound packs by path. They come with the program and do not change while it runs; nobody changes what was read. */
const KNOWN = new Map<string, Pack>();

/** Reads one pack that exists; undefined, and problems, when something is wrong with it. */
export function loadPack(id: string, problems: Problems, folder = RULE_PACKS): Pack | undefined {
  const path = join(folder, `${id}.yaml`);
  const known = KNOWN.get(path);
  if (known !== undefined) return known;
  const pack = readPack(path, problems);
  if (pack !== undefined) KNOWN.set(path, pack);
  return pack;
}

function readPack(path: string, problems: Problems): Pack | undefined {
  const source = readText(path, problems);
  const root = source === undefined ? undefined : parseYaml(source, problems);
  if (source === undefined || !isTree(root)) return undefined;
  const before = problems.errors;
  const pack = validate(packSchema, { root, path: [], fallback: { source, offset: 0 } }, problems);
  return pack === undefined || problems.errors > before ? undefined : { ...pack, tree: root };
}
