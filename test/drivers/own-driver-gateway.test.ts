import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { siteJsonSchema } from "../../gateway/config/json-schema.ts";
import { loadKinds } from "../../gateway/config/load.ts";
import { Staff } from "../gateway/staff.ts";
import { runChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

/*
 * A driver that does not come with Tocsin, in a whole gateway: what a probe says raises an alarm. As a file beside the site, and as
 * a package that npm has installed there.
 */

const EXAMPLE = join(import.meta.dirname, "..", "..", "examples", "own-driver");
const PACKAGE = "line-driver";

/** The example's site, with a broker for the alerts; resolves with the port that probes dial. */
async function writeSite(folder: TemporaryFolder, driver: string, profiles: string): Promise<number> {
  const port = await freePort();
  const text = readFileSync(join(EXAMPLE, "site.yaml"), "utf8")
    .replace("drivers: [./line-driver.ts]", `drivers: [${driver}]`)
    .replace("profiles: [./profiles]", `profiles: [${profiles}]`)
    .replace("127.0.0.1:7070", `127.0.0.1:${port}`)
    .replace("links:\n", 'links:\n  alerts: { type: mqtt-broker, listen: "127.0.0.1:0" }\n');
  writeFileSync(folder.join("site.yaml"), text);
  return port;
}

/** The driver as its author would publish it: a tarball of JavaScript and profiles. */
async function packed(folder: TemporaryFolder): Promise<string> {
  const home = folder.join("source");
  mkdirSync(home);
  const manifest = { name: PACKAGE, version: "1.0.0", type: "module", main: "line-driver.js" };
  writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
  const source = readFileSync(join(EXAMPLE, "line-driver.ts"), "utf8");
  writeFileSync(join(home, "line-driver.js"), stripTypeScriptTypes(source));
  cpSync(join(EXAMPLE, "profiles"), join(home, "profiles"), { recursive: true });
  await npm(home, "pack", "--ignore-scripts");
  return join(home, `${PACKAGE}-1.0.0.tgz`);
}

/** Runs npm where it can reach no registry. */
async function npm(workingFolder: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runChild(
    "npm",
    [...args, "--offline", "--no-audit", "--no-fund", "--no-update-notifier"],
    { workingFolder, environment: { npm_config_cache: join(workingFolder, ".cache") }, withinMs: 30_000 },
  );
  expect({ code, stderr: code === 0 ? [] : stderr }).toEqual({ code: 0, stderr: [] });
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** The probe says that there is gas, and hears that this is on disk; the staff hear the alarm. */
async function alarms(gateway: GatewayProcess, port: number): Promise<void> {
  await using staff = await Staff.connect(gateway.mqtt!);
  const probe = await dial(port);
  let answers = "";
  probe.on("data", (bytes) => {
    answers += bytes.toString();
  });
  probe.write("probe-1 lel 62.5\n");
  await staff.hears("raise leak probe-1.lel red");
  await until("the probe is answered", () => answers === "ok\n");
  expect(staff.event("raise leak probe-1.lel red")).toMatchObject({ value: 62.5 });
  probe.destroy();
}

test("as a file beside the site: a probe's reading is an alarm", { timeout: 60_000 }, async () => {
  using folder = temporaryFolder("own-driver");
  cpSync(join(EXAMPLE, "line-driver.ts"), folder.join("line-driver.ts"));
  cpSync(join(EXAMPLE, "profiles"), folder.join("profiles"), { recursive: true });
  const port = await writeSite(folder, "./line-driver.ts", "./profiles");
  await using gateway = await startGateway(folder.join("site.yaml"));
  await alarms(gateway, port);
  expect(await gateway.stop()).toBe(0);
});

test("as an installed package, with its profiles: a probe's reading is an alarm", {
  timeout: 90_000,
}, async () => {
  using folder = temporaryFolder("own-driver");
  const tarball = await packed(folder);
  writeFileSync(folder.join("package.json"), JSON.stringify({ name: "our-site", private: true }));
  await npm(folder.path, "install", tarball, "--ignore-scripts");
  const port = await writeSite(folder, PACKAGE, `./node_modules/${PACKAGE}/profiles`);
  await using gateway = await startGateway(folder.join("site.yaml"));
  await alarms(gateway, port);
  expect(await gateway.stop()).toBe(0);
});

test("the editor's schema of a site knows the links and addresses of its own drivers", () => {
  const site = join(EXAMPLE, "site.yaml");
  const written = parse(readFileSync(site, "utf8"));
  const valid = (schema: object, links: object) =>
    new Ajv({ strict: false, validateFormats: false }).compile(schema)({ ...written, links });
  const own = siteJsonSchema(loadKinds(site));
  expect(valid(own, written.links)).toBe(true);
  expect(valid(own, { probes: { type: "line-server", listn: "127.0.0.1:7070" } })).toBe(false);
  expect(valid(siteJsonSchema(), written.links)).toBe(false);
  expect(JSON.stringify(own)).toContain("What the probe calls itself.");
});

test("a driver that cannot be loaded has no schema, and the site is said", () => {
  using folder = temporaryFolder("own-driver");
  writeFileSync(folder.join("site.yaml"), "site: { id: s, name: s }\ndrivers: [./none.ts]\n");
  expect(() => loadKinds(folder.join("site.yaml"))).toThrow(
    expect.objectContaining({ code: "CONFIG_NOT_FOUND", message: expect.stringContaining("site.yaml:2") }),
  );
});
