import { Worker } from "node:worker_threads";
import { HostError } from "../../model/error.ts";
import type { FromWriter, Opening, Recovered, SentError, ToWriter, WriterStart } from "./protocol.ts";

interface Answer {
  readonly resolve: (answer: FromWriter) => void;
  readonly reject: (error: HostError) => void;
}

/** Main's end of the writer thread: how messages get there and back. What they mean is the journal's. */
export class WriterLink {
  readonly #worker: Worker;
  readonly #stalled: Int32Array;
  readonly #answers = new Map<number, Answer>();
  #requests = 0;
  /** Set once the thread is no more; nobody has to have listened for that. */
  #ended: { readonly cause: unknown } | undefined;
  /** What the thread said before anybody listened. */
  #early: FromWriter[] | undefined = [];
  #listener: ((message: FromWriter) => void) | undefined;

  /**
   * Starts the thread and waits until it has opened the journal.
   * @throws HostError ALREADY_RUNNING or JOURNAL_UNAVAILABLE
   */
  static async start({
    series,
    ...start
  }: Omit<WriterStart, "stall"> & Opening): Promise<{ link: WriterLink; recovered: Recovered }> {
    const stall = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const link = new WriterLink({ ...start, stall });
    link.#worker.postMessage({ series } satisfies Opening);
    return { link, recovered: await link.#opened() };
  }

  private constructor(start: WriterStart) {
    this.#stalled = new Int32Array(start.stall);
    this.#worker = new Worker(new URL("./writer-thread.ts", import.meta.url), { workerData: start });
    this.#worker.on("message", (message: FromWriter) => this.#received(message));
    this.#worker.on("error", (cause) => this.#end(cause));
    this.#worker.on("exit", () => this.#end(undefined));
  }

  /** Hands every message that answers nothing to `listener`, and calls `ended` when the thread is no more. */
  listen(listener: (message: FromWriter) => void, ended: (cause: unknown) => void): void {
    this.#worker.on("error", ended);
    this.#worker.on("exit", () => ended(undefined));
    this.#listener = listener;
    for (const message of this.#early ?? []) listener(message);
    this.#early = undefined;
    if (this.#ended !== undefined) ended(this.#ended.cause);
  }

  send(message: ToWriter, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Sends a question and resolves with its answer. @throws HostError JOURNAL_UNAVAILABLE when the thread ends before that */
  ask(question: (request: number) => ToWriter): Promise<FromWriter> {
    const request = ++this.#requests;
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(threadEnded(this.#ended.cause));
        return;
      }
      this.#answers.set(request, { resolve, reject });
      this.send(question(request));
    });
  }

  /** Makes the thread stand still at its next turn, or go on. */
  stall(still: boolean): void {
    Atomics.store(this.#stalled, 0, still ? 1 : 0);
    if (still) this.send({ kind: "look" });
    else Atomics.notify(this.#stalled, 0);
  }

  /** Whether the thread stands still. */
  get stalled(): boolean {
    return Atomics.load(this.#stalled, 1) === 1;
  }

  /** Ends the thread, whatever it does. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(cause: unknown): void {
    this.#ended ??= { cause };
    for (const { reject } of this.#answers.values()) reject(threadEnded(this.#ended.cause));
    this.#answers.clear();
  }

  #received(message: FromWriter): void {
    if (message.kind === "pages" || message.kind === "extended" || message.kind === "digested") {
      this.#answers.get(message.request)?.resolve(message);
      this.#answers.delete(message.request);
    } else if (this.#early !== undefined) this.#early.push(message);
    else this.#listener?.(message);
  }

  /** Waits for the thread's word that the journal is open. */
  #opened(): Promise<Recovered> {
    return new Promise((resolve, reject) => {
      const crashed = (cause: unknown) =>
        reject(new HostError("JOURNAL_UNAVAILABLE", "the journal's writer thread cannot start", { cause }));
      this.#worker.once("error", crashed);
      this.#worker.once("message", (message: FromWriter) => {
        this.#worker.off("error", crashed);
        this.#early = [];
        if (message.kind === "opened") resolve(message.recovered);
        else if (message.kind === "refused") reject(revived(message.error));
        else crashed(message);
      });
    });
  }
}

/** An error of the writer thread as one of ours. */
export function revived({ code, message, hint }: SentError): HostError {
  return new HostError(code, message, hint === undefined ? {} : { hint });
}

function threadEnded(cause: unknown): HostError {
  return new HostError("JOURNAL_UNAVAILABLE", "the journal's writer thread has ended", {
    hint: "start the gateway again; what was acknowledged is on disk",
    ...(cause === undefined ? {} : { cause }),
  });
}
