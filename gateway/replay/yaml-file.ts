import type { z } from "zod";
import { ConfigurationError } from "../../model/error.ts";
import { readText } from "../config/files.ts";
import { isTree } from "../config/located.ts";
import { Problems, renderProblem } from "../config/problem.ts";
import { SiteTree } from "../config/sections.ts";
import { FILE_EMPTY_OR_NO_MAP } from "../config/texts/structure.ts";
import { validate } from "../config/validate.ts";
import { parseYaml } from "../config/yaml-source.ts";

/** A parsed file, with the way from a path in it to a place. */
export interface YamlFile<T> {
  readonly content: T;
  /** What else is wrong, at its line: throws all of it when anything is an error. */
  readonly problems: Problems;
  readonly tree: SiteTree;
}

/**
 * Reads a YAML file that a person wrote, by its schema. `finish` of what it gives throws what was found since.
 * @throws ConfigurationError CONFIG_NOT_FOUND, CONFIG_SYNTAX or CONFIG_INVALID: a line a problem, with file, line, column and hint
 */
export function loadYamlFile<S extends z.ZodType>(path: string, schema: S): YamlFile<z.output<S>> {
  const problems = new Problems();
  const source = readText(path, problems);
  const root = source === undefined ? undefined : parseYaml(source, problems);
  if (source !== undefined && !problems.failed && !isTree(root)) {
    problems.at({ source, offset: 0 }, { message: FILE_EMPTY_OR_NO_MAP });
  }
  if (source === undefined || !isTree(root)) return refuse(problems);
  const tree = new SiteTree(root);
  const content = validate(schema, { root, path: [], fallback: { source, offset: 0 } }, problems);
  if (problems.failed || content === undefined) return refuse(problems);
  return { content, problems, tree };
}

/** Throws every problem as one error. */
export function refuse(problems: Problems): never {
  const all = problems.list();
  throw new ConfigurationError(
    all[0]?.code ?? "CONFIG_INVALID",
    all.map((problem) => renderProblem(problem)).join("\n"),
  );
}
