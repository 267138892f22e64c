import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const ROOMS = ["model", "drivers", "rules", "gateway", "simulators"] as const;
type Room = (typeof ROOMS)[number];

/** The arrows of the house: which room may import from which. */
const ALLOWED: Readonly<Record<Room, readonly Room[]>> = {
  model: ["model"],
  drivers: ["drivers", "model"],
  rules: ["rules", "model"],
  gateway: ["gateway", "drivers", "rules", "model"],
  simulators: ["simulators", "drivers", "model"],
};

/** The only places that may reach for the simulators, and only by a dynamic import. */
const MAY_SIMULATE = ["gateway/command/run.ts", "gateway/command/simulate.ts"];

/** Folders of the drivers that are no protocol: what several protocols need. */
const SHARED = ["drivers/tcp", "drivers/payload"];

/** Protocols that are spoken over another one. */
const SPOKEN_OVER: Readonly<Record<string, string>> = {
  "drivers/lorawan": "drivers/mqtt",
  "drivers/sparkplug": "drivers/mqtt",
};

/** Libraries that speak a protocol or open a device: an options schema that needs one would load it for `check`. */
const PROTOCOL_LIBRARIES = [
  "mqtt",
  "aedes",
  "modbus-serial",
  "serialport",
  "influx",
  "@influxdata/influxdb-client",
];

/** The one file of the rules that knows a library besides zod: the language of expressions, loaded when a rule needs it. */
const MAY_WRAP: Readonly<Record<string, readonly string[]>> = {
  "rules/conditions/expression/cel.ts": ["@marcbachmann/cel-js", "node:module"],
};

interface Import {
  readonly from: string;
  /** Path from the root for a file of ours, the bare name for a package. */
  readonly to: string;
  readonly dynamic: boolean;
  readonly typeOnly: boolean;
}

function sources(): string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") || name.endsWith(".js"))
      .map((name) => join(room, name)),
  );
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const imports: Import[] = [];
  const add = (specifier: string, flags: { dynamic: boolean; typeOnly: boolean }) => {
    const ours = specifier.startsWith(".");
    const to = ours ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : specifier;
    imports.push({ from: file, to, ...flags });
  };
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^;"']*?from\s+["']([^"']+)["']/gm)) {
    add(match[2]!, { dynamic: false, typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/^import\s+["']([^"']+)["']/gm))
    add(match[1]!, { dynamic: false, typeOnly: false });
  for (const match of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g))
    add(match[1]!, { dynamic: true, typeOnly: false });
  for (const match of text.matchAll(/new URL\(\s*["'](\.[^"']+\.ts)["']/g))
    add(match[1]!, { dynamic: true, typeOnly: false });
  return imports;
}

const IMPORTS = sources().flatMap(importsOf);
const roomOf = (path: string): Room | undefined => ROOMS.find((room) => path.startsWith(`${room}/`));

test("every arrow between the rooms points the way the house was designed", () => {
  const wrong = IMPORTS.filter(({ from, to, dynamic }) => {
    const [source, target] = [roomOf(from), roomOf(to)];
    if (source === undefined || target === undefined) return to.startsWith("test/");
    if (target === "simulators" && MAY_SIMULATE.includes(from)) return !dynamic;
    return !ALLOWED[source].includes(target);
  });
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("a protocol's folder imports no other protocol's, and a shared one none at all", () => {
  const folderOf = (path: string) => /^drivers\/[^/]+(?=\/)/.exec(path)?.[0];
  const wrong = IMPORTS.filter(({ from, to }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    if (source === undefined || target === undefined || source === target) return false;
    return SHARED.includes(source) || !(SHARED.includes(target) || SPOKEN_OVER[source] === target);
  });
  expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  const folders = new Set(IMPORTS.map(({ from }) => folderOf(from)));
  expect([...SHARED, ...Object.keys(SPOKEN_OVER)].filter((folder) => !folders.has(folder))).toEqual([]);
});

test("the rules touch nothing outside: no clock, no files, no network, no randomness", () => {
  const outside = IMPORTS.filter(
    ({ from, to }) => from.startsWith("rules/") && !to.startsWith("rules/") && !to.startsWith("model/"),
  );
  const foreign = outside.filter(({ from, to }) => to !== "zod" && !MAY_WRAP[from]?.includes(to));
  expect(foreign.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  const impure = sources()
    .filter((file) => file.startsWith("rules/"))
    .filter((file) =>
      /\bDate\.now\(|\bnew Date\(\)|performance\.|Math\.random\(|setTimeout\(|\bprocess\./.test(codeOf(file)),
    );
  expect(impure).toEqual([]);
});

test("the model imports nothing but zod", () => {
  const outside = IMPORTS.filter(
    ({ from, to }) => from.startsWith("model/") && !to.startsWith("model/") && to !== "zod",
  );
  expect(outside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
});

test("no file imports itself around a corner", () => {
  const targets = new Map<string, string[]>();
  for (const { from, to, dynamic } of IMPORTS) {
    if (dynamic || roomOf(to) === undefined) continue;
    targets.set(from, [...(targets.get(from) ?? []), to]);
  }
  expect(circles(targets)).toEqual([]);
});

test("no folder imports itself around a corner, a protocol's options aside", () => {
  const targets = new Map<string, Set<string>>();
  for (const { from, to, dynamic } of IMPORTS) {
    if (dynamic || roomOf(to) === undefined) continue;
    const [a, b] = [dirname(from), dirname(to)];
    // A folder and what lies inside it are one thing seen from outside: the parent names its children.
    if (a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)) continue;
    targets.set(a, (targets.get(a) ?? new Set()).add(b));
  }
  expect(circles(new Map([...targets].map(([from, to]) => [from, [...to]])))).toEqual([]);
});

test("checking a site loads no protocol library", () => {
  const roots = ["gateway/command/check.ts", "gateway/command/schema.ts", "drivers/registry.ts"];
  const reached = new Set<string>(roots);
  for (const file of reached) {
    for (const { from, to, dynamic, typeOnly } of IMPORTS) {
      if (from === file && !dynamic && !typeOnly) reached.add(to);
    }
  }
  expect([...reached].filter((path) => PROTOCOL_LIBRARIES.includes(path))).toEqual([]);
});

/** Source without comments and strings, roughly: enough to look for calls. */
function codeOf(file: string): string {
  return readFileSync(join(ROOT, file), "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "");
}

function circles(targets: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      found.push([...path.slice(at), node].join(" → "));
      return;
    }
    if (done.has(node)) return;
    for (const next of targets.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  };
  for (const node of targets.keys()) visit(node, []);
  return found;
}
