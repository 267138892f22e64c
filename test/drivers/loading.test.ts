import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { driverKinds } from "../../drivers/registry.ts";
import { runChild } from "../support/child.ts";
import { startGateway } from "../support/gateway-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { benches } from "./compliance/benches.ts";
import type { Setting } from "./compliance/peer.ts";

/*
 * What a program really loads, told by itself: no library of a link that the site does not have, and no driver of it.
 */

const ROOT = resolve(import.meta.dirname, "../..");
const LAUNCHER = resolve(ROOT, "gateway/tocsin.js");
const WATCH = resolve(ROOT, "test/support/watch-modules.ts");

/** Kinds of link that bring the same with them: their protocols, and the packages that these need. */
interface Kindred {
  readonly types: readonly string[];
  /** Folders of the drivers. */
  readonly protocols: readonly string[];
  readonly libraries: readonly string[];
}
const KINDRED: readonly Kindred[] = [
  {
    types: [...driverKinds.keys()].filter((type) => type.startsWith("modbus-")),
    protocols: ["modbus"],
    libraries: ["modbus-serial", "serialport"],
  },
  { types: ["mqtt-broker"], protocols: ["mqtt"], libraries: ["aedes", "mqtt-packet"] },
  { types: ["mqtt-client"], protocols: ["mqtt"], libraries: ["mqtt", "mqtt-packet"] },
  {
    types: ["gb26875-server", "sl651-server", "hj212-server", "szy206-server", "http-intake"],
    protocols: ["gb26875", "sl651", "hj212", "szy206", "http"],
    libraries: [],
  },
  {
    types: ["sparkplug"],
    protocols: ["sparkplug", "mqtt"],
    libraries: ["@bufbuild/protobuf", "mqtt", "mqtt-packet"],
  },
  { types: ["lorawan"], protocols: ["lorawan", "mqtt"], libraries: ["mqtt", "mqtt-packet"] },
];
/** Folders of the drivers that belong to no protocol. */
const SHARED = ["tcp", "payload"];
/** All that would tell of a link, and what only a codec or a sink needs. */
const LIBRARIES: ReadonlySet<string> = new Set([
  ...KINDRED.flatMap(({ libraries }) => libraries),
  "@jitl/quickjs-singlefile-mjs-release-sync",
  "quickjs-emscripten-core",
  "influx",
  "@influxdata/influxdb-client",
]);

/** The modules that programs with this environment load, in threads too. */
function watched(folder: TemporaryFolder) {
  const file = folder.join("loaded");
  writeFileSync(file, "");
  const loaded = () => readFileSync(file, "utf8").split("\n");
  return {
    environment: {
      LOADED_MODULES: file,
      NODE_OPTIONS: `--import ${pathToFileURL(WATCH).href}`,
      TOCSIN_DATA: folder.join("data"),
    },
    /** Protocol libraries among them. */
    libraries: () => {
      const names = loaded().map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? "");
      return [...new Set(names)].filter((name) => LIBRARIES.has(name)).sort();
    },
    /** Files of the drivers among them, from the folder of drivers on. */
    drivers: () => {
      const home = `${pathToFileURL(ROOT).href}/drivers/`;
      return new Set(loaded().flatMap((url) => (url.startsWith(home) ? [url.slice(home.length)] : [])));
    },
  };
}

function write(folder: TemporaryFolder, { site, files = {} }: Setting): string {
  for (const [name, text] of Object.entries({ "site.yaml": site, ...files })) {
    mkdirSync(dirname(folder.join(name)), { recursive: true });
    writeFileSync(folder.join(name), text);
  }
  return folder.join("site.yaml");
}

/** A site with a link of each of these types, and its device. */
async function siteWith(types: Iterable<string>): Promise<Setting> {
  const whole = {
    site: { id: "all", name: "全部" },
    http: { enabled: false },
    profiles: [] as string[],
    links: {} as Record<string, object>,
    points: {},
    devices: {} as Record<string, object>,
  };
  const files: Record<string, string> = {};
  for (const type of types) {
    const setting = await benches.get(type)!.set();
    const { links, points, devices } = parse(setting.site);
    whole.links[type] = Object.values(links as object)[0];
    Object.assign(whole.points, points);
    for (const [id, device] of Object.entries(devices as object)) {
      whole.devices[`${type}-${id}`] = { ...device, link: type };
    }
    Object.assign(files, setting.files);
  }
  if (Object.keys(files).length > 0) whole.profiles.push("./profiles");
  return { site: stringify(whole), files };
}

test("every kind of link says here what it brings with it", () => {
  expect(KINDRED.flatMap(({ types }) => types).sort()).toEqual([...driverKinds.keys()].sort());
});

describe("a site", () => {
  /** The files of drivers that are loaded to check links of every kind. */
  let checking: ReadonlySet<string>;
  let needless: readonly string[];

  beforeAll(async () => {
    using folder = temporaryFolder("loading");
    const site = write(folder, await siteWith(driverKinds.keys()));
    const modules = watched(folder);
    const { code, stdout } = await runChild(process.execPath, [LAUNCHER, "check", site, "--json"], modules);
    expect({ code, said: code === 0 ? "" : stdout.join("\n") }).toEqual({ code: 0, said: "" });
    checking = modules.drivers();
    needless = modules.libraries();
  });

  test("with a link of every kind is checked without any of their libraries and drivers", () => {
    expect(checking).toContain("registry.ts");
    expect(needless).toEqual([]);
    expect([...checking].filter((file) => /\/(driver|transports|dial-in)\.ts$/.test(file))).toEqual([]);
  });

  test.concurrent.for(KINDRED.map((kindred) => [kindred.types.join(", "), kindred] as const))(
    "with %s starts with what these need and nothing else",
    { timeout: 60_000 },
    async ([, { types, protocols, libraries }], { expect }) => {
      using folder = temporaryFolder("loading");
      const modules = watched(folder);
      await using gateway = await startGateway(write(folder, await siteWith(types)), modules);
      expect(await gateway.stop()).toBe(0);
      expect(modules.libraries()).toEqual(libraries);
      const loaded = [...modules.drivers()].filter((file) => !checking.has(file));
      const folders = new Set(loaded.filter((file) => file.includes("/")).map((file) => file.split("/")[0]!));
      expect([...folders].filter((name) => !SHARED.includes(name)).sort()).toEqual(protocols.toSorted());
    },
  );
});
