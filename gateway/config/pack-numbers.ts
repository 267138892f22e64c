import { parseDuration } from "../../model/time.ts";
import type { NumberSource, PackedRule } from "./pack-file.ts";

/** A number of a rule, or a duration, with its path in the rule (`above.red`, `accumulation.windows.0.window`). */
export interface PackNumber {
  readonly path: string;
  readonly value: number | string;
  /** Where it comes from; undefined where the pack does not say. */
  readonly source: NumberSource | undefined;
}

/** Words of a rule, which may well contain figures. */
const WORDS = new Set(["name", "basis", "guidance"]);

/** Every number of a packed rule with its source: that of its own path, or of the nearest map around it. */
export function packNumbers({ rule, sources }: Pick<PackedRule, "rule" | "sources">): PackNumber[] {
  const numbers: PackNumber[] = [];
  const walk = (part: unknown, path: readonly string[]): void => {
    if (typeof part === "object" && part !== null) {
      for (const [key, value] of Object.entries(part)) {
        if (path.length > 0 || !WORDS.has(key)) walk(value, [...path, key]);
      }
    } else if (typeof part === "number" || (typeof part === "string" && parseDuration(part) !== undefined)) {
      numbers.push({ path: path.join("."), value: part, source: nearestSource(path, sources) });
    }
  };
  walk(rule, []);
  return numbers;
}

function nearestSource(path: readonly string[], sources: PackedRule["sources"]): NumberSource | undefined {
  for (let length = path.length; length > 0; length--) {
    const source = sources[path.slice(0, length).join(".")];
    if (source !== undefined) return source;
  }
  return undefined;
}
