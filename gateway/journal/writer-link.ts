import { Worker } from "node:worker_threads";
import { HostError } from "../../model/error.ts";
import type { FromWriter, Recovered, SentError, ToWriter, WriterStart } from "./protocol.ts";

/** Main's end of the writer thread: how messages get there and back. What they mean is the journal's. */
export class WriterLink {
  readonly #worker: Worker;
  readonly #stalled: Int32Array;
  readonly #answers = new Map<number, (answer: FromWriter) => void>();
  #requests = 0;
  /** What the thread said before anybody listened. */
  #early: FromWriter[] | undefined = [];
  #listener: ((message: FromWriter) => void) | undefined;

  /**
   * Starts the thread and waits until it has opened the journal.
   * @throws HostError ALREADY_RUNNING or JOURNAL_UNAVAILABLE
   */
  static async start(start: Omit<WriterStart, "stall">): Promise<{ link: WriterLink; recovered: Recovered }> {
    const stall = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const link = new WriterLink({ ...start, stall });
    return { link, recovered: await link.#opened() };
  }

  private constructor(start: WriterStart) {
    this.#stalled = new Int32Array(start.stall);
    this.#worker = new Worker(new URL("./writer-thread.ts", import.meta.url), { workerData: start });
    this.#worker.on("message", (message: FromWriter) => this.#received(message));
  }

  /** Hands every message that answers nothing to `listener`, and calls `ended` when the thread is no more. */
  listen(listener: (message: FromWriter) => void, ended: (cause: unknown) => void): void {
    this.#worker.on("error", ended);
    this.#worker.on("exit", () => ended(undefined));
    this.#listener = listener;
    for (const message of this.#early ?? []) listener(message);
    this.#early = undefined;
  }

  send(message: ToWriter, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Sends a question and resolves with its answer; never, if the thread ends before. */
  ask(question: (request: number) => ToWriter): Promise<FromWriter> {
    const request = ++this.#requests;
    return new Promise((resolve) => {
      this.#answers.set(request, resolve);
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
    this.#answers.clear();
  }

  #received(message: FromWriter): void {
    if (message.kind === "pages" || message.kind === "extended") {
      this.#answers.get(message.request)?.(message);
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
