import { flushCompileCache } from "node:module";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { asTocsinError, describe, HostError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import { createDelivery } from "../sinks/create.ts";
import { digestLine, healthLine } from "../sinks/line.ts";
import { quarantineOf } from "../sinks/options.ts";
import { Cursors } from "./cursors.ts";
import { type HistoryPage, historyPage } from "./history.ts";
import { type Trend, trend } from "./history-trend.ts";
import { ReaderFolder } from "./reader-folder.ts";
import type { FromReader, QuestionName, Questions, ReaderStart, ToReader } from "./reader-messages.ts";

/*
 * The reader thread: delivers to sinks and answers questions about the past, on connections that only read. It shares the data
 * folder with the writer and nothing else; whatever it does, commits do not wait for it.
 */

/** How often main is told how the sinks are doing. */
const STATUS_INTERVAL_MS = 1_000;

class ReaderThread {
  readonly #port: MessagePort;
  readonly #start: ReaderStart;
  readonly #log: Log;
  readonly #clock = new SystemClock();
  readonly #folder: ReaderFolder;
  readonly #cursors: Cursors;
  readonly #deliveries: Awaited<ReturnType<typeof createDelivery>>[] = [];
  /** Answers that wait for the cursors to be on disk. */
  readonly #uncommitted: ((committed: boolean) => void)[] = [];
  #end: number;
  #eventsEnd = 0;
  #alarmLogFails = false;
  #status: NodeJS.Timeout | undefined;

  constructor(port: MessagePort, start: ReaderStart) {
    this.#port = port;
    this.#start = start;
    this.#end = start.end;
    this.#log = carriedLog(port);
    this.#folder = new ReaderFolder(start.folder, (damage) =>
      this.#log.error({ code: damage.code }, `history leaves out what is damaged: ${damage.message}`),
    );
    this.#cursors = new Cursors({ folder: start.folder, clock: this.#clock, log: this.#log });
  }

  async serve(): Promise<void> {
    const journal = {
      oldest: Math.min(this.#folder.segments.oldest ?? this.#end, this.#end),
      end: this.#end,
      oldestEvent: 0,
      eventsEnd: this.#lookForEvents(),
    };
    for (const resolved of this.#start.sinks) {
      const { id, options } = resolved;
      const quarantine = quarantineOf(options);
      const delivery = await createDelivery({
        resolved,
        site: this.#start.site,
        channels: this.#start.channels,
        source: this.#folder,
        cursor: this.#cursors.sink(id, { start: options.start, quarantine, journal }),
        clock: this.#clock,
        log: labelled(this.#log, id),
      });
      delivery.grown(journal.end, journal.eventsEnd);
      this.#deliveries.push(delivery);
    }
    this.#port.on("message", (message: ToReader) => this.#received(message));
    this.#post({ kind: "ready" });
    flushCompileCache();
    if (this.#deliveries.length === 0) return;
    // First as it was left, so that what has been lost since is seen as a loss.
    this.#postStatus();
    for (const delivery of this.#deliveries) {
      // What was let go while nobody was there to tell.
      delivery.trimmed(0, journal.oldest, Number.POSITIVE_INFINITY);
      delivery.start();
    }
    this.#status = setInterval(() => this.#postStatus(), STATUS_INTERVAL_MS);
    this.#postStatus();
  }

  #received(message: ToReader): void {
    switch (message.kind) {
      case "question":
        void this.#answer(message.id, message.name, message.ask);
        return;
      case "grown": {
        this.#end = message.end;
        if (this.#deliveries.length === 0) return;
        const eventsEnd = this.#lookForEvents();
        for (const delivery of this.#deliveries) delivery.grown(message.end, eventsEnd);
        return;
      }
      case "segments":
        this.#folder.segments.refresh();
        return;
      case "trimmed":
        this.#folder.segments.refresh();
        for (const delivery of this.#deliveries) delivery.trimmed(message.from, message.to, message.readings);
        return;
      case "health": {
        const line = healthLine(message.fields, this.#start.site, message.time);
        if (line !== undefined) for (const delivery of this.#deliveries) delivery.health(line);
        return;
      }
      case "digest": {
        const line = digestLine(message.digest, this.#start.site);
        for (const delivery of this.#deliveries) delivery.digest(line);
        return;
      }
      case "undecodable":
        this.#cursors.keepUndecodable(message.message);
    }
  }

  /** One past the newest alarm event; the last known one while the alarm log cannot be read. */
  #lookForEvents(): number {
    try {
      this.#eventsEnd = this.#folder.eventsEnd();
      this.#alarmLogFails = false;
    } catch (thrown) {
      if (!this.#alarmLogFails) {
        this.#log.error({ err: thrown }, `the alarm log cannot be read: ${describe(thrown)}`);
      }
      this.#alarmLogFails = true;
    }
    return this.#eventsEnd;
  }

  async #answer(id: number, name: QuestionName, ask: unknown): Promise<void> {
    try {
      const answer = await this.#ask[name](ask as never);
      this.#port.postMessage({ kind: "answer", id, answer } satisfies FromReader, buffersOf(name, answer));
    } catch (thrown) {
      const error = asTocsinError(thrown);
      this.#post({
        kind: "refusal",
        id,
        error: { code: error.code, message: error.message, stack: error.stack },
      });
    }
    // Only after its answer is out may the thread end.
    if (name === "close") this.#port.close();
  }

  readonly #ask: {
    [Name in QuestionName]: (
      ask: Questions[Name]["ask"],
    ) => Questions[Name]["answer"] | Promise<Questions[Name]["answer"]>;
  } = {
    history: (query) => historyPage(this.#folder.segments, query),
    trend: (query) => trend(this.#folder.segments, query),
    events: ({ from, to, limit }) => this.#folder.events(from, to + 1, limit),
    cursor: ({ name }) => this.#cursors.cursor(name),
    setCursor: ({ name, sequence }) => this.#setCursor(name, sequence),
    sinkStatus: () => this.#deliveries.map((delivery) => delivery.status),
    quarantined: (query) => this.#cursors.quarantined(query),
    undecodable: ({ limit }) => this.#cursors.undecodable(limit),
    close: () => this.#close(),
  };

  /** Cursors that are set in one turn share one commit. */
  #setCursor(name: string, sequence: number): Promise<null> {
    this.#cursors.setCursor(name, sequence);
    if (this.#uncommitted.length === 0) {
      setImmediate(() => {
        const committed = this.#cursors.commit();
        for (const settle of this.#uncommitted.splice(0)) settle(committed);
      });
    }
    return new Promise((resolve, reject) => {
      this.#uncommitted.push((committed) => {
        if (committed) resolve(null);
        else reject(new HostError("JOURNAL_UNAVAILABLE", `the cursor ${name} could not be written`));
      });
    });
  }

  async #close(): Promise<null> {
    clearInterval(this.#status);
    await Promise.all(this.#deliveries.map((delivery) => delivery.stop()));
    this.#postStatus();
    this.#cursors.close();
    this.#folder.close();
    return null;
  }

  #postStatus(): void {
    this.#post({ kind: "sinks", status: this.#deliveries.map((delivery) => delivery.status) });
  }

  #post(message: FromReader): void {
    this.#port.postMessage(message);
  }
}

/** Columns are handed over, not copied. */
function buffersOf(name: QuestionName, answer: unknown): ArrayBuffer[] {
  if (name !== "history" && name !== "trend") return [];
  const columns = Object.values(answer as HistoryPage | Trend).filter((column) => ArrayBuffer.isView(column));
  return columns.map((column) => column.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}

/** A log that main writes. */
function carriedLog(port: MessagePort): Log {
  const carry = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) =>
    port.postMessage({ kind: "log", level, fields: plainFields(fields), message } satisfies FromReader);
  return { debug: carry("debug"), info: carry("info"), warn: carry("warn"), error: carry("error") };
}

function labelled(log: Log, sink: string): Log {
  const label = (level: "debug" | "info" | "warn" | "error") => (fields: object, message: string) =>
    log[level]({ sink, ...fields }, `sink ${sink}: ${message}`);
  return { debug: label("debug"), info: label("info"), warn: label("warn"), error: label("error") };
}

/** What a message can carry: errors become their code and words. */
function plainFields(fields: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && typeof value !== "function")
      .map(([name, value]) => [
        name,
        value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
      ]),
  );
}

if (parentPort !== null) {
  const thread = new ReaderThread(parentPort, workerData as ReaderStart);
  await thread.serve();
}
