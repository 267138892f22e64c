import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isTree } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { ParsedSite } from "./sections.ts";
import { NO_FILE, ofFile } from "./texts/structure.ts";

/** Files that the option `tls` of links, sinks, uplinks and routes may name. */
const TLS_FILES = ["ca", "certificate", "key"] as const;
const SECTIONS = ["links", "sinks", "uplinks", "routes"] as const;

/**
 * The same options with the files of `tls` by their absolute paths: in the site file they count from the file they stand in,
 * not from the folder the gateway happens to be started in.
 */
export function withAbsoluteFiles<Options extends object>(options: Options, folder: string): Options {
  const { tls } = options as { tls?: unknown };
  if (!isTree(tls)) return options;
  const absolute = { ...tls };
  for (const name of TLS_FILES) {
    const path = absolute[name];
    if (typeof path === "string") absolute[name] = resolve(folder, path);
  }
  return { ...options, tls: absolute };
}

/** Certificates and keys that are not there: a warning, like a secret, because the file may belong to another machine. */
export function checkOptionFiles(parsed: ParsedSite, problems: Problems): void {
  for (const section of SECTIONS) {
    for (const [id, options] of parsed[section].entries) {
      const { tls } = options as { tls?: unknown };
      if (!isTree(tls)) continue;
      for (const name of TLS_FILES) {
        const path = tls[name];
        if (typeof path !== "string") continue;
        const spot = parsed.tree.spot([section, id, "tls", name]);
        if (existsSync(resolve(dirname(spot.source.path), path))) continue;
        problems.at(spot, {
          severity: "warning",
          code: "CONFIG_NOT_FOUND",
          message: ofFile(path, NO_FILE),
        });
      }
    }
  }
}

/** The folder that paths of an entry count from. */
export function folderOf(parsed: ParsedSite, section: (typeof SECTIONS)[number], id: string): string {
  return dirname(parsed.tree.spot([section, id], "key").source.path);
}
