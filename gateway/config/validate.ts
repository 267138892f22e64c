import type { z } from "zod";
import { report, type Subtree } from "./complaints.ts";
import { entryOf, isTree, type Tree, valueAt } from "./located.ts";
import type { Problems } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/**
 * Parses one part of a site file by its schema; what is wrong is reported at its line and column, with a hint. Text from the
 * cells of a table is read as number or truth value where the schema wants one.
 *
 * After a complaint the rest is parsed without what is wrong, so that a slip in one option does not hide what is wrong
 * elsewhere with everything that refers to this part. Undefined when not even that is possible.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  subtree: Subtree,
  problems: Problems,
): z.output<S> | undefined {
  const value = valueAt(subtree.root, subtree.path) ?? (subtree.empty === true ? {} : undefined);
  let result = schema.safeParse(value);
  // A second pass may find text deeper inside a union whose first alternative did not fit before.
  for (let pass = 0; pass < 2 && !result.success; pass++) {
    if (!adoptCellTypes(result.error.issues, value)) break;
    result = schema.safeParse(value);
  }
  if (result.success) return result.data;
  for (const issue of result.error.issues) report({ schema, subtree, value, problems }, issue, []);
  const rest = without(value, result.error.issues);
  const mended = rest === undefined ? undefined : schema.safeParse(rest);
  return mended?.success === true ? mended.data : undefined;
}

/** A copy without what the issues complain about; undefined when that would leave holes. */
function without(value: unknown, issues: readonly Issue[]): unknown {
  if (!isTree(value)) return undefined;
  const copy = structuredClone(value);
  for (const issue of issues) {
    const paths =
      issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of paths) {
      const key = path.at(-1);
      const parent = valueAt(copy, path.slice(0, -1));
      if (key === undefined || !isTree(parent)) return undefined;
      delete parent[key as string];
    }
  }
  return copy;
}

/** Whether any text of a cell was turned into what the schema wants. */
function adoptCellTypes(issues: readonly Issue[], value: unknown, prefix: PropertyKey[] = []): boolean {
  let changed = false;
  for (const issue of issues) {
    const path = [...prefix, ...issue.path];
    if (issue.code === "invalid_union") {
      for (const branch of issue.errors) changed = adoptCellTypes(branch, value, path) || changed;
    } else if (issue.code === "invalid_type" && path.length > 0) {
      const parent = valueAt(value, path.slice(0, -1));
      const key = path.at(-1)!;
      if (typeof parent !== "object" || parent === null) continue;
      const entry = entryOf(parent, String(key));
      const text = (parent as Tree)[key as string];
      if (entry?.fromCell !== true || typeof text !== "string") continue;
      const adopted = readAs(issue.expected, text);
      if (adopted === undefined) continue;
      (parent as Tree)[key as string] = adopted;
      changed = true;
    }
  }
  return changed;
}

function readAs(expected: string, text: string): number | boolean | undefined {
  if (expected === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (expected !== "number" && expected !== "int") return undefined;
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
