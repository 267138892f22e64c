import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BUILT_IN_PROFILES } from "../../drivers/profile-store.ts";
import { GENERATED_FOLDER, referencePages } from "../config/reference-pages.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print } from "./output.ts";

/** Where the project is, whatever the working folder. */
const PROJECT = resolve(import.meta.dirname, "../..");

/** Writes the generated pages of the documentation, or with `check` says which are stale. */
export function docs(options: { check: boolean; folder?: string }): ExitCode {
  const folder = options.folder ?? join(PROJECT, GENERATED_FOLDER);
  let stale = 0;
  if (!options.check) mkdirSync(folder, { recursive: true });
  for (const [name, text] of referencePages(BUILT_IN_PROFILES)) {
    const path = join(folder, name);
    if (present(path) === text) continue;
    stale++;
    if (!options.check) writeFileSync(path, text);
    print(`${options.check ? "stale" : "written"}: ${path}`);
  }
  if (stale === 0) print("all generated pages are up to date");
  return options.check && stale > 0 ? EXIT.configuration : EXIT.ok;
}

function present(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
