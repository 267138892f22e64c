import type {
  QuickJSContext,
  QuickJSHandle,
  QuickJSRuntime,
  QuickJSWASMModule,
} from "quickjs-emscripten-core";
import type { CodecBounds, CodecOutcome } from "./codec-messages.ts";

/** Stack of a codec; recursion ends with an exception. */
const STACK_BYTES = 256 * 2 ** 10;
/** Longest words of a codec's own that are passed on, characters. */
const WORDS_MAX = 200;
/** Time to load a file, ms: vendors' files hold tables. */
const LOAD_MS = 1_000;
const TOO_MUCH = "tocsin: output beyond the bound";

/**
 * Keeps the natives that it needs before a codec can replace them. Calls the codec in the form that it has: TS013 `decodeUplink`,
 * The Things Network's older `Decoder(bytes, port)`, ChirpStack v3's `Decode(fPort, bytes, variables)`.
 */
const PRELUDE = `(() => {
  const { parse, stringify } = JSON;
  const Instant = Date;
  const Wrong = Error;
  const quiet = () => {};
  globalThis.console = { log: quiet, info: quiet, warn: quiet, error: quiet, debug: quiet };
  globalThis.module = { exports: {} };
  globalThis.exports = globalThis.module.exports;
  return (f, form, text, most) => {
    const { bytes, fPort, recvTime } = parse(text);
    const said =
      form === 0
        ? f({ bytes, fPort, recvTime: new Instant(recvTime), variables: {} })
        : { data: form === 1 ? f(bytes, fPort) : f(fPort, bytes, {}) };
    const json = stringify(said);
    if (typeof json !== "string") throw new Wrong("it returned nothing");
    if (json.length > most) throw new Wrong(${JSON.stringify(TOO_MUCH)});
    return json;
  };
})()`;

/** Finds the codec's function: a global of the file, or what it exports. */
const FIND = `(() => {
  const own = typeof module === "object" && module !== null && module.exports || {};
  const named = typeof exports === "object" && exports !== null && exports || {};
  const pick = (x) => (typeof x === "function" ? x : undefined);
  const uplink = pick(typeof decodeUplink === "undefined" ? undefined : decodeUplink) ?? pick(own.decodeUplink) ?? pick(named.decodeUplink);
  if (uplink) return [uplink, 0];
  const decoder = pick(typeof Decoder === "undefined" ? undefined : Decoder) ?? pick(own.Decoder) ?? pick(named.Decoder);
  if (decoder) return [decoder, 1];
  const decode = pick(typeof Decode === "undefined" ? undefined : Decode) ?? pick(own.Decode) ?? pick(named.Decode);
  return decode ? [decode, 2] : [];
})()`;

/** One codec in an interpreter of its own: no files, no network, no timers; bounded in time, memory and output. */
export class Sandbox {
  readonly #bounds: CodecBounds;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #run: QuickJSHandle;
  readonly #codec: QuickJSHandle;
  readonly #form: QuickJSHandle;
  readonly #most: QuickJSHandle;
  #until = Number.POSITIVE_INFINITY;

  /** @throws CodecError when the file cannot be loaded or has no function that we know. */
  constructor(module: QuickJSWASMModule, source: string, bounds: CodecBounds) {
    this.#bounds = bounds;
    const runtime = module.newRuntime();
    this.#runtime = runtime;
    runtime.setMemoryLimit(bounds.memoryBytes);
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => performance.now() > this.#until);
    this.#context = runtime.newContext();
    this.#run = this.#evaluate(PRELUDE);
    this.#most = this.#context.newNumber(bounds.output);
    try {
      this.#until = performance.now() + Math.max(LOAD_MS, bounds.deadline);
      this.#evaluate(source).dispose();
      const found = this.#evaluate(FIND);
      this.#codec = this.#context.getProp(found, 0);
      this.#form = this.#context.getProp(found, 1);
      found.dispose();
    } catch (error) {
      this.#release();
      throw error;
    }
    if (this.#context.typeof(this.#codec) === "function") return;
    this.dispose();
    throw new CodecError("it has no decodeUplink, Decoder or Decode");
  }

  /** Runs it over one uplink. */
  decode(input: string): CodecOutcome {
    const context = this.#context;
    this.#until = performance.now() + this.#bounds.deadline;
    const text = context.newString(input);
    const result = context.callFunction(
      this.#run,
      context.undefined,
      this.#codec,
      this.#form,
      text,
      this.#most,
    );
    text.dispose();
    if (result.error === undefined) {
      const json = context.getString(result.value);
      result.value.dispose();
      return { json };
    }
    const late = performance.now() > this.#until;
    // What it threw may have a hostile toString or be endless to dump.
    this.#until = performance.now() + this.#bounds.deadline;
    const words = this.#wordsOf(result.error);
    if (late || /interrupted/.test(words)) return { fault: "deadline", words: "it took too long" };
    if (/out of memory/.test(words)) return { fault: "memory", words: "it wants too much memory" };
    if (words.includes(TOO_MUCH)) return { fault: "output", words: "it returns too much" };
    return { fault: "threw", words };
  }

  /** Gives its memory back. May end the whole interpreter, when a codec was stopped in the middle of something. */
  dispose(): void {
    this.#form.dispose();
    this.#codec.dispose();
    this.#release();
  }

  #release(): void {
    this.#most.dispose();
    this.#run.dispose();
    this.#context.dispose();
    this.#runtime.dispose();
  }

  #evaluate(source: string): QuickJSHandle {
    const result = this.#context.evalCode(source, "codec.js", { type: "global" });
    if (result.error === undefined) return result.value;
    throw new CodecError(this.#wordsOf(result.error));
  }

  /** Reads only plain properties: name and message. */
  #wordsOf(error: QuickJSHandle): string {
    const context = this.#context;
    try {
      if (context.typeof(error) === "string") return context.getString(error).slice(0, WORDS_MAX);
      const parts = ["name", "message"].map((key) => {
        const handle = context.getProp(error, key);
        const words = context.typeof(handle) === "string" ? context.getString(handle) : "";
        handle.dispose();
        return words;
      });
      return parts.filter(Boolean).join(": ").slice(0, WORDS_MAX) || "it threw something that says nothing";
    } catch {
      return "it threw something that cannot be read";
    } finally {
      error.dispose();
    }
  }
}

/** A codec that cannot be used; never leaves the thread. */
export class CodecError extends Error {}
