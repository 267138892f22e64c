import type { Spot } from "./source.ts";

/*
 * A parsed file is plain objects and arrays, so that a schema can read it; where each of them stood is remembered beside
 * them. A path of a schema's complaint then leads back to line and column, through merged files and templates alike.
 */

/** Where a key and its value stand. */
export interface Entry {
  readonly key: Spot;
  readonly value: Spot;
  /** The scalar as it is written, for hints: `0012` where the parser read 12. */
  readonly written?: string;
  /** The value came from a cell of a table: text, which the schema may want as a number. */
  readonly fromCell?: boolean;
  /** A column of it was not in the table; that has been said, and what follows from it need not be. */
  readonly unfilled?: boolean;
}

interface Located {
  readonly spot: Spot;
  readonly entries: Map<string, Entry>;
}

const PLACES = new WeakMap<object, Located>();

export type Tree = { [key: string]: unknown };

/** Remembers where a map or list stands. */
export function place(container: object, spot: Spot): void {
  PLACES.set(container, { spot, entries: new Map() });
}

/** Remembers where an entry of a map or list stands. */
export function placeEntry(container: object, key: string | number, entry: Entry): void {
  PLACES.get(container)?.entries.set(String(key), entry);
}

/** Where a map or list stands. */
export function spotOf(container: object): Spot | undefined {
  return PLACES.get(container)?.spot;
}

/** Where one entry of a map or list stands. */
export function entryOf(container: object, key: string | number): Entry | undefined {
  return PLACES.get(container)?.entries.get(String(key));
}

/** Whether a value is a map. */
export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path; undefined where the path ends early. */
export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Tree)[key as string];
  }
  return value;
}

/**
 * The place of the last thing on a path that exists: the value, the key itself when `what` is `key`, or the nearest
 * enclosing entry when something is missing.
 */
export function locate(
  root: object,
  path: readonly PropertyKey[],
  what: "key" | "value" = "value",
): Spot | undefined {
  let spot = spotOf(root);
  let container: unknown = root;
  for (const [depth, key] of path.entries()) {
    if (typeof container !== "object" || container === null) break;
    const entry = entryOf(container, String(key));
    if (entry === undefined) break;
    const last = depth === path.length - 1;
    const next = (container as Tree)[key as string];
    const missingBelow =
      !last && !(isContainer(next) && entryOf(next, String(path[depth + 1])) !== undefined);
    // Something missing inside a map is best shown at the key that opens the map.
    spot = (last && what === "key") || missingBelow ? entry.key : entry.value;
    container = next;
  }
  return spot;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
