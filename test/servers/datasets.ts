import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { everythingRequired } from "./required.ts";

/** Recorded events that nobody here wrote; they lie beside the repository and are never part of it. */
const besideRepository = resolve(import.meta.dirname, "../../../shared/datasets");

/** The folder of the data sets (`TOCSIN_DATASETS`, else `../shared/datasets`), or undefined when there is none. */
export function datasetsFolder(): string | undefined {
  const folder = resolve(process.env.TOCSIN_DATASETS ?? besideRepository);
  return isFolder(folder) ? folder : undefined;
}

/**
 * Whether a data set is missing: `describe.skipIf(missingDataset("lk-rivers-nov2025"))("…", () => …)`.
 *
 * @throws {Error} when it is missing and `TOCSIN_REQUIRE_SERVERS=1`.
 */
export function missingDataset(name: string): boolean {
  const folder = datasetsFolder();
  const absent = folder === undefined || !isFolder(join(folder, name));
  if (absent && everythingRequired()) throw new Error(whereToPut(name));
  return absent;
}

/**
 * The path of a file of a data set.
 *
 * @throws {Error} when this machine has no data sets.
 */
export function datasetPath(name: string, ...parts: string[]): string {
  const folder = datasetsFolder();
  if (folder === undefined) throw new Error(whereToPut(name));
  return join(folder, name, ...parts);
}

function whereToPut(name: string): string {
  return `this test needs the data set ${name}: set TOCSIN_DATASETS to the folder that holds it`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
