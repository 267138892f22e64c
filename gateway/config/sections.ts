import { z } from "zod";
import type { DriverKind } from "../../drivers/driver.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { isId } from "../../model/id.ts";
import { ENTRY_SECTIONS } from "./files.ts";
import { entryOf, isTree, locate, spotOf, type Tree, valueAt } from "./located.ts";
import type { Problems } from "./problem.ts";
import { linksSchemaOf, type SiteFile, siteFileSchema } from "./schema.ts";
import { unwrap } from "./shape.ts";
import type { Spot } from "./source.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { entriesWanted, ID_RULE, notAnId, unknownKey } from "./texts/structure.ts";
import { validate } from "./validate.ts";

/** A section that is a map by id. */
export interface Section<T> {
  /** Every id that the file has, those included whose entry is beyond repair: they are not unknown. */
  readonly ids: ReadonlySet<string>;
  readonly entries: ReadonlyMap<string, T>;
  /** Ids of entries that something was wrong with; what is missing there may only be misspelt. */
  readonly suspect: ReadonlySet<string>;
}

type EntrySection = (typeof ENTRY_SECTIONS)[number];

/** A parsed site file. What could not be parsed is missing, and a problem has been reported. */
export type ParsedSite = {
  readonly [Name in EntrySection]: Section<SiteFile[Name][string]>;
} & {
  readonly [Name in Exclude<keyof SiteFile, EntrySection>]: SiteFile[Name] | undefined;
} & { readonly tree: SiteTree };

/** The tree a site was parsed from, with the way from a path to a place. */
export class SiteTree {
  readonly root: Tree;
  readonly #start: Spot;

  constructor(root: Tree) {
    this.root = root;
    const spot = spotOf(root);
    if (spot === undefined) throw new RangeError("the tree has no place");
    this.#start = { ...spot, offset: 0 };
  }

  /** Whether anything stands at a path. */
  has(path: readonly PropertyKey[]): boolean {
    return valueAt(this.root, path) !== undefined;
  }

  /** The place of a path, or of the nearest thing around it that exists. */
  spot(path: readonly PropertyKey[], what: "key" | "value" = "value"): Spot {
    return locate(this.root, path, what) ?? this.#start;
  }
}

/** Checks every section of a site file by its schema, every entry on its own: one slip hides no other. */
export function parseSections(
  root: Tree,
  problems: Problems,
  kinds: ReadonlyMap<string, DriverKind> = driverKinds,
): ParsedSite {
  const tree = new SiteTree(root);
  const shape =
    kinds === driverKinds
      ? siteFileSchema.shape
      : { ...siteFileSchema.shape, links: linksSchemaOf(kinds.values()) };
  for (const key of Object.keys(root)) {
    if (Object.hasOwn(shape, key)) continue;
    const hint = didYouMean(key, Object.keys(shape), LISTED.sections);
    problems.at(tree.spot([key], "key"), { message: unknownKey(key), hint });
  }
  const parsed: Record<string, unknown> = { tree };
  for (const [name, schema] of Object.entries(shape)) {
    parsed[name] = (ENTRY_SECTIONS as readonly string[]).includes(name)
      ? parseEntries({ tree, name, schema }, problems)
      : validate(schema, { root, path: [name], fallback: tree.spot([]) }, problems);
  }
  return parsed as unknown as ParsedSite;
}

function parseEntries(
  section: { tree: SiteTree; name: string; schema: z.ZodType },
  problems: Problems,
): Section<unknown> {
  const { tree, name, schema } = section;
  const value = tree.root[name];
  const ids = new Set<string>();
  const entries = new Map<string, unknown>();
  const suspect = new Set<string>();
  const result = { ids, entries, suspect };
  // An empty section is a section without entries: people comment entries out.
  if (value === undefined || value === null) return result;
  if (!isTree(value)) {
    problems.at(tree.spot([name]), { message: entriesWanted(name) });
    return result;
  }
  const record = unwrap(schema);
  if (!(record instanceof z.ZodRecord)) throw new RangeError(`section ${name} is not a map by id`);
  for (const id of Object.keys(value)) {
    ids.add(id);
    const before = problems.errors;
    if (!isId(id)) {
      problems.at(entryOf(value, id)?.key ?? tree.spot([name]), {
        message: notAnId(id),
        hint: ID_RULE,
      });
    }
    const parsed = validate(
      record.valueType as z.ZodType,
      { root: tree.root, path: [name, id], fallback: tree.spot([name]) },
      problems,
    );
    if (parsed !== undefined) entries.set(id, parsed);
    if (problems.errors > before) suspect.add(id);
  }
  return result;
}
