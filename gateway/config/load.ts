import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { DriverKind } from "../../drivers/driver.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { ConfigurationError } from "../../model/error.ts";
import type { Configuration } from "../configuration.ts";
import { checkEndpoints } from "./check-endpoints.ts";
import { checkSecrets } from "./check-secrets.ts";
import { expandComponentTables } from "./component-tables.ts";
import { applyEnvironment } from "./environment.ts";
import { expandPacks, type PackUse } from "./expand-packs.ts";
import { readSite, type SiteSource } from "./files.ts";
import { isTree } from "./located.ts";
import { checkOptionFiles } from "./option-files.ts";
import { siteKinds } from "./own-drivers.ts";
import { type Problem, Problems, renderProblem } from "./problem.ts";
import { profileProblem } from "./profile-problem.ts";
import { resolveSite } from "./resolve.ts";
import { type ParsedSite, parseSections } from "./sections.ts";
import { expandTemplates } from "./templates.ts";
import { NO_FOLDER, NO_SCENARIO, ofFile, PROFILE_FOLDER } from "./texts/structure.ts";

export interface LoadOptions {
  /** Data folder from the command line, relative to the working folder. */
  readonly data?: string | undefined;
  /** Default: this process's. */
  readonly environment?: NodeJS.ProcessEnv;
}

export interface LoadedSite {
  /** Only when no problem is an error. */
  readonly configuration: Configuration | undefined;
  /** Everything that is wrong, and warnings, by place. */
  readonly problems: readonly Problem[];
  /** Rule packs that it uses. */
  readonly packs: readonly PackUse[];
}

/**
 * Reads and checks a site: a YAML file, or a folder of them, with the tables and profiles they name. Nothing is thrown for
 * what a person can mend: all problems come back at once.
 */
export function loadSite(path: string, options: LoadOptions = {}): LoadedSite {
  const problems = new Problems();
  const { configuration, packs } = load(path, options, problems);
  return { configuration: problems.failed ? undefined : configuration, problems: problems.list(), packs };
}

function load(
  path: string,
  options: LoadOptions,
  problems: Problems,
): { configuration: Configuration | undefined; packs: readonly PackUse[] } {
  const { environment = process.env } = options;
  const read = readSite(path, problems);
  if (read === undefined) return { configuration: undefined, packs: [] };
  const before = problems.errors;
  const expanded = expandComponentTables(expandTemplates(read.root, problems), problems);
  const packed = expandPacks(expanded, problems);
  const complete = problems.errors === before;
  const root = applyEnvironment(packed.root, environment);
  const source: SiteSource = { ...read, root };
  const kinds = siteKinds(root, problems);
  const parsed = parseSections(root, problems, kinds);
  checkSimulation(parsed, source, problems);
  checkSecrets(parsed.tree, { folder: source.folder, environment }, problems);
  checkOptionFiles(parsed, problems);
  checkEndpoints(parsed, problems);
  const { profiles, broken, folders } = readProfiles(parsed, problems);
  const configuration = resolveSite(
    parsed,
    {
      source,
      kinds,
      profiles,
      brokenProfiles: broken,
      profileFolders: folders,
      data: options.data ?? (environment.TOCSIN_DATA || undefined),
      environment,
      complete,
      packs: packed.uses,
    },
    problems,
  );
  return { configuration, packs: packed.uses };
}

/** The built-in profiles and those in the folders that the site names. */
function readProfiles(parsed: ParsedSite, problems: Problems) {
  const folders: string[] = [];
  for (const [i, name] of (parsed.profiles ?? []).entries()) {
    const spot = parsed.tree.spot(["profiles", i]);
    const folder = resolve(dirname(spot.source.path), name);
    if (existsSync(folder)) folders.push(folder);
    else {
      problems.at(spot, {
        code: "CONFIG_NOT_FOUND",
        message: ofFile(name, NO_FOLDER),
        hint: PROFILE_FOLDER,
      });
    }
  }
  const all = [BUILT_IN_PROFILES, ...folders];
  const named = namedProfiles(parsed);
  let loaded = loadProfiles(all, named);
  // Who names one that is not there wants to hear which there are.
  if ([...named].some((id) => !loaded.profiles.has(id))) loaded = loadProfiles(all);
  const { profiles, problems: found } = loaded;
  const broken = new Set<string>();
  for (const problem of found) {
    broken.add(basename(problem.file).replace(/\.ya?ml$/, ""));
    problems.add(profileProblem(problem, "error"));
  }
  return { profiles, broken, folders };
}

/** Ids of the profiles that devices name. */
function namedProfiles({ tree }: ParsedSite): Set<string> {
  const { devices } = tree.root;
  if (!isTree(devices)) return new Set();
  return new Set(
    Object.values(devices).flatMap((device) =>
      isTree(device) && typeof device.profile === "string" ? [device.profile] : [],
    ),
  );
}

function checkSimulation(parsed: ParsedSite, source: SiteSource, problems: Problems): void {
  if (parsed.simulate === undefined || existsSync(resolve(source.folder, parsed.simulate))) return;
  problems.at(parsed.tree.spot(["simulate"]), {
    code: "CONFIG_NOT_FOUND",
    message: ofFile(parsed.simulate, NO_SCENARIO),
  });
}

/** How many problems an error's message shows; `tocsin check` shows all. */
const MOST_IN_MESSAGE = 20;

/**
 * The configuration, for those who only go on with a sound one.
 * @throws ConfigurationError with the first problem's code and all problems in its message.
 */
export function loadConfiguration(path: string, options: LoadOptions = {}): Configuration {
  const { configuration, problems } = loadSite(path, options);
  if (configuration !== undefined) return configuration;
  throw unsound(path, problems);
}

/**
 * The kinds of link that a site can have, those of its own drivers among them; nothing else of it is checked.
 * @throws ConfigurationError when the site cannot be read, or a driver that it names cannot be loaded.
 */
export function loadKinds(path: string): ReadonlyMap<string, DriverKind> {
  const problems = new Problems();
  const read = readSite(path, problems);
  const kinds = read === undefined ? driverKinds : siteKinds(read.root, problems);
  if (problems.failed) throw unsound(path, problems.list());
  return kinds;
}

function unsound(path: string, problems: readonly Problem[]): ConfigurationError {
  const errors = problems.filter(({ severity }) => severity === "error");
  const shown = errors.slice(0, MOST_IN_MESSAGE).map((problem) => renderProblem(problem));
  return new ConfigurationError(errors[0]?.code ?? "CONFIG_INVALID", shown.join("\n"), {
    hint: `tocsin check ${path}`,
  });
}
