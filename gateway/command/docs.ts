import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { BUILT_IN_PROFILES } from "../../drivers/profile-store.ts";
import { alertDocuments, type GeneratedFile } from "../alerts/documents.ts";
import { packsPage } from "../config/pack-page.ts";
import { referencePages } from "../config/reference-pages.ts";
import { backtestPage } from "../replay/reference-page.ts";
import { reportDocument } from "../report/json.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print } from "./output.ts";

/** `generated/`: reference pages; `schemas/`: what the alert topics carry. */
const DOCS_FOLDER = "docs";

/** Where the project is, whatever the working folder. */
const PROJECT = resolve(import.meta.dirname, "../..");

/** Writes the generated pages of the documentation, or with `check` says which are stale. */
export function docs(options: { check: boolean; folder?: string }): ExitCode {
  const docsFolder = options.folder ?? join(PROJECT, DOCS_FOLDER);
  const pages: (readonly [path: string, text: string])[] = [
    ...[...referencePages(BUILT_IN_PROFILES)].map(([name, text]) => [join("generated", name), text] as const),
    [join("generated", "backtest.md"), backtestPage()],
    [join("generated", "rule-packs.md"), packsPage()],
    ...schemaFiles().map(({ path, content }) => [join("schemas", path), content] as const),
  ];
  let stale = 0;
  for (const [name, text] of pages) {
    const path = join(docsFolder, name);
    if (!options.check) mkdirSync(dirname(path), { recursive: true });
    if (present(path) === text) continue;
    stale++;
    if (!options.check) writeFileSync(path, text);
    print(`${options.check ? "stale" : "written"}: ${path}`);
  }
  if (stale === 0) print("all generated pages are up to date");
  return options.check && stale > 0 ? EXIT.configuration : EXIT.ok;
}

/** Everything under `docs/schemas`: what the alert topics carry, and what commands and the API give. */
export function schemaFiles(): readonly GeneratedFile[] {
  return [...alertDocuments(), { path: "report.schema.json", content: reportDocument() }];
}

function present(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
