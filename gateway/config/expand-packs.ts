import { basename } from "node:path";
import { copyMap, joinEntries } from "./files.ts";
import { type Entry, entryOf, isTree, locate, place, placeEntry, spotOf, type Tree } from "./located.ts";
import { loadPack, type Pack, packIds } from "./pack-file.ts";
import type { Problems } from "./problem.ts";
import type { Spot } from "./source.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED } from "./texts/hints.ts";
import { notInPack, packsEntry, placeInPack } from "./texts/packs.ts";
import { noneCalled, THINGS } from "./texts/references.ts";

/*
 * A site uses a rule pack by name. Its rules, with what the site says laid over them, become ordinary rules of the site
 * before anything is checked. What is wrong with one is shown at the site's line, with the place in the pack.
 */

/** A rule that a pack brings to a site. */
export interface BroughtRule {
  /** Its id in the site, and in the pack. */
  readonly id: string;
  readonly name: string;
  /** Which channels it looks at, as it stands in the tree. */
  readonly applies: unknown;
  /** Parameters that it takes a value of. */
  readonly parameters: ReadonlySet<string>;
  /** Parameters that it cannot do without and the site does not give: it is not among the site's rules then. */
  readonly missing: readonly string[];
  /** Where the site changes it. */
  readonly changed: Spot | undefined;
}

/** One use of a pack. */
export interface PackUse {
  readonly id: string;
  readonly pack: Pack;
  readonly spot: Spot;
  readonly rules: readonly BroughtRule[];
  /** The parameters that the site gives, and where. */
  readonly given: ReadonlyMap<string, Spot>;
}

/** The site with the rules of its packs. */
export interface ExpandedPacks {
  readonly root: Tree;
  readonly uses: readonly PackUse[];
}

/** Adds the rules of all packs that a site uses to its tree, which is copied as far as it changes. */
export function expandPacks(root: Tree, problems: Problems): ExpandedPacks {
  const { packs, rules } = root;
  if (!isTree(packs) || Object.keys(packs).length === 0) return { root, uses: [] };
  const site = copyMap(root);
  const own = isTree(rules) ? copyMap(rules) : emptyAt(spotOf(packs)!);
  const uses: PackUse[] = [];
  const loaded = new Map<string, Pack | undefined>();
  for (const [id, use] of Object.entries(packs)) {
    if (!isTree(use)) continue;
    const name = use.pack ?? id;
    if (typeof name !== "string") continue;
    const at = locate(packs, use.pack === undefined ? [id] : [id, "pack"], "key")!;
    const known = packIds();
    if (!known.includes(name)) {
      const hint = didYouMean(name, known, LISTED.packs);
      problems.at(at, { message: noneCalled(THINGS.pack, name), hint });
      continue;
    }
    if (!loaded.has(name)) loaded.set(name, loadPack(name, problems));
    const pack = loaded.get(name);
    if (pack === undefined) continue;
    const expansion = new PackExpansion({ id, use, pack, spot: entryOf(packs, id)!.key }, problems);
    uses.push(expansion.run(own));
  }
  // A section of the wrong kind is left for its own complaint.
  if (rules === undefined || rules === null || isTree(rules)) {
    site.rules = own;
    placeEntry(site, "rules", entryOf(root, "rules") ?? entryOf(root, "packs")!);
  }
  return { root: site, uses };
}

function emptyAt(spot: Spot): Tree {
  const empty: Tree = {};
  place(empty, spot);
  return empty;
}

/** A copy of a part of a tree, whose places are told by `at`. */
function copyAt(part: unknown, at: (spot: Spot) => Spot): unknown {
  if (typeof part !== "object" || part === null) return part;
  const copy: Tree | unknown[] = Array.isArray(part) ? [] : {};
  place(copy, at(spotOf(part)!));
  for (const [key, value] of Object.entries(part)) {
    (copy as Tree)[key] = copyAt(value, at);
    placeEntry(copy, key, entryAt(entryOf(part, key)!, at));
  }
  return copy;
}

function entryAt(entry: Entry, at: (spot: Spot) => Spot): Entry {
  return { ...entry, key: at(entry.key), value: at(entry.value) };
}

interface UseOptions {
  readonly id: string;
  readonly use: Tree;
  readonly pack: Pack;
  /** Where the site names it. */
  readonly spot: Spot;
}

const PARAMETER = /^\$\{([A-Za-z]+)\}$/;

class PackExpansion {
  readonly #options: UseOptions;
  readonly #problems: Problems;
  readonly #set: Tree;
  readonly #changes: Tree;

  constructor(options: UseOptions, problems: Problems) {
    const { set, rules } = options.use;
    this.#options = options;
    this.#problems = problems;
    this.#set = isTree(set) ? set : {};
    this.#changes = isTree(rules) ? rules : {};
  }

  run(into: Tree): PackUse {
    const { id, pack, spot } = this.#options;
    this.#known(this.#set, Object.keys(pack.parameters), "parameter");
    this.#known(this.#changes, Object.keys(pack.rules), "rule");
    const rules = Object.keys(pack.rules).flatMap((name) => this.#rule(name, into) ?? []);
    const given = new Map(Object.keys(this.#set).map((name) => [name, entryOf(this.#set, name)!.key]));
    return { id, pack, spot, rules, given };
  }

  /** Reports names that the pack does not have. */
  #known(named: Tree, names: readonly string[], what: "parameter" | "rule"): void {
    const { pack } = this.#options;
    for (const name of Object.keys(named)) {
      if (names.includes(name)) continue;
      const hint = didYouMean(name, names, LISTED[`${what}s`]);
      this.#problems.at(entryOf(named, name)!.key, {
        message: notInPack(pack.id, what, name),
        hint,
      });
    }
  }

  /** One rule of the pack as the site has it; undefined where the site does not want it. */
  #rule(name: string, into: Tree): BroughtRule | undefined {
    const { id: use, pack } = this.#options;
    const { needs } = pack.rules[name]!;
    const change = this.#changes[name];
    const changed = isTree(change) ? change : undefined;
    if (changed?.enabled === false) return undefined;
    const without = needs.filter((parameter) => this.#set[parameter] === undefined);
    if (without.length > 0 && changed === undefined) return undefined;

    const packed = pack.tree.rules as Tree;
    const body = copyAt((packed[name] as Tree).rule, this.#here) as Tree;
    if (changed !== undefined) this.#layOver(body, changed);
    const { applies } = this.#options.use;
    if (isTree(applies) && isTree(body.applies)) this.#layOver(body.applies, applies);

    const parameters = new Set<string>();
    const missing = new Set(without);
    this.#fill(body, { parameters, missing });
    const id = `${use}-${name}`;
    const spot = changed === undefined ? undefined : entryOf(this.#changes, name)!.key;
    const rule = {
      id,
      name,
      applies: body.applies,
      parameters,
      missing: [...missing].sort(),
      changed: spot,
    };
    if (missing.size > 0) return rule;
    const entry = entryAt(entryOf(packed, name)!, this.#here);
    const single = emptyAt(entry.key);
    single[id] = body;
    placeEntry(single, id, entry);
    joinEntries(into, single, this.#problems);
    return rule;
  }

  /** What stands in the pack is shown where the site names the pack, with its place there. */
  #here = ({ source, offset }: Spot): Spot => {
    const { pack, spot } = this.#options;
    const { line } = source.position(offset);
    return { ...spot, pack: placeInPack(pack.id, `${basename(source.path)}:${line}`) };
  };

  /** One slip of the site is in many rules of a pack, and one mistake all the same. */
  #own = (spot: Spot): Spot => ({ ...spot, origin: spot.origin ?? packsEntry(this.#options.id) });

  /** Lays what the site says over a part of the pack. */
  #layOver(base: Tree, change: Tree): void {
    for (const [key, value] of Object.entries(change)) {
      const present = base[key];
      if (value === null) delete base[key];
      else if (isTree(present) && isTree(value)) this.#layOver(present, value);
      else this.#take(base, key, change);
    }
  }

  #take(base: Tree, key: string, change: Tree): void {
    this.#adopt(base, key, { from: change[key], entry: entryOf(change, key)! });
  }

  /** Takes one entry of the site, at its own place. */
  #adopt(base: Tree | unknown[], key: string, { from, entry }: { from: unknown; entry: Entry }): void {
    (base as Tree)[key] = copyAt(from, this.#own);
    placeEntry(base, key, entryAt(entry, this.#own));
  }

  /** Puts values in place of parameters; takes out what an optional one that is not given would have filled. */
  #fill(part: Tree | unknown[], found: { parameters: Set<string>; missing: Set<string> }): void {
    const { pack } = this.#options;
    for (const [key, value] of Object.entries(part)) {
      if (typeof value === "object" && value !== null) {
        this.#fill(value as Tree, found);
        continue;
      }
      const [, name] = (typeof value === "string" && PARAMETER.exec(value)) || [];
      const parameter = name === undefined ? undefined : pack.parameters[name];
      if (name === undefined || parameter === undefined) continue;
      found.parameters.add(name);
      const given = this.#set[name] ?? undefined;
      if (given !== undefined) {
        this.#adopt(part, key, { from: given, entry: entryOf(this.#set, name)! });
      } else if (parameter.default !== undefined) {
        const definition = (pack.tree.parameters as Tree)[name] as Tree;
        (part as Tree)[key] = copyAt(definition.default, this.#here);
        placeEntry(part, key, entryAt(entryOf(definition, "default")!, this.#here));
      } else if (parameter.need === "required") {
        found.missing.add(name);
      } else {
        delete (part as Tree)[key];
      }
    }
  }
}
