import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { DriverKind } from "../../drivers/driver.ts";
import { DRIVER_KIT, type DriverModule, KIT_VERSION } from "../../drivers/kit.ts";
import { driverKinds } from "../../drivers/registry.ts";
import { describe } from "../../model/error.ts";
import type { Tree } from "./located.ts";
import type { Complaint, Problems } from "./problem.ts";
import { SiteTree } from "./sections.ts";
import * as texts from "./texts/packs.ts";
import { NO_FILE } from "./texts/structure.ts";

/** Bit of a file's mode: everybody may write it. */
const WRITABLE_BY_ALL = 0o002;
const TYPE_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;

/** A driver that cannot be used, and why. */
class Unusable extends Error {
  readonly complaint: Complaint;

  constructor(complaint: Complaint) {
    super(complaint.message.en);
    this.complaint = complaint;
  }
}

/**
 * The kinds of link that a site can have: those that come with Tocsin, and those of the drivers that it names under `drivers`.
 * They are loaded here, before the site is checked, because their options are checked with it.
 */
export function siteKinds(root: Tree, problems: Problems): ReadonlyMap<string, DriverKind> {
  const named = root.drivers;
  // What is no list of texts is the schema's to complain about.
  if (!Array.isArray(named)) return driverKinds;
  const kinds = new Map(driverKinds);
  const from = new Map<string, string>();
  const tree = new SiteTree(root);
  for (const [i, name] of named.entries()) {
    if (typeof name !== "string" || name === "") continue;
    const spot = tree.spot(["drivers", i]);
    try {
      for (const kind of load(name, dirname(spot.source.path))) {
        const other = kinds.has(kind.type) ? (from.get(kind.type) ?? "Tocsin") : undefined;
        if (other !== undefined) {
          throw new Unusable({
            message: texts.ofDriver(name, texts.typeTaken(kind.type, other)),
          });
        }
        kinds.set(kind.type, kind);
        from.set(kind.type, name);
      }
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      problems.at(spot, error.complaint);
    }
  }
  return kinds;
}

function load(name: string, folder: string): readonly DriverKind[] {
  const isPath = name.startsWith(".") || isAbsolute(name);
  const path = isPath ? resolve(folder, name) : name;
  if (isPath) checkFile(name, path);
  let module: Partial<DriverModule>;
  try {
    module = createRequire(join(folder, "site"))(path) as Partial<DriverModule>;
  } catch (error) {
    const missing = !isPath && (error as NodeJS.ErrnoException).code === "MODULE_NOT_FOUND";
    throw new Unusable({
      code: missing ? "CONFIG_NOT_FOUND" : "CONFIG_INVALID",
      message: texts.ofDriver(name, missing ? texts.NO_PACKAGE : texts.driverFails(describe(error))),
      hint: missing ? texts.INSTALL_DRIVER : undefined,
    });
  }
  const { kit } = module;
  if (kit !== KIT_VERSION || typeof module.kinds !== "function") {
    throw new Unusable({
      message:
        typeof kit === "number" && kit !== KIT_VERSION
          ? texts.ofDriver(name, texts.otherKit(kit, KIT_VERSION))
          : texts.noDriver(name, KIT_VERSION),
      hint: texts.DRIVER_PAGE,
    });
  }
  let kinds: readonly DriverKind[];
  try {
    kinds = [...module.kinds(DRIVER_KIT)];
  } catch (error) {
    throw new Unusable({ message: texts.ofDriver(name, texts.driverMute(describe(error))) });
  }
  for (const kind of kinds) checkKind(name, kind);
  return kinds;
}

function checkFile(name: string, path: string): void {
  if (!existsSync(path)) {
    throw new Unusable({
      code: "CONFIG_NOT_FOUND",
      message: texts.ofDriver(name, NO_FILE),
      hint: texts.DRIVER_FILE,
    });
  }
  if (process.platform === "win32" || (statSync(path).mode & WRITABLE_BY_ALL) === 0) return;
  throw new Unusable({
    message: texts.writableByAll(name),
    hint: texts.chmod(name),
  });
}

/** Code that nobody has compiled: what we are going to rely on is there. */
function checkKind(name: string, kind: Partial<DriverKind>): void {
  const wrong = [
    ["type", typeof kind.type === "string" && TYPE_PATTERN.test(kind.type)],
    ["summary", typeof kind.summary === "string" && kind.summary !== ""],
    ["link", kind.link instanceof DRIVER_KIT.z.ZodObject],
    ["address", kind.address instanceof DRIVER_KIT.z.ZodObject],
    ["section", typeof kind.section === "string"],
    ["own and channels", kind.section !== "own" || (kind.own !== undefined && kind.channels !== undefined)],
    ["load", typeof kind.load === "function"],
  ].filter(([, right]) => !right);
  if (wrong.length === 0) return;
  throw new Unusable({
    message: texts.ofDriver(name, texts.incompleteKind(wrong.map(([what]) => String(what)))),
    hint: texts.DRIVER_PAGE,
  });
}
