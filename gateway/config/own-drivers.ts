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

/** Bit of a file's mode: everybody may write it. */
const WRITABLE_BY_ALL = 0o002;
const TYPE_PATTERN = /^[a-z][a-z0-9-]{0,63}$/;

/** A driver that cannot be used, and why. */
class Unusable extends Error {
  readonly complaint: Complaint;

  constructor(complaint: Complaint) {
    super(complaint.message);
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
            message: `${name}: links of type ${kind.type} are already those of ${other}`,
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
      message: `${name}: ${missing ? "no such package" : `the driver cannot be loaded: ${describe(error)}`}`,
      hint: missing ? "install it in the site's folder, or name a file, as ./driver.ts" : undefined,
    });
  }
  const { kit } = module;
  if (kit !== KIT_VERSION || typeof module.kinds !== "function") {
    throw new Unusable({
      message:
        typeof kit === "number" && kit !== KIT_VERSION
          ? `${name}: the driver is for version ${kit} of the kit; this is version ${KIT_VERSION}`
          : `${name} is no driver: it must export \`kit\` (${KIT_VERSION}) and \`kinds\``,
      hint: "docs/write-a-driver.md",
    });
  }
  let kinds: readonly DriverKind[];
  try {
    kinds = [...module.kinds(DRIVER_KIT)];
  } catch (error) {
    throw new Unusable({ message: `${name}: the driver cannot say what it is: ${describe(error)}` });
  }
  for (const kind of kinds) checkKind(name, kind);
  return kinds;
}

function checkFile(name: string, path: string): void {
  if (!existsSync(path)) {
    throw new Unusable({
      code: "CONFIG_NOT_FOUND",
      message: `${name}: no such file`,
      hint: "name a driver's file relative to this one",
    });
  }
  if (process.platform === "win32" || (statSync(path).mode & WRITABLE_BY_ALL) === 0) return;
  throw new Unusable({
    message: `${name} can be written by everybody, and would run with all the gateway may do`,
    hint: `chmod o-w ${name}`,
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
    message: `${name}: a kind of link lacks ${wrong.map(([what]) => what).join(", ")}, or has it wrong`,
    hint: "docs/write-a-driver.md",
  });
}
