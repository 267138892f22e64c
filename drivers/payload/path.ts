import { z } from "zod";

/*
 * Paths into JSON, read as `a.b[0].c`; the empty path is the whole payload (or the whole element of an array).
 */

const PATH_PATTERN = /^$|^[^.[\]]+(\[\d+\]|\.[^.[\]]+)*$|^\[\d+\](\[\d+\]|\.[^.[\]]+)*$/;

/** A path as a person writes it, or a list of keys. */
export const pathSchema = z
  .union([
    z.string().regex(PATH_PATTERN, "write a path such as battery, sensor.level or values[0].v"),
    z.array(z.union([z.string().min(1), z.number().int().nonnegative()])),
  ])
  .meta({
    description: "Where the field stands. A list of keys for keys that contain a dot.",
    examples: ["sensor.level", "values[0].v"],
  });
/** A path as it stands in a profile. */
export type PathOption = z.output<typeof pathSchema>;

/** A path as it is walked: keys and positions. */
export type Path = readonly (string | number)[];

/** Splits `a.b[0].c`; the profile's schema has checked its form. */
export function parsePath(path: PathOption): Path {
  if (Array.isArray(path)) return path;
  const keys: (string | number)[] = [];
  for (const [, position, key] of path.matchAll(/\[(\d+)\]|([^.[\]]+)/g)) {
    keys.push(position === undefined ? key! : Number(position));
  }
  return keys;
}

/** A path as a person writes it. */
export function formatPath(path: Path): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`))
    .join("")
    .replace(/^\./, "");
}

/**
 * The value at the end of a path: undefined when it is not there, null when it, or something on the way to it, is null.
 * Only the payload's own keys count, never what every JavaScript object inherits.
 */
export function lookup(root: unknown, path: Path): unknown {
  let at = root;
  for (let i = 0; i < path.length; i++) {
    if (at === null) return null;
    if (typeof at !== "object") return undefined;
    const key = path[i]!;
    if (!Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string | number, unknown>)[key];
  }
  return at;
}

/**
 * The text of a value that is one word; undefined for objects, arrays, null and what is not there. Those must not be made a text: one
 * that comes with a key `toString` of its own throws.
 */
export function wordOf(node: unknown): string | undefined {
  return typeof node === "string" || typeof node === "number" || typeof node === "boolean"
    ? String(node)
    : undefined;
}
