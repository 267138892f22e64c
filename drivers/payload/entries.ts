import { formatPath, lookup, type Path, wordOf } from "./path.ts";
import { PayloadError } from "./payload-error.ts";

/** Most samples in one message: beyond it the message is refused, so that one publication cannot stall the gateway. */
export const SAMPLES_MAX = 10_000;

/** Where in a payload the entries of several devices stand, and where in each its device's name. */
export interface EntryPaths {
  readonly list: Path;
  readonly device: Path;
  /** Both as text: equal for equal ones. */
  readonly key: string;
}

/** A payload with the entries of several devices, found once, however many of them look for their own. */
export interface NamedEntries {
  readonly root: unknown;
  readonly byName: ReadonlyMap<string, readonly unknown[]>;
  /** Entries that name no device. */
  readonly unnamed: number;
}

/** The samples that stand at a path; undefined: nothing does. @throws PayloadError when it is no array, or too long. */
export function samplesAt(root: unknown, path: Path): readonly unknown[] | undefined {
  const samples = lookup(root, path);
  if (samples === undefined) return undefined;
  if (!Array.isArray(samples)) throw new PayloadError(`${formatPath(path) || "the payload"} is no array`);
  if (samples.length > SAMPLES_MAX) {
    throw new PayloadError(`${samples.length} samples in one message; at most ${SAMPLES_MAX}`);
  }
  return samples;
}

/** Sorts the entries of a payload by device. @throws PayloadError when they are no array, or too many. */
export function entriesOf(root: unknown, { list, device }: EntryPaths): NamedEntries {
  const byName = new Map<string, unknown[]>();
  let unnamed = 0;
  for (const entry of samplesAt(root, list) ?? []) {
    const said = lookup(entry, device);
    const name = typeof said === "boolean" ? undefined : wordOf(said);
    if (name === undefined) {
      unnamed++;
      continue;
    }
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [entry]);
    else known.push(entry);
  }
  return { root, byName, unnamed };
}
