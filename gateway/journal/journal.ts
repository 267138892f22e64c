import type { Counters } from "../../model/counter.ts";
import { HostError, InternalError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { SinkConfiguration } from "../sinks/options.ts";
import type { Digest } from "./chain.ts";
import type { SeriesDefinition } from "./dictionary.ts";
import type { JournalOptions } from "./options.ts";
import { loggedEntries, type Page, pageBuffers, pageBytes, pageEnd } from "./page.ts";
import { type FromWriter, NUMBER_SPAN, type NumberKind, type Recovered } from "./protocol.ts";
import { Reader } from "./reader.ts";
import { revived, WriterLink } from "./writer-link.ts";

export type { SeriesDefinition } from "./dictionary.ts";

/** Bound on closing; then threads are ended whatever they do (the process has 5 s to stop). */
const CLOSE_BOUND = 4 * SECOND;
/** What of it the reader gets to settle its cursors, after the writer. */
const READER_BOUND = 500 * MILLISECOND;
/**
 * A disk that has taken nothing for this long hangs, and people must know: it reports no error. Flash that collects its garbage
 * answers within seconds.
 */
const STALL_CHECK: Micros = 3 * SECOND;
/** So many checks without an answer; between any two main has looked at its messages, so that its own pauses do not count. */
const STALL_CHECKS = 10;

export interface JournalSetup {
  readonly folder: string;
  readonly options: JournalOptions;
  /** What each series id should stand for, in the order in which ids are wanted. */
  readonly series: readonly SeriesDefinition[];
  /** By series: how long a channel may be silent before it is stale (0: for ever). Absent: all may. */
  readonly stale?: readonly Micros[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Where the reader thread delivers to. */
  readonly sinks: readonly SinkConfiguration[];
  /** Reads a secret named in the site file. @throws ConfigurationError SECRET_MISSING */
  readonly secret: (reference: string) => string;
}

type Listener<T> = (value: T) => void;

/** A set of listeners; adding one returns the way to take it away. */
class Listeners<T> {
  readonly #all = new Set<Listener<T>>();

  add(listener: Listener<T>): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(value: T): void {
    for (const listener of this.#all) listener(value);
  }
}

/** What is on its way to the disk. */
export interface InFlight {
  readonly pages: number;
  readonly readings: number;
  readonly bytes: number;
}

/**
 * The durable, ordered record, as main sees it. Nothing here waits for the disk but `open`, `tail` and `close`: pages go to the
 * writer thread, and `durable` says how far that has come. The reader thread serves everything that reads.
 */
export class Journal {
  /** What was found when it was opened. */
  readonly recovery: Recovered;
  /** History, alarm log, sinks. */
  readonly reader: Reader;
  readonly #writer: WriterLink;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #reserved: Record<NumberKind, number>;
  readonly #leasing = new Set<NumberKind>();
  readonly #durableListeners = new Listeners<number>();
  readonly #failureListeners = new Listeners<HostError | undefined>();
  readonly #returnListeners = new Listeners<ArrayBuffer>();
  readonly #inFlight = { pages: 0, readings: 0, bytes: 0 };
  readonly #trimmed;
  readonly #lost;
  #series: Uint32Array;
  #next: number;
  #durable: number;
  #failure: HostError | undefined;
  /** Runs while something waits for the disk. */
  #stallTimer: Timer | undefined;
  #stalled = false;
  #closing: Promise<void> | undefined;
  #closed: ((clean: boolean) => void) | undefined;

  /**
   * Opens the journal of a data folder, recovers what a crash or damage has left, and starts the threads.
   * @throws HostError ALREADY_RUNNING, JOURNAL_UNAVAILABLE; ConfigurationError SECRET_MISSING for a sink's secret
   */
  static async open(setup: JournalSetup): Promise<Journal> {
    const { folder, options, series, clock } = setup;
    const { link, recovered } = await WriterLink.start({ folder, options, series, at: clock.wall() });
    let reader: Reader;
    try {
      reader = await Reader.start({
        folder: setup.folder,
        site: setup.series[0]?.site ?? "",
        sinks: setup.sinks,
        channels: setup.series.map((definition, index) => ({
          ...definition,
          stale: setup.stale?.[index] ?? 0,
        })),
        secret: setup.secret,
        end: recovered.lastSequence + 1,
        clock: setup.clock,
        log: setup.log,
        counters: setup.counters,
      });
    } catch (thrown) {
      // The lock goes with the thread.
      await link.terminate();
      throw thrown;
    }
    return new Journal(setup, { writer: link, reader, recovery: recovered });
  }

  private constructor(
    setup: JournalSetup,
    parts: { writer: WriterLink; reader: Reader; recovery: Recovered },
  ) {
    const { writer, reader, recovery } = parts;
    this.#writer = writer;
    this.#clock = setup.clock;
    this.#log = setup.log;
    this.reader = reader;
    this.recovery = recovery;
    this.#series = recovery.series;
    this.#next = recovery.lastSequence + 1;
    this.#durable = recovery.lastSequence;
    this.#reserved = { ...recovery.leased };
    this.#trimmed = setup.counters.counter({
      name: "journal_trimmed",
      help: "Readings that left the journal because their retention was over.",
    });
    this.#lost = setup.counters.counter({
      name: "journal_lost",
      help: "Accepted records that a damaged file took with it; an upper bound.",
    });
    for (const { first, last } of recovery.lost) this.#lost.add(last - first + 1);
    writer.listen(
      (message) => this.#received(message),
      (cause) => this.#crashed(cause),
    );
  }

  /** Series id per definition that `open` was given. */
  get series(): Uint32Array {
    return this.#series;
  }

  /** Everything up to this sequence is on disk. */
  get durable(): number {
    return this.#durable;
  }

  /** Calls `listener` whenever `durable` grows. Returns the way to stop that. */
  onDurable(listener: (durable: number) => void): () => void {
    return this.#durableListeners.add(listener);
  }

  /** Why the journal cannot write at present; it goes on trying. */
  get failure(): HostError | undefined {
    return this.#failure;
  }

  /**
   * Calls `listener` when writing begins to fail, and with undefined when it works again. A disk that hangs is told here, too,
   * though it is no `failure`: what it was given it may still take. Returns the way to stop that.
   */
  onFailure(listener: (failure: HostError | undefined) => void): () => void {
    return this.#failureListeners.add(listener);
  }

  /** Calls `listener` with each buffer that the writer has finished with: for `PageBuilder.recycle`. */
  onReturned(listener: (buffer: ArrayBuffer) => void): () => void {
    return this.#returnListeners.add(listener);
  }

  /** The disk has taken nothing for so long that people were told; it has not said why. */
  get hangs(): boolean {
    return this.#stalled;
  }

  /** What was handed over and is not on disk yet. */
  get inFlight(): InFlight {
    return this.#inFlight;
  }

  /**
   * Hands a page to the writer; its buffers go with it. Never waits and does not fail: a disk that does not take it shows in
   * `failure`, and the page stays in the queue. `now`: nothing that comes later delays its commit.
   * @throws InternalError when the page does not follow the one before it: that is the caller's mistake
   */
  commit(page: Page, urgency: "now" | "soon"): void {
    const end = pageEnd(page);
    if (page.first < this.#next || (end === page.first && loggedEntries(page) > 0)) {
      throw new InternalError(
        "INTERNAL",
        `a page from ${page.first} to ${end} was handed to the journal, which expects ${this.#next} or later`,
      );
    }
    if (end === page.first || this.#closing !== undefined) return;
    this.#next = end;
    this.#inFlight.pages++;
    this.#inFlight.readings += page.readings;
    this.#inFlight.bytes += pageBytes(page);
    for (const event of page.events) {
      this.#use("event", event.seq);
      this.#use("occurrence", event.occurrence);
    }
    this.#writer.send({ kind: "page", page, now: urgency === "now" }, pageBuffers(page));
    if (this.#stallTimer === undefined) this.#watchStall(STALL_CHECKS);
  }

  /** Last event or occurrence number that is durably reserved. */
  reservedTo(kind: NumberKind): number {
    return this.#reserved[kind];
  }

  /** Reserves another span of numbers. `commit` does so by itself, half a span ahead of the events that it sees. */
  lease(kind: NumberKind): void {
    if (this.#leasing.has(kind)) return;
    this.#leasing.add(kind);
    this.#writer.send({ kind: "lease", of: kind, to: this.#reserved[kind] + NUMBER_SPAN });
  }

  /**
   * Saves the state of the rules as it is behind record `sequence`, once everything up to there is on disk. A newer state
   * replaces one that still waits. The state is copied at once.
   */
  checkpoint(state: unknown, sequence: number): void {
    if (this.#closing === undefined)
      this.#writer.send({ kind: "checkpoint", checkpoint: { sequence, state } });
  }

  /** Committed pages that end behind `after`, in order. What is damaged is left out, and told to the log. */
  async *tail(after: number): AsyncIterable<Page> {
    for (let at = after; ; ) {
      const answer = await this.#writer.ask((request) => ({ kind: "tail", request, after: at }));
      if (answer.kind !== "pages") throw new InternalError("INTERNAL", `no answer to tail: ${answer.kind}`);
      if (answer.error !== undefined) {
        this.#log.error(
          { err: answer.error.message },
          "part of the journal cannot be read; rules do not see it again",
        );
        if (answer.next === Number.MAX_SAFE_INTEGER) return;
      } else if (answer.pages.length === 0) return;
      yield* answer.pages;
      at = answer.next;
    }
  }

  /** Gives more series their ids, durably, and returns them in order. @throws HostError JOURNAL_UNAVAILABLE */
  async extend(series: readonly SeriesDefinition[]): Promise<Uint32Array> {
    const answer = await this.#writer.ask((request) => ({ kind: "extend", request, series }));
    if (answer.kind !== "extended")
      throw new InternalError("INTERNAL", `no answer to extend: ${answer.kind}`);
    if (answer.error !== undefined) throw revived(answer.error);
    return answer.series;
  }

  /**
   * Writes the chain value of the alarm log down at the end of a day (`date` in the site's time zone), durably.
   * @throws HostError JOURNAL_UNAVAILABLE
   */
  async digest(date: string): Promise<Digest> {
    const at = this.#clock.wall();
    const answer = await this.#writer.ask((request) => ({ kind: "digest", request, date, at }));
    if (answer.kind !== "digested")
      throw new InternalError("INTERNAL", `no answer to digest: ${answer.kind}`);
    if (answer.error !== undefined) throw revived(answer.error);
    return answer.digest!;
  }

  /** A test hook: the writer stands still, as if the disk did. */
  pause(): void {
    this.#writer.stall(true);
  }

  /** A test hook: whether the writer stands still by now. Nothing is written while it does. */
  get paused(): boolean {
    return this.#writer.stalled;
  }

  /** Ends `pause`. */
  resume(): void {
    this.#writer.stall(false);
  }

  /**
   * Puts everything that was handed over on disk, marks the stop as clean, and ends the threads: within 4 s, whatever the disk does.
   * What could not be written is told to the log.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    this.resume();
    const clean = await this.#within(
      CLOSE_BOUND - READER_BOUND,
      new Promise<boolean>((resolve) => {
        this.#closed = resolve;
        this.#writer.send({ kind: "close" });
      }),
    );
    if (clean !== true) {
      this.#log.error(
        { readings: this.#inFlight.readings, pages: this.#inFlight.pages, err: this.#failure?.message },
        "the journal was closed before everything was on disk; what was not acknowledged is lost",
      );
    }
    await this.#within(READER_BOUND, this.reader.close());
    await this.#writer.terminate();
  }

  /** The value, or undefined when the time is over first. */
  async #within<T>(bound: number, value: Promise<T>): Promise<T | undefined> {
    let over: () => void = () => {};
    const timer = this.#clock.after(bound, () => over());
    try {
      return await Promise.race([
        value,
        new Promise<undefined>((resolve) => {
          over = () => resolve(undefined);
        }),
      ]);
    } finally {
      timer.cancel();
    }
  }

  #use(kind: NumberKind, number: number): void {
    if (this.#reserved[kind] - number < NUMBER_SPAN / 2) this.lease(kind);
  }

  #received(message: FromWriter): void {
    switch (message.kind) {
      case "durable":
        this.#settled(message);
        break;
      case "logged":
        this.reader.grown(message.sequence);
        break;
      case "failed":
        this.#fail(revived(message.error));
        break;
      case "recovered":
        this.#fail(undefined);
        break;
      case "leased":
        this.#reserved[message.of] = message.to;
        this.#leasing.delete(message.of);
        break;
      case "segments":
        this.reader.segmentsChanged();
        break;
      case "trimmed":
        this.#trimmed.add(message.readings);
        this.reader.trimmed(message);
        break;
      case "setAside":
        for (const { first, last } of message.lost) this.#lost.add(last - first + 1);
        this.#log.error(
          { file: message.file, lost: message.lost },
          "a damaged journal file was set aside; what could be read of it was kept",
        );
        break;
      case "log":
        this.#log[message.level](message.fields, message.message);
        break;
      case "closed":
        this.#closed?.(message.clean);
        break;
      case "opened":
      case "refused":
      case "pages":
      case "extended":
      case "digested":
        break;
    }
  }

  #settled(message: Extract<FromWriter, { kind: "durable" }>): void {
    this.#durable = message.sequence;
    this.#inFlight.pages -= message.pages;
    this.#inFlight.readings -= message.readings;
    this.#inFlight.bytes -= message.bytes;
    this.#stallTimer?.cancel();
    this.#stallTimer = undefined;
    if (this.#inFlight.pages > 0 && this.#closing === undefined) this.#watchStall(STALL_CHECKS);
    if (this.#stalled) {
      this.#stalled = false;
      if (this.#failure === undefined) this.#failureListeners.tell(undefined);
    }
    for (const buffer of message.buffers) this.#returnListeners.tell(buffer);
    this.#durableListeners.tell(message.sequence);
    if (message.logged) this.reader.grown(message.sequence);
  }

  #watchStall(checks: number): void {
    const timer = this.#clock.after(STALL_CHECK, () => {
      if (checks > 1) {
        setImmediate(() => {
          if (this.#stallTimer === timer) this.#watchStall(checks - 1);
        });
        return;
      }
      // The timer stays set: the next answer of the disk begins anew. A failure has been told already.
      if (this.#failure !== undefined) return;
      this.#stalled = true;
      this.#failureListeners.tell(
        new HostError("JOURNAL_UNAVAILABLE", "the disk hangs: it has taken nothing for 30 s", {
          hint: "look for I/O errors in the kernel's log",
        }),
      );
    });
    this.#stallTimer = timer;
  }

  #fail(failure: HostError | undefined): void {
    this.#failure = failure;
    this.#failureListeners.tell(failure);
  }

  /** A bug of ours: nothing is acknowledged any more, alerts go on, and only a restart mends it. */
  #crashed(cause: unknown): void {
    if (this.#closing !== undefined) {
      this.#closed?.(false);
      return;
    }
    if (this.#failure !== undefined && cause === undefined) return;
    this.#fail(
      new HostError("JOURNAL_UNAVAILABLE", "the journal's writer thread has crashed", {
        cause,
        hint: "restart the gateway and report this",
      }),
    );
  }
}
