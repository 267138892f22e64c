import { dirname, resolve } from "node:path";
import type { Text } from "../../model/text.ts";
import { type Cell, parseCsv, type Row, type Table } from "./csv.ts";
import { copyMap, joinEntries, readText, say } from "./files.ts";
import { type Entry, entryOf, isTree, locate, place, placeEntry, spotOf, type Tree } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { Spot } from "./source.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED, ofInstance, theOther } from "./texts/hints.ts";
import { noneCalled, THINGS } from "./texts/references.ts";
import { KEY_NOT_ALLOWED } from "./texts/structure.ts";
import * as texts from "./texts/tables.ts";

/*
 * Templates describe what many places have in common: `${column}` stands for a cell of a row of the instance table. The
 * result is ordinary points, devices, groups and rules, checked like those that are written out.
 */

/** What a template may bring. */
export const TEMPLATE_SECTIONS = ["points", "devices", "groups", "rules", "packs"] as const;

/** The column whose value names the instance; overrides refer to it. */
const ID_COLUMN = "id";

/** Adds what all instances bring to the tree of the site, which is copied as far as it changes. */
export function expandTemplates(root: Tree, problems: Problems): Tree {
  const { instances, templates } = root;
  if (!Array.isArray(instances)) return root;
  const site = copyMap(root);
  const known = isTree(templates) ? templates : {};
  for (const [i, instance] of instances.entries()) {
    if (!isTree(instance)) continue;
    const spot = (...path: PropertyKey[]): Spot => locate(root, ["instances", i, ...path])!;
    const { template: name, from } = instance;
    if (typeof name !== "string" || typeof from !== "string") continue;
    const template = known[name];
    if (!isTree(template)) {
      const hint = didYouMean(name, Object.keys(known), LISTED.templates);
      problems.at(spot("template"), { message: noneCalled(THINGS.template, name), hint });
      continue;
    }
    const at = spot("from");
    const source = readText(resolve(dirname(at.source.path), from), problems, at);
    const table = source === undefined ? undefined : parseCsv(source, problems);
    if (table === undefined || !hasId(table, problems)) continue;
    const override = isTree(instance.override) ? instance.override : undefined;
    new Expansion({ site, name, template, override, problems }).run(table);
  }
  return site;
}

function hasId(table: Table, problems: Problems): boolean {
  if (table.columns.includes(ID_COLUMN)) return true;
  const first = table.rows[0]?.spot;
  if (first !== undefined) {
    problems.at(
      { ...first, offset: 0 },
      {
        message: texts.noColumn(ID_COLUMN),
        hint: didYouMean(ID_COLUMN, table.columns, LISTED.columns),
      },
    );
  }
  return false;
}

interface ExpansionOptions {
  readonly site: Tree;
  readonly name: string;
  readonly template: Tree;
  readonly override: Tree | undefined;
  readonly problems: Problems;
}

/** One template with one table. */
class Expansion {
  readonly #options: ExpansionOptions;
  /** Columns of the template that the table lacks: said once, not once a row. */
  readonly #unknown = new Set<string>();
  /** Sections of the site that are copies already. */
  readonly #owned = new Set<string>();

  constructor(options: ExpansionOptions) {
    this.#options = options;
  }

  run(table: Table): void {
    const { override, problems } = this.#options;
    const ids = new Map<string, Spot>();
    for (const row of table.rows) {
      const { text: id, spot } = row.cells.get(ID_COLUMN)!;
      const first = ids.get(id);
      if (id === "") problems.at(spot, { message: texts.ROW_WITHOUT_ID });
      else if (first !== undefined) {
        problems.at(spot, { message: texts.idTwice(id), hint: theOther(say(first)) });
      } else {
        ids.set(id, spot);
        this.#row(row, id);
      }
    }
    for (const id of Object.keys(override ?? {})) {
      if (ids.has(id)) continue;
      const hint = didYouMean(id, ids.keys(), LISTED.rowIds);
      problems.at(entryOf(override!, id)!.key, { message: texts.noRow(id), hint });
    }
  }

  #row(row: Row, id: string): void {
    const { site, name, template, override, problems } = this.#options;
    const origin = texts.rowOf(name, id);
    const brought = this.#fill(template, row, origin) as Tree;
    const change = override?.[id];
    if (isTree(change)) this.#override(brought, change, origin);
    for (const section of TEMPLATE_SECTIONS) {
      const entries = brought[section];
      if (!isTree(entries)) continue;
      const present = site[section];
      if (!isTree(present)) {
        const empty: Tree = {};
        place(empty, spotOf(entries)!);
        site[section] = empty;
        placeEntry(site, section, entryOf(brought, section)!);
      } else if (!this.#owned.has(section)) {
        site[section] = copyMap(present);
      }
      this.#owned.add(section);
      joinEntries(site[section] as Tree, entries, problems);
    }
  }

  /** A copy of a part of the template with every `${column}` filled in. */
  #fill(part: unknown, row: Row, origin: Text): unknown {
    if (typeof part !== "object" || part === null) return part;
    const spot = spotOf(part)!;
    if (Array.isArray(part)) {
      const list: unknown[] = [];
      place(list, { ...spot, origin });
      part.forEach((value, i) => {
        const { filled, entry } = this.#entry({ value, entry: entryOf(part, i)!, row, origin });
        list.push(filled);
        placeEntry(list, i, entry);
      });
      return list;
    }
    const map: Tree = {};
    place(map, { ...spot, origin });
    for (const [key, value] of Object.entries(part)) {
      const { filled, entry } = this.#entry({ value, entry: entryOf(part, key)!, row, origin });
      const name = this.#text(key, entry.key, row);
      if (name.unfilled) continue;
      if (name.text === "__proto__") {
        this.#options.problems.at(name.spot, { message: KEY_NOT_ALLOWED });
        continue;
      }
      map[name.text] = filled;
      placeEntry(map, name.text, { ...entry, key: { ...name.spot, origin } });
    }
    return map;
  }

  #entry(from: { value: unknown; entry: Entry; row: Row; origin: Text }): {
    filled: unknown;
    entry: Entry;
  } {
    const { value, entry, row, origin } = from;
    const key = { ...entry.key, origin };
    if (typeof value !== "string") {
      return {
        filled: this.#fill(value, row, origin),
        entry: { ...entry, key, value: { ...entry.value, origin } },
      };
    }
    const { text, spot, cell, unfilled } = this.#text(value, entry.value, row);
    return {
      filled: text,
      entry: { key, value: { ...spot, origin }, written: text, fromCell: cell, unfilled },
    };
  }

  /** A text with its columns filled in; its place is the cell's where one cell decides, else the template's. */
  #text(text: string, spot: Spot, row: Row): { text: string; spot: Spot; cell: boolean; unfilled: boolean } {
    if (!text.includes("${")) return { text, spot, cell: false, unfilled: false };
    let decided: Cell | undefined;
    let unfilled = false;
    const filled = text.replaceAll(/\$\{([^}]*)\}/g, (whole, column: string) => {
      const cell = row.cells.get(column.trim());
      if (cell === undefined) {
        this.#complain(column.trim(), spot, row);
        unfilled = true;
        return whole;
      }
      decided ??= cell;
      return cell.text;
    });
    const cell = decided !== undefined && /^\$\{[^}]*\}$/.test(text);
    return { text: filled, spot: decided?.spot ?? spot, cell, unfilled };
  }

  #complain(column: string, spot: Spot, row: Row): void {
    const { name, problems } = this.#options;
    if (this.#unknown.has(column)) return;
    this.#unknown.add(column);
    const table = row.spot.source.path.replace(/^.*[\\/]/, "");
    const hint = didYouMean(column, row.cells.keys(), LISTED.columns);
    problems.at(spot, { message: texts.noColumnForTemplate({ template: name, table, column }), hint });
  }

  /** Lays a change over what a row brought: maps are joined, everything else replaced. */
  #override(brought: Tree, change: Tree, origin: Text): void {
    const { problems } = this.#options;
    for (const [section, entries] of Object.entries(change)) {
      const target = brought[section];
      if (!isTree(entries)) continue;
      for (const [id, value] of Object.entries(entries)) {
        const entry = entryOf(entries, id)!;
        const present = isTree(target) ? target[id] : undefined;
        if (!isTree(target) || !isTree(present) || !isTree(value)) {
          const hint = didYouMean(id, isTree(target) ? Object.keys(target) : [], ofInstance(section));
          problems.at(entry.key, { message: texts.nothingToOverride(origin, id, section), hint });
          continue;
        }
        layOver(present, value);
      }
    }
  }
}

function layOver(base: Tree, change: Tree): void {
  for (const [key, value] of Object.entries(change)) {
    const present = base[key];
    if (isTree(present) && isTree(value)) {
      layOver(present, value);
      continue;
    }
    base[key] = value;
    placeEntry(base, key, entryOf(change, key)!);
  }
}
