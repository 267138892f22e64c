import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LAUNCHER = join(ROOT, "gateway/tocsin.js");

/**
 * A copy of the launcher beside a main.ts that only tells how it was called, and a Node that claims to be 20. The claim is
 * made by a module loaded first, so that the launcher itself runs unchanged.
 */
function oldNode(folder: string): { launcher: string; claim: string } {
  mkdirSync(join(folder, "gateway/command"), { recursive: true });
  copyFileSync(LAUNCHER, join(folder, "gateway/tocsin.js"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "gateway/command/main.ts"),
    `export const main = async (args: string[]) => {
       if (args[0] === "die") process.kill(process.pid, "SIGKILL");
       console.log("main", ...args);
       process.exitCode = 3;
     };`,
  );
  const claim = join(folder, "claim.mjs");
  writeFileSync(
    claim,
    `if (process.env.TOCSIN_LAUNCHED === undefined)
       Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });`,
  );
  return { launcher: join(folder, "gateway/tocsin.js"), claim };
}

describe("the launcher", () => {
  test("runs the command line with the Node it is called with, when that is new enough", async () => {
    const { code, stdout } = await runChild(process.execPath, [LAUNCHER, "version"]);
    expect(stdout).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect(code).toBe(0);
  });

  test("hands over to the Node that npm has installed beside it, with arguments and exit code", async () => {
    using folder = temporaryFolder("launcher");
    const { launcher, claim } = oldNode(folder.path);
    mkdirSync(join(folder.path, "node_modules/.bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder.path, "node_modules/.bin/node"));
    const { code, stdout } = await runChild(process.execPath, ["--import", claim, launcher, "check", "a b"]);
    expect(stdout).toEqual(["main check a b"]);
    expect(code).toBe(3);
  });

  test("ends as the command ended, by a signal too", async () => {
    using folder = temporaryFolder("launcher");
    const { launcher, claim } = oldNode(folder.path);
    mkdirSync(join(folder.path, "node_modules/.bin"), { recursive: true });
    symlinkSync(process.execPath, join(folder.path, "node_modules/.bin/node"));
    const { signal, code } = await runChild(process.execPath, ["--import", claim, launcher, "die"]);
    expect({ signal, code }).toEqual({ signal: "SIGKILL", code: null });
  });

  test("says in both languages what to do when there is no Node that is new enough", async () => {
    using folder = temporaryFolder("launcher");
    const { launcher, claim } = oldNode(folder.path);
    const { code, stderr } = await runChild(process.execPath, ["--import", claim, launcher, "check"]);
    expect(code).toBe(69);
    expect(stderr.join("\n")).toMatch(
      /needs Node\.js 24 or newer; this is 20\.1\.0[\s\S]*警钟需要[\s\S]*npm ci/,
    );
  });

  const system = "/usr/bin/node";
  test.skipIf(!existsSync(system))("works with the Node of this system, whatever that is", async () => {
    const { code, stdout } = await runChild(system, [LAUNCHER, "version"]);
    expect(stdout).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    expect(code).toBe(0);
  });
});
