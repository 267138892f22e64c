import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { describe } from "../model/error.ts";
import { lintModbus } from "./modbus/lint.ts";
import { type Profile, profileSchema } from "./profile.ts";
import { checkProfile } from "./profile-check.ts";

/** The folder of the profiles that come with Tocsin. */
export const BUILT_IN_PROFILES = join(import.meta.dirname, "profiles");

/** Something wrong with a profile file, where a person finds it: lines and columns count from 1. */
export interface LocatedProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint?: string;
}

export interface LoadedProfiles {
  /** By id. A file with a problem is not among them. */
  readonly profiles: Map<string, Profile>;
  readonly problems: LocatedProblem[];
}

/** Profiles are one page of YAML; a larger file is something else. */
const MAX_PROFILE_BYTES = 1_000_000;

type Path = readonly (string | number)[];

/**
 * Reads all `*.yaml` and `*.yml` of the folders. All problems of all files come back, none is thrown; a profile is used
 * only when nothing is wrong with it. The first file with an id keeps it: ids are never reused. Of the profiles that come with
 * Tocsin only those `wanted` are read, where that is said: a site uses few of them.
 */
export function loadProfiles(folders: readonly string[], wanted?: ReadonlySet<string>): LoadedProfiles {
  const profiles = new Map<string, Profile>();
  const problems: LocatedProblem[] = [];
  const origin = new Map<string, string>();
  for (const folder of folders) {
    let files: Dirent[];
    try {
      files = readdirSync(folder, { withFileTypes: true });
    } catch (error) {
      problems.push({
        file: folder,
        line: 1,
        column: 1,
        message: `the folder of profiles cannot be read: ${describe(error)}`,
      });
      continue;
    }
    const names = files
      .filter((file) => !file.isDirectory() && /\.ya?ml$/.test(file.name))
      .map((f) => f.name)
      .filter((name) => folder !== BUILT_IN_PROFILES || wanted?.has(idOf(name)) !== false);
    for (const name of names.sort()) {
      const file = join(folder, name);
      const loaded = loadProfile(file);
      problems.push(...loaded.problems);
      const { profile } = loaded;
      if (profile === undefined) continue;
      const first = origin.get(profile.id);
      if (first === undefined) {
        origin.set(profile.id, file);
        profiles.set(profile.id, profile);
      } else if (first !== file) {
        problems.push({
          ...loaded.idAt,
          file,
          message: `profile ${profile.id} is already defined in ${first}`,
          hint: "give yours another id and file name",
        });
      }
    }
  }
  return { profiles, problems };
}

/** The id of the profile that a file must have in it. */
function idOf(name: string): string {
  return name.replace(/\.ya?ml$/, "");
}

/** A file of a profile that was read. */
export interface LoadedProfile {
  /** There only when nothing is wrong with it. */
  readonly profile: Profile | undefined;
  readonly problems: LocatedProblem[];
  /** Where its id stands. */
  readonly idAt: { readonly line: number; readonly column: number };
  /** What looks wrong and may be meant; computed when asked. */
  lint(): LocatedProblem[];
}

const NOTHING = () => [];

const START = { line: 1, column: 1 };

function failed(file: string, message: string): LoadedProfile {
  return { profile: undefined, problems: [{ file, ...START, message }], idAt: START, lint: NOTHING };
}

/** One file. */
export function loadProfile(file: string): LoadedProfile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return failed(file, `the file cannot be read: ${describe(error)}`);
  }
  return readProfile(text, file);
}

/** The text of a profile that is, or will be, in `file`. */
export function readProfile(text: string, file: string): LoadedProfile {
  if (text.length > MAX_PROFILE_BYTES) return failed(file, "too large for a profile");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      file,
      ...position(lines, error.pos[0]),
      message: error.message,
    }));
    return { profile: undefined, problems, idAt: START, lint: NOTHING };
  }
  const locate = (path: Path) => position(lines, offsetOf(document, path));
  let written: unknown;
  try {
    written = document.toJS();
  } catch (error) {
    // Aliases that multiply (the "billion laughs") are refused by the parser.
    return failed(file, describe(error));
  }
  const parsed = profileSchema.safeParse(written);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) =>
      fromIssue(issue).map(({ path, message }) => ({ file, ...locate(path), message })),
    );
    return { profile: undefined, problems, idAt: START, lint: NOTHING };
  }
  const profile = withCodec(parsed.data, file);
  const problems: LocatedProblem[] = checkProfile(profile).map(({ path, ...rest }) => ({
    file,
    ...locate(path),
    ...rest,
  }));
  const codec = profile.lorawan?.codec;
  if (codec !== undefined && statSync(codec, { throwIfNoEntry: false })?.isFile() !== true) {
    problems.push({ file, ...locate(["lorawan", "codec"]), message: `the codec does not exist: ${codec}` });
  }
  const expected = idOf(basename(file));
  const idAt = locate(["id"]);
  if (profile.id !== expected) {
    problems.push({
      file,
      ...idAt,
      message: `the file of profile ${profile.id} must be named ${profile.id}.yaml`,
    });
  }
  if (problems.length > 0) return { profile: undefined, problems, idAt, lint: NOTHING };
  const lint = () => {
    const found = profile.modbus === undefined ? [] : lintModbus(profile, profile.modbus);
    return found.map(({ path, ...rest }) => ({ file, ...locate(path), ...rest }));
  };
  return { profile, problems, idAt, lint };
}

/** The codec's file is named from the folder of the profile. */
function withCodec(profile: Profile, file: string): Profile {
  const { lorawan } = profile;
  if (lorawan?.codec === undefined) return profile;
  return { ...profile, lorawan: { ...lorawan, codec: resolve(dirname(file), lorawan.codec) } };
}

/** One problem a wrong key, so that each gets its own line. */
function fromIssue(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: `${where}there is no option ${key}` }));
  }
  return [{ path, message: `${where}${issue.message}` }];
}

/** Where a path begins in the text; of what does not exist, where its parent begins. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(last));
      if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function position(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
