import { flushCompileCache } from "node:module";
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { asTocsinError, InternalError } from "../../model/error.ts";
import { unavailable } from "./database.ts";
import { pageEnd } from "./page.ts";
import type { Opening, Tell, ToWriter, WriterStart } from "./protocol.ts";
import { openStore } from "./recovery.ts";
import { SegmentReader } from "./segment-reader.ts";
import { DamagedRecords } from "./segment-view.ts";
import { sent, Writer } from "./writer.ts";

/*
 * The writer thread: takes pages from main, commits them, and keeps the folder in between. It is never waited for by anything but
 * acknowledgements. Between any two slices of housekeeping it looks for pages.
 */

/** Readings in one answer to `tail`. */
const TAIL_READINGS = 32_768;

if (parentPort === null) throw new InternalError("INTERNAL", "writer-thread.ts is the entry of a thread");
const port = parentPort;
const { folder, options, at, stall } = workerData as WriterStart;
const stalled = new Int32Array(stall);

const tell: Tell = (message, transfer) => port.postMessage(message, [...(transfer ?? [])]);

function start({ series }: Opening): void {
  let writer: Writer;
  try {
    const store = openStore({ folder, series, at });
    writer = new Writer(store, options, tell);
    tell({ kind: "opened", recovered: store.recovered });
  } catch (thrown) {
    tell({ kind: "refused", error: sent(asTocsinError(thrown)) });
    port.close();
    return;
  }
  new Turn(writer).begin();
  flushCompileCache();
}

/** Waits for as long as the test hook says. */
function standStill(): void {
  if (Atomics.load(stalled, 0) === 0) return;
  Atomics.store(stalled, 1, 1);
  Atomics.wait(stalled, 0, 1);
  Atomics.store(stalled, 1, 0);
}

/** Decides what the thread does next. */
class Turn {
  readonly #writer: Writer;
  readonly #tail = new SegmentReader(folder);
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  begin(): void {
    port.on("message", (message: ToWriter) => {
      this.#take(message);
      this.#schedule();
    });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#closed) return;
    // Everything that has come meanwhile shares the transaction.
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      this.#take(next.message as ToWriter);
      if (this.#closed) return;
    }
    standStill();
    this.#writer.commit(() => this.#schedule());
    // One slice even when pages wait: under constant load housekeeping must not stand still.
    const more = this.#writer.housekeeping.step();
    if (more || this.#writer.ready) this.#schedule();
    else this.#wake(this.#writer.housekeeping.wait);
  }

  #wake(ms: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = ms === undefined ? undefined : setTimeout(() => this.#schedule(), ms);
  }

  #take(message: ToWriter): void {
    switch (message.kind) {
      case "page":
        this.#writer.enter(message.page, message.now);
        break;
      case "checkpoint":
        this.#writer.housekeeping.checkpoint(message.checkpoint);
        break;
      case "lease":
        this.#writer.lease(message.of, message.to);
        break;
      case "tail":
        this.#answerTail(message.request, message.after);
        break;
      case "extend":
        this.#extend(message);
        break;
      case "digest":
        this.#digest(message);
        break;
      case "look":
        break;
      case "close":
        this.#close();
        break;
    }
  }

  #answerTail(request: number, after: number): void {
    this.#tail.refresh();
    try {
      const pages = this.#tail.pagesFrom(after + 1, TAIL_READINGS);
      const last = pages.at(-1);
      const next = last === undefined ? after : pageEnd(last) - 1;
      // Pages of a sealed group are shared with its cache: they are copied, not transferred.
      tell({ kind: "pages", request, pages, next });
    } catch (thrown) {
      const next = thrown instanceof DamagedRecords ? thrown.to - 1 : Number.MAX_SAFE_INTEGER;
      tell({ kind: "pages", request, pages: [], next, error: sent(asTocsinError(thrown)) });
    }
  }

  #extend({ request, series: more }: Extract<ToWriter, { kind: "extend" }>): void {
    try {
      tell({ kind: "extended", request, series: this.#writer.extend(more) });
    } catch (thrown) {
      const error = sent(unavailable(thrown, "series cannot be added"));
      tell({ kind: "extended", request, series: new Uint32Array(0), error });
    }
  }

  #digest({ request, date, at }: Extract<ToWriter, { kind: "digest" }>): void {
    try {
      tell({ kind: "digested", request, digest: this.#writer.digest(date, at) });
    } catch (thrown) {
      tell({
        kind: "digested",
        request,
        error: sent(unavailable(thrown, "the day's digest cannot be made")),
      });
    }
  }

  #close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    standStill();
    this.#tail.close();
    tell({ kind: "closed", clean: this.#writer.close() });
    port.close();
  }
}

port.once("message", start);
