#!/usr/bin/env node
// The launcher: plain JavaScript that any Node can read, so that an old one can say what is wrong. It finds a Node that
// runs TypeScript, switches the compile cache on, and hands over to command/main.ts.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as nodeModule from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

/** First version that strips types without a flag and has node:sqlite as Tocsin uses it; "engines" of package.json. */
const NEEDED = 24;
/** Set for the second attempt, so that it is the last. */
const HANDED_OVER = "TOCSIN_LAUNCHED";
/** EX_UNAVAILABLE of sysexits.h. */
const UNAVAILABLE = 69;

/**
 * Bounds the space for young objects, in MiB for each half: V8 lets it grow to 64 and seldom gives that back. With 8 a gateway
 * accepts as many readings in a CPU second as without a bound, with 4 a tenth fewer. V8 takes it at the start of a process only.
 */
const YOUNG_SPACE = "--max-semi-space-size";
const YOUNG_SPACE_MIB = 8;
/** The same for the threads of the journal: what they make lives for one batch. */
const YOUNG_SPACE_OF_THREADS_MIB = 2;
/**
 * On processors with protection keys V8 keeps one book of code pages for all threads, and where threads with WebAssembly (types are
 * stripped by it, codecs run in it) come and go it can lose its place there and end the process (nodejs/node issue 64500).
 */
const NO_PROTECTION_KEYS = "--no-memory-protection-keys";
/** glibc otherwise keeps freed memory apart for every thread (mallopt(3), M_ARENA_MAX). */
const ARENAS = "2";

const here = dirname(fileURLToPath(import.meta.url));

if (Number(process.versions.node.split(".")[0]) >= NEEDED) {
  if (process.argv[2] === "run") {
    if (!isTuned()) tune();
    // Read when a thread begins; the main thread has begun.
    setFlagsFromString(`${YOUNG_SPACE}=${YOUNG_SPACE_OF_THREADS_MIB}`);
  }
  // Without a folder to write to the cache is simply off.
  nodeModule.enableCompileCache?.();
  // Threads look for it here; without it each of them loads the TypeScript stripper, some 15 MB.
  const cache = nodeModule.getCompileCacheDir?.();
  if (cache !== undefined) process.env.NODE_COMPILE_CACHE ??= dirname(cache);
  const { main } = await import("./command/main.ts");
  await main(process.argv.slice(2));
} else {
  const node = findNode();
  if (node === undefined || process.env[HANDED_OVER] !== undefined) refuse();
  else handOver(node);
}

/** Whether somebody has set the young space: this launcher a moment ago, or a person who knows better. */
function isTuned() {
  return [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((option) => option.includes(YOUNG_SPACE));
}

/** Begins again in this very process, with the memory settings of a program that runs for years; costs some 25 ms. */
function tune() {
  // Windows cannot replace a running program.
  if (process.platform === "win32" || process.execve === undefined) return;
  process.execve(
    process.execPath,
    [
      process.execPath,
      `${YOUNG_SPACE}=${YOUNG_SPACE_MIB}`,
      NO_PROTECTION_KEYS,
      "--expose-gc",
      ...process.execArgv,
      ...process.argv.slice(1),
    ],
    { ...process.env, MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? ARENAS },
  );
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
