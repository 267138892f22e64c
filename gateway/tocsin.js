#!/usr/bin/env node
// The launcher: plain JavaScript that any Node can read, so that an old one can say what is wrong. It finds a Node that
// runs TypeScript, switches the compile cache on, and hands over to command/main.ts.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** First version that strips types without a flag and has node:sqlite as Tocsin uses it; "engines" of package.json. */
const NEEDED = 24;
/** Set for the second attempt, so that it is the last. */
const HANDED_OVER = "TOCSIN_LAUNCHED";
/** EX_UNAVAILABLE of sysexits.h. */
const UNAVAILABLE = 69;

const here = dirname(fileURLToPath(import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  // Without a folder to write to the cache is simply off.
  nodeModule.enableCompileCache?.();
  const { main } = await import("./command/main.ts");
  await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === undefined || process.env[HANDED_OVER] !== undefined) refuse();
  else handOver(node);
}

/** The Node.js that npm has installed beside us, or beside the package that contains us. */
function findNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const node = join(folder, "node_modules", ".bin", name);
    if (existsSync(node)) return node;
    if (folder === dirname(folder)) return undefined;
  }
}

function refuse() {
  process.stderr.write(
    `tocsin needs Node.js ${NEEDED} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
      `警钟需要 Node.js ${NEEDED} 或更新的版本，当前为 ${process.versions.node}。\n` +
      "  hint: run `npm ci` in Tocsin's folder, which brings the right one on Linux and Windows, or install it from nodejs.org\n",
  );
  process.exitCode = UNAVAILABLE;
}

/** Runs the same command with another Node: same terminal, same signals, same exit code. */
function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, [HANDED_OVER]: process.versions.node },
  });
  const passedOn = ["SIGTERM", "SIGHUP"];
  for (const signal of passedOn) process.on(signal, () => child.kill(signal));
  // Ctrl-C reaches the child by itself: it is in the terminal's foreground, too. We only wait for it to end.
  process.on("SIGINT", () => {});
  child.on("error", (error) => {
    process.stderr.write(`tocsin: ${node} cannot be started: ${error.message}\n`);
    process.exitCode = UNAVAILABLE;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? UNAVAILABLE;
    if (signal === null) return;
    // Whoever started us shall see the same end.
    for (const name of [...passedOn, "SIGINT"]) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
