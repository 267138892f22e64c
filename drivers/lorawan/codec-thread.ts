import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import variant from "@jitl/quickjs-singlefile-mjs-release-sync";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";
import { describe } from "../../model/error.ts";
import type { CodecAnswer, CodecBatch, CodecOutcome, CodecStart } from "./codec-messages.ts";
import { CodecError, Sandbox } from "./sandbox.ts";

/*
 * The thread in which codecs run, each in a sandbox of its own. When the interpreter itself fails the thread ends, and its owner starts
 * another.
 */

/** Codec files are some hundred lines. */
const FILE_MAX = 2 * 2 ** 20;

const { files, bounds } = workerData as CodecStart;
const module = await newQuickJSWASMModuleFromVariant(variant);
const sandboxes = new Map<number, Sandbox>();

parentPort?.on("message", (message: CodecBatch) => {
  const outcomes: CodecOutcome[] = [];
  let dying = false;
  for (const input of message.inputs) {
    const outcome = decode(message.codec, input);
    outcomes.push(outcome);
    if ("fault" in outcome && (outcome.fault === "deadline" || outcome.fault === "memory")) {
      // What it was in the middle of nobody knows: it begins anew, after the others had their turn.
      dying = !discard(message.codec);
      break;
    }
  }
  parentPort?.postMessage({ batch: message.batch, outcomes, dying } satisfies CodecAnswer);
  if (dying) parentPort?.close();
});

function decode(codec: number, input: string): CodecOutcome {
  let sandbox = sandboxes.get(codec);
  if (sandbox === undefined) {
    try {
      const source = readFileSync(files[codec]!, "utf8");
      if (source.length > FILE_MAX) throw new CodecError("the file is too large for a codec");
      sandbox = new Sandbox(module, source, bounds);
    } catch (error) {
      // Anything else is the interpreter's end, and this thread's.
      if (!(error instanceof CodecError || isOfFile(error))) throw error;
      // Next time it is read anew: somebody may have mended the file.
      return { fault: "broken", words: describe(error) };
    }
    sandboxes.set(codec, sandbox);
  }
  return sandbox.decode(input);
}

/** The file cannot be read: that has a code. */
function isOfFile(error: unknown): boolean {
  return error instanceof Error && "code" in error;
}

/** False when the interpreter did not survive it. */
function discard(codec: number): boolean {
  const sandbox = sandboxes.get(codec);
  sandboxes.delete(codec);
  try {
    sandbox?.dispose();
    return true;
  } catch {
    return false;
  }
}
