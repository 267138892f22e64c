import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { runChild, setpriv, startChild } from "./child.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { until } from "./until.ts";

const node = process.execPath;

test("a program that ignores the request to end is ended by force", async () => {
  const stubborn = startChild(node, [
    "--eval",
    'process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("ready")',
  ]);
  await stubborn.waitForLine(/^ready$/);
  expect(await stubborn.stop(200)).toEqual({ code: null, signal: "SIGKILL" });
  expect(stubborn.lines("stdout")).toEqual(["ready", "no"]);
  expect(stubborn.running).toBe(false);
});

test("a paused program can still be stopped in good order", async () => {
  const child = startChild(node, [
    "--eval",
    'process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000); console.log("ready")',
  ]);
  await child.waitForLine(/^ready$/);
  child.signal("SIGSTOP");
  expect(await child.stop()).toEqual({ code: 3, signal: null });
});

test("waiting for a line of a program that dies tells what it said at last", async () => {
  const child = startChild(node, ["--eval", 'console.error("the disk is full"); process.exit(1)']);
  await expect(child.waitForLine(/^ready$/)).rejects.toThrow(/ended without a line[\s\S]*the disk is full/);
});

test("a program that does not exist is an end like another, with the reason in its lines", async () => {
  const { code, stderr } = await runChild("/nonexistent/program", []);
  expect(code).not.toBe(0);
  expect(stderr.join("\n")).toMatch(/nonexistent/);
});

test.skipIf(!existsSync(setpriv))("a child does not outlive a parent that is killed", async () => {
  using folder = temporaryFolder("orphan");
  const script = `
    import { startChild } from ${JSON.stringify(new URL("./child.ts", import.meta.url).href)};
    const child = startChild("sleep", ["600"]);
    child.process.once("spawn", () => console.log("child", child.process.pid));`;
  const parent = startChild(node, ["--input-type=module-typescript", "--eval", script], {
    workingFolder: folder.path,
  });
  const pid = Number((await parent.waitForLine(/^child (\d+)$/))[1]);
  // The child is tied to its parent only once setpriv has become "sleep".
  const command = () => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  await until("the child runs", async () => (await command()).startsWith("sleep"));
  await parent.kill();
  await until("the child is gone, too", async () => (await command()) === "");
});
