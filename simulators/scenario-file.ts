import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { ConfigurationError, describe } from "../model/error.ts";
import { type Scenario, scenarioSchema } from "./scenario.ts";

/** Where in the file something stands. */
export type ScenarioPath = readonly (string | number)[];

/** Something wrong with a scenario. */
export interface ScenarioProblem {
  readonly path: ScenarioPath;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** A scenario with the file it came from. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  /** Absolute. */
  readonly file: string;
  /** Relative paths in it count from here. */
  readonly folder: string;
  /** `scenario.yaml:12:7` for a path in it, or for the nearest thing above. */
  where(path: ScenarioPath): string;
}

/** A scenario is written by hand; a file larger than this is something else. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * Reads a scenario.
 * @throws ConfigurationError CONFIG_NOT_FOUND, CONFIG_SYNTAX or CONFIG_INVALID; the message has one line a problem, each with
 * file, line and column.
 */
export function loadScenario(path: string): LoadedScenario {
  const file = resolve(path);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `the scenario cannot be read: ${describe(cause)}`, {
      cause,
    });
  }
  return parseScenario(text, { file, shown: path });
}

/** The same for text at hand; `shown` is how messages name the file. */
export function parseScenario(
  text: string,
  { file, shown = file }: { file: string; shown?: string },
): LoadedScenario {
  if (text.length > LARGEST_BYTES)
    throw new ConfigurationError("CONFIG_SYNTAX", `${shown} is too large for a scenario`);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${shown}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    const found = document.errors.map((error) => `${at(error.pos[0])}: ${error.message}`);
    throw new ConfigurationError("CONFIG_SYNTAX", found.join("\n"));
  }
  let written: unknown;
  try {
    written = document.toJS();
  } catch (cause) {
    throw new ConfigurationError("CONFIG_SYNTAX", `${shown}: ${describe(cause)}`, { cause });
  }
  const where = (path: ScenarioPath): string => at(offsetOf(document, path));
  const parsed = scenarioSchema.safeParse(written);
  if (!parsed.success) {
    throw scenarioError(
      parsed.error.issues.flatMap((issue) => flatten(issue)),
      where,
    );
  }
  return { scenario: parsed.data, file, folder: dirname(file), where };
}

/** One error for all problems of a scenario. */
export function scenarioError(
  problems: readonly ScenarioProblem[],
  where: (path: ScenarioPath) => string,
): ConfigurationError {
  const lines = problems.map(
    ({ path, message, hint }) => `${where(path)}: ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
  return new ConfigurationError("CONFIG_INVALID", lines.join("\n"));
}

function flatten(issue: z.core.$ZodIssue, base: ScenarioPath = []): ScenarioProblem[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === "number" ? key : String(key)))];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: `"${key}" is not known here` }));
  }
  if (issue.code === "invalid_key") return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The alternative that was meant is the one that came furthest.
    const alternatives = issue.errors.map((issues) => issues.flatMap((inner) => flatten(inner, path)));
    const depth = (found: readonly ScenarioProblem[]): number =>
      Math.max(...found.map((one) => one.path.length));
    return alternatives.reduce((best, found) => (depth(found) > depth(best) ? found : best));
  }
  return [{ path, message: issue.message }];
}

/** Where the node at a path begins: the key for what is wrong with it, the nearest thing above for what is missing. */
function offsetOf(document: Document.Parsed, path: ScenarioPath): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key: node }) => isScalar(node) && String(node.value) === String(key));
      if (isNode(pair?.key) && pair.key.range) return pair.key.range[0];
    } else {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
    }
  }
  return document.contents?.range?.[0] ?? 0;
}
