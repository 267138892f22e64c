import { ConfigurationError } from "../../model/error.ts";
import { wordsOf } from "../messages/words.ts";
import type { Problems } from "./problem.ts";
import { readSecret, SECRET_PATTERN } from "./secret.ts";
import type { SiteTree } from "./sections.ts";

/** Where secrets may stand. */
const SECTIONS = ["links", "sinks", "uplinks", "routes", "alerts", "http"] as const;

/**
 * Secrets that are not there. A warning, because a site file is often checked on another machine than the one it is for;
 * whoever needs the secret at start refuses without it.
 */
export function checkSecrets(
  tree: SiteTree,
  from: { folder: string; environment: NodeJS.ProcessEnv },
  problems: Problems,
): void {
  const walk = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === "object" && value !== null) {
      for (const [key, below] of Object.entries(value)) walk(below, [...path, key]);
      return;
    }
    if (typeof value !== "string" || !SECRET_PATTERN.test(value)) return;
    try {
      readSecret(value, from.folder, from.environment);
    } catch (thrown) {
      if (!(thrown instanceof ConfigurationError)) throw thrown;
      problems.at(tree.spot(path), {
        severity: "warning",
        code: thrown.code,
        ...wordsOf(thrown),
      });
    }
  };
  for (const section of SECTIONS) walk(tree.root[section], [section]);
}
