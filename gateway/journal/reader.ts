import { Worker } from "node:worker_threads";
import type { Counter, Counters } from "../../model/counter.ts";
import { describe, type ErrorCode, HostError, InternalError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { SinkConfiguration } from "../sinks/options.ts";
import { type ResolvedSink, resolveSink } from "../sinks/resolved.ts";
import type { EdgeChannel } from "../sinks/sparkplug/edge-metric.ts";
import type { EdgeCounts, SinkStatus } from "../sinks/status.ts";
import type { Digest } from "./chain.ts";
import type { KeptUndecodable, QuarantinedRow } from "./cursors.ts";
import type { HistoryPage, HistoryQuery } from "./history.ts";
import type { Trend, TrendQuery } from "./history-trend.ts";
import type {
  EventQuery,
  FromReader,
  QuestionName,
  Questions,
  ReaderStart,
  ToReader,
} from "./reader-messages.ts";

/** Questions that may wait for the thread; beyond this they are refused. */
const MOST_QUESTIONS = 1_000;
/** The thread must end within this, or is ended. */
const CLOSE_BOUND: Micros = 2 * SECOND;
/** After a crash the thread is started again this much later; twice as much with each further crash, up to the longest. */
const FIRST_RESTART: Micros = SECOND;
const LONGEST_RESTART: Micros = 60 * SECOND;

export interface ReaderOptions {
  readonly folder: string;
  /** Site id: the tag of events and health. */
  readonly site: string;
  readonly sinks: readonly SinkConfiguration[];
  /** What the site consists of now; none: an edge node has nothing behind it. */
  readonly channels?: readonly EdgeChannel[];
  /** @throws ConfigurationError SECRET_MISSING */
  readonly secret: (reference: string) => string;
  /** Everything below this sequence is durable. */
  readonly end: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** Records that a sink will never get. */
export interface SinkLoss {
  readonly sink: string;
  readonly records: number;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/**
 * The reader thread as main sees it: sinks, history and the alarm log. Nothing here waits for it; when it crashes it is started
 * again, and goes on from the cursors on disk.
 */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #sinks: readonly ResolvedSink[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #lossListeners = new Set<(loss: SinkLoss) => void>();
  readonly #untoldLosses = new Map<string, number>();
  readonly #tallied = new Map<string, (status: SinkStatus) => void>();
  #worker: Worker;
  #restart: Timer | undefined;
  #restartAfter = FIRST_RESTART;
  #end: number;
  #nextId = 1;
  #closing = false;
  #status: readonly SinkStatus[] = [];

  /**
   * Starts the thread; resolves when it serves.
   * @throws ConfigurationError SECRET_MISSING or CONFIG_NOT_FOUND for what a sink names; HostError when the data folder cannot be read.
   */
  static async start(options: ReaderOptions): Promise<Reader> {
    const sinks = options.sinks.map((sink) => resolveSink(sink, options.secret));
    const reader = new Reader(options, sinks);
    await reader.#ready();
    return reader;
  }

  private constructor(options: ReaderOptions, sinks: readonly ResolvedSink[]) {
    this.#options = options;
    this.#sinks = sinks;
    this.#end = options.end;
    for (const { id } of sinks) this.#tallied.set(id, this.#counting(id));
    this.#worker = this.#spawn();
  }

  /** How the sinks were doing a second ago at most. */
  get sinks(): readonly SinkStatus[] {
    return this.#status;
  }

  /** Readings by series and time, a page at a time. */
  history(query: HistoryQuery): Promise<HistoryPage> {
    return this.#ask("history", query);
  }

  /** Minimum, maximum and mean of a series over buckets of time. */
  trend(query: TrendQuery): Promise<Trend> {
    return this.#ask("trend", query);
  }

  /** Alarm events by number, ascending; a missing number was void, or has left the log. */
  events(query: EventQuery): Promise<AlarmEvent[]> {
    return this.#ask("events", query);
  }

  /** A named cursor; 0 when it was never set. */
  cursor(name: string): Promise<number> {
    return this.#ask("cursor", { name });
  }

  /** Sets a named cursor; resolves when it is on disk. @throws HostError JOURNAL_UNAVAILABLE */
  async setCursor(name: string, sequence: number): Promise<void> {
    await this.#ask("setCursor", { name, sequence });
  }

  /** How the sinks are doing now. */
  sinkStatus(): Promise<SinkStatus[]> {
    return this.#ask("sinkStatus", null);
  }

  /** Rows that sinks refused, newest first. */
  quarantined(query: { sink?: string; limit: number }): Promise<QuarantinedRow[]> {
    return this.#ask("quarantined", query);
  }

  /** Messages that no profile could decode, newest first. */
  undecodable(query: { limit: number }): Promise<(KeptUndecodable & { at: Micros })[]> {
    return this.#ask("undecodable", query);
  }

  /** Keeps a message that no profile could decode; best effort. */
  keepUndecodable({ link, source, error, payload }: KeptUndecodable): void {
    this.#post({ kind: "undecodable", message: { link, source, error, payload } });
  }

  /** Sends a daily digest of the alarm log to the sinks as measurement `alarm_digest`; they get it after an outage, too. */
  digest(digest: Digest): void {
    this.#post({ kind: "digest", digest });
  }

  /** Sends the gateway's own health to the sinks as measurement `gateway`; best effort. */
  gatewayHealth(fields: Readonly<Record<string, number>>): void {
    this.#post({ kind: "health", fields, time: this.#options.clock.wall() });
  }

  /**
   * Calls `listener` whenever a sink has lost records; losses from before there was a listener come at once. Returns the way to
   * stop that.
   */
  onLoss(listener: (loss: SinkLoss) => void): () => void {
    this.#lossListeners.add(listener);
    for (const [sink, records] of this.#untoldLosses) listener({ sink, records });
    this.#untoldLosses.clear();
    return () => this.#lossListeners.delete(listener);
  }

  /** For the journal: everything up to `sequence` is durable, and its events are in the alarm log. */
  grown(sequence: number): void {
    if (sequence < this.#end) return;
    this.#end = sequence + 1;
    this.#post({ kind: "grown", end: this.#end });
  }

  /** For the journal: a segment has been begun or sealed. */
  segmentsChanged(): void {
    this.#post({ kind: "segments" });
  }

  /** For the journal: the records `first` to `last`, which held so many readings, are gone. */
  trimmed(segment: { first: number; last: number; readings: number }): void {
    this.#post({ kind: "trimmed", from: segment.first, to: segment.last + 1, readings: segment.readings });
  }

  /** Test hook: ends the thread as running out of memory would. */
  crash(): void {
    void this.#worker.terminate();
  }

  /** Writes the cursors and ends the thread, by force after a bound. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#restart?.cancel();
    const closed = this.#ask("close", null).catch(() => null);
    this.#closing = true;
    let timer: Timer | undefined;
    await Promise.race([
      closed,
      new Promise((resolve) => {
        timer = this.#options.clock.after(CLOSE_BOUND, () => resolve(null));
      }),
    ]);
    timer?.cancel();
    await this.#worker.terminate();
    this.#refuseAll("the gateway is stopping");
  }

  #ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]["ask"],
  ): Promise<Questions[Name]["answer"]> {
    return new Promise((resolve, reject) => {
      const why = this.#closing
        ? "the gateway is stopping"
        : this.#restart !== undefined
          ? "the reader thread has crashed and is being started again"
          : this.#waiting.size >= MOST_QUESTIONS
            ? "too many questions are waiting"
            : undefined;
      if (why !== undefined) {
        reject(new HostError("JOURNAL_UNAVAILABLE", `the history cannot be read: ${why}`));
        return;
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      this.#post({ kind: "question", id, name, ask });
    });
  }

  #post(message: ToReader): void {
    this.#worker.postMessage(message);
  }

  #spawn(): Worker {
    const start: ReaderStart = {
      folder: this.#options.folder,
      site: this.#options.site,
      sinks: this.#sinks,
      channels: this.#options.channels ?? [],
      end: this.#end,
    };
    const worker = new Worker(new URL("./reader-thread.ts", import.meta.url), { workerData: start });
    worker.on("message", (message: FromReader) => this.#received(message));
    worker.on("error", (error) => this.#ended(worker, describe(error)));
    worker.on("exit", (code) => this.#ended(worker, `it ended with ${code}`));
    return worker;
  }

  #ready(): Promise<void> {
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => {
        this.#closing = true;
        this.#restart?.cancel();
        reject(
          new HostError("JOURNAL_UNAVAILABLE", `the reader thread cannot start: ${describe(cause)}`, {
            cause,
          }),
        );
      };
      const listener = (message: FromReader) => {
        if (message.kind !== "ready") return;
        worker.off("message", listener);
        // From now on a crash is mended by a new thread.
        worker.off("error", failed);
        resolve();
      };
      worker.on("message", listener);
      worker.once("error", failed);
    });
  }

  #ended(worker: Worker, why: string): void {
    if (this.#closing || worker !== this.#worker || this.#restart !== undefined) return;
    this.#options.log.error({}, `the reader thread has crashed and is started again: ${why}`);
    this.#refuseAll(why);
    const wait = this.#restartAfter;
    this.#restartAfter = Math.min(wait * 2, LONGEST_RESTART);
    this.#restart = this.#options.clock.after(wait, () => {
      this.#restart = undefined;
      this.#worker = this.#spawn();
    });
  }

  #refuseAll(why: string): void {
    for (const { reject } of this.#waiting.values())
      reject(new HostError("JOURNAL_UNAVAILABLE", `the reader thread has ended: ${why}`));
    this.#waiting.clear();
  }

  #received(message: FromReader): void {
    switch (message.kind) {
      case "ready":
        this.#restartAfter = FIRST_RESTART;
        return;
      case "answer":
      case "refusal": {
        const waiting = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        if (message.kind === "answer") waiting?.resolve(message.answer);
        else waiting?.reject(revive(message.error));
        return;
      }
      case "sinks":
        this.#status = message.status;
        for (const status of message.status) this.#tallied.get(status.id)?.(status);
        return;
      case "log":
        this.#options.log[message.level](message.fields, message.message);
    }
  }

  /** Carries a sink's counts over to the counters. They go on from those of earlier runs. */
  #counting(sink: string): (status: SinkStatus) => void {
    const counter = (name: string, help: string) =>
      this.#options.counters.counter({ name, help, labels: { sink } });
    const delivered = counter("sink_delivered", "Readings and alarm events stored by the sink.");
    const quarantined = counter("sink_quarantined", "Lines that the sink refused for good.");
    const lost = counter("sink_lost", "Records that the journal let go before the sink had taken them.");
    const failures = counter("sink_failures", "Failed attempts to deliver.");
    const healthDropped = counter(
      "sink_health_dropped",
      "Lines of the gateway's own health that did not wait for the sink.",
    );
    let edge: ((counts: EdgeCounts) => void) | undefined;
    let lostBefore: number | undefined;
    return (status) => {
      delivered.add(Math.max(0, status.delivered - delivered.total));
      quarantined.add(Math.max(0, status.quarantined - quarantined.total));
      failures.add(Math.max(0, status.failures - failures.total));
      healthDropped.add(Math.max(0, status.healthDropped - healthDropped.total));
      lost.add(Math.max(0, status.lost - lost.total));
      if (status.edge !== undefined) {
        edge ??= countingEdge(counter);
        edge(status.edge);
      }
      const records = status.lost - (lostBefore ?? status.lost);
      lostBefore = status.lost;
      if (records <= 0) return;
      if (this.#lossListeners.size === 0) {
        this.#untoldLosses.set(sink, (this.#untoldLosses.get(sink) ?? 0) + records);
      }
      for (const listener of this.#lossListeners) listener({ sink, records });
    };
  }
}

/** Carries over what an edge node counts, from one start of the thread to the next. */
function countingEdge(counter: (name: string, help: string) => Counter): (counts: EdgeCounts) => void {
  const total: Record<keyof EdgeCounts, Counter> = {
    births: counter("edge_births", "Births of our edge node and of what is behind it."),
    rebirths: counter("edge_rebirth_requests", "Requests of Sparkplug hosts for births of ours."),
    historical: counter("edge_historical", "Readings sent to Sparkplug hosts as historical."),
    stale: counter("edge_stale", "Metrics that fell silent and were sent without a value."),
    unmapped: counter(
      "edge_unmapped",
      "Readings that no metric stands for: their channel is no longer what it was when they were recorded.",
    ),
    refusedCommands: counter(
      "edge_commands_refused",
      "Commands of Sparkplug hosts that ask for nothing we do, or cannot be read.",
    ),
  };
  let before: EdgeCounts | undefined;
  return (counts) => {
    for (const name of Object.keys(total) as (keyof EdgeCounts)[]) {
      // A thread that was started again begins at nothing.
      const grown = counts[name] - (before?.[name] ?? 0);
      total[name].add(grown < 0 ? counts[name] : grown);
    }
    before = counts;
  };
}

/** An error of the thread as an error here. */
function revive({
  code,
  message,
  stack,
}: {
  code: string;
  message: string;
  stack: string | undefined;
}): Error {
  const error =
    code === "INTERNAL" ? new InternalError("INTERNAL", message) : new HostError(code as ErrorCode, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
