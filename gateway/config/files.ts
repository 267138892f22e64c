import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { entryOf, isTree, place, placeEntry, spotOf, type Tree } from "./located.ts";
import { displayName, type Problems } from "./problem.ts";
import { encodingFault, SourceText, type Spot } from "./source.ts";
import { theOther } from "./texts/hints.ts";
import * as texts from "./texts/structure.ts";
import { parseYaml } from "./yaml-source.ts";

/** A site of a hundred thousand devices stays far below; a journal file given by mistake does not. */
export const LARGEST_FILE = 16 * 1024 * 1024;
/** A folder with more YAML files than this is not a site's. */
const MOST_FILES = 200;

/** Sections that are maps by id: several files may each bring entries. */
export const ENTRY_SECTIONS = [
  "links",
  "points",
  "groups",
  "devices",
  "templates",
  "calendars",
  "outside",
  "rules",
  "packs",
  "inhibitions",
  "permits",
  "sinks",
  "uplinks",
  "routes",
] as const;
/** Sections that are lists: several files may each bring some. */
const LIST_SECTIONS = ["instances", "profiles", "drivers"] as const;

/** Reads a text file that a person wrote. Undefined, and a problem, when it cannot be. `at`: who names the file. */
export function readText(path: string, problems: Problems, at?: Spot): SourceText | undefined {
  const complain = (code: "CONFIG_NOT_FOUND" | "CONFIG_SYNTAX", message: Text, hint?: Text) => {
    if (at === undefined) problems.ofFile(path, { code, message, hint });
    else
      problems.at(at, {
        code,
        message: texts.ofFile(displayName(path, dirname(at.source.path)), message),
        hint,
      });
  };
  let bytes: Buffer;
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE) {
      complain("CONFIG_SYNTAX", texts.tooLarge(LARGEST_FILE / 2 ** 20), texts.WHICH_FILE);
      return undefined;
    }
    bytes = readFileSync(path);
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    complain("CONFIG_NOT_FOUND", missing ? texts.NO_FILE : texts.unreadable(describe(thrown)));
    return undefined;
  }
  const fault = encodingFault(bytes);
  if (fault !== undefined) {
    const { line, column, hint } = fault;
    problems.ofFile(path, { code: "CONFIG_SYNTAX", message: texts.NOT_UTF8, hint }, { line, column });
    return undefined;
  }
  const text = new TextDecoder().decode(bytes);
  return new SourceText(path, text);
}

/** All files of a site joined to one tree, and where the path given leads. */
export interface SiteSource {
  readonly root: Tree;
  /** The folder that relative paths of each file count from is the file's own; this one is the first file's. */
  readonly folder: string;
  readonly files: readonly SourceText[];
}

/**
 * Reads a site: one YAML file, or all `*.yaml` and `*.yml` directly in a folder but `scenario*.yaml`, joined. An id that
 * two files define is a problem. Undefined when nothing could be read.
 */
export function readSite(path: string, problems: Problems): SiteSource | undefined {
  const start = resolve(path);
  const names = siteFiles(start, problems);
  if (names === undefined) return undefined;
  const parsed: { source: SourceText; root: Tree }[] = [];
  for (const name of names) {
    const source = readText(name, problems);
    if (source === undefined) continue;
    const before = problems.errors;
    const root = parseYaml(source, problems);
    if (isTree(root)) parsed.push({ source, root });
    else if (problems.errors === before) {
      const message = root === undefined || root === null ? texts.FILE_EMPTY : texts.NO_SECTIONS;
      problems.at({ source, offset: 0 }, { message, hint: texts.HOW_TO_BEGIN });
    }
  }
  const [first] = parsed;
  if (first === undefined) return undefined;
  const folder = resolve(first.source.path, "..");
  const files = parsed.map(({ source }) => source);
  if (parsed.length === 1) return { root: first.root, folder, files };
  return { root: joinFiles(parsed, problems), folder, files };
}

function siteFiles(start: string, problems: Problems): string[] | undefined {
  let names: string[];
  try {
    if (!statSync(start).isDirectory()) return [start];
    names = readdirSync(start);
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    problems.ofFile(start, {
      code: "CONFIG_NOT_FOUND",
      message: missing ? texts.NO_FILE_OR_FOLDER : texts.unreadable(describe(thrown)),
      hint: texts.NAME_A_SITE,
    });
    return undefined;
  }
  const wanted = names
    .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith(".") && !/^scenario[^/]*$/.test(name))
    .sort();
  if (wanted.length === 0 || wanted.length > MOST_FILES) {
    problems.ofFile(start, {
      code: "CONFIG_NOT_FOUND",
      message: wanted.length === 0 ? texts.NO_YAML : texts.tooManyFiles(MOST_FILES),
      hint: texts.SITE_FOLDER,
    });
    return undefined;
  }
  return wanted.map((name) => join(start, name));
}

function joinFiles(parsed: readonly { source: SourceText; root: Tree }[], problems: Problems): Tree {
  const joined: Tree = {};
  place(joined, { source: parsed[0]!.source, offset: 0 });
  for (const { root } of parsed) {
    for (const [section, value] of Object.entries(root)) {
      const entry = entryOf(root, section)!;
      const present = joined[section];
      if (!Object.hasOwn(joined, section)) {
        joined[section] = ownCopy(section, value);
        placeEntry(joined, section, entry);
      } else if (isIn(ENTRY_SECTIONS, section) && isTree(present) && isTree(value)) {
        joinEntries(present, value, problems);
      } else if (isIn(LIST_SECTIONS, section) && Array.isArray(present) && Array.isArray(value)) {
        for (const [i, item] of value.entries()) {
          placeEntry(present, present.length, entryOf(value, i)!);
          present.push(item);
        }
      } else {
        const first = entryOf(joined, section)!.key;
        problems.at(entry.key, {
          message: texts.sectionTwice(section),
          hint: theOther(say(first)),
        });
      }
    }
  }
  return joined;
}

/** A map or list that can take entries of other files without changing the file it came from. */
function ownCopy(section: string, value: unknown): unknown {
  if (isIn(ENTRY_SECTIONS, section) && isTree(value)) return copyMap(value);
  if (isIn(LIST_SECTIONS, section) && Array.isArray(value)) {
    const copy = [...value];
    place(copy, spotOf(value)!);
    for (const i of value.keys()) placeEntry(copy, i, entryOf(value, i)!);
    return copy;
  }
  return value;
}

/** A shallow copy of a map with its places. */
export function copyMap(map: Tree): Tree {
  const copy: Tree = { ...map };
  const spot = spotOf(map);
  if (spot === undefined) return copy;
  place(copy, spot);
  for (const key of Object.keys(map)) {
    const entry = entryOf(map, key);
    if (entry !== undefined) placeEntry(copy, key, entry);
  }
  return copy;
}

/** Adds entries to a section; an id that is there already is a problem. */
export function joinEntries(into: Tree, from: Tree, problems: Problems): void {
  for (const [id, value] of Object.entries(from)) {
    const entry = entryOf(from, id)!;
    if (Object.hasOwn(into, id)) {
      const first = entryOf(into, id);
      const hint = first === undefined ? undefined : theOther(say(first.key));
      problems.at(entry.key, { message: texts.definedTwice(id), hint });
      continue;
    }
    into[id] = value;
    placeEntry(into, id, entry);
  }
}

/** `site.yaml:12:3`, for hints that point elsewhere. */
export function say(spot: Spot): string {
  const { line, column } = spot.source.position(spot.offset);
  return `${spot.source.path.replace(/^.*[\\/]/, "")}:${line}:${column}`;
}

function isIn(sections: readonly string[], section: string): boolean {
  return sections.includes(section);
}
