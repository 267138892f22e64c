import { asTocsinError, HostError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { SinkCursor } from "./cursor.ts";
import { eventLine, ReadingLines } from "./line.ts";
import type { InfluxOptions } from "./options.ts";
import { Outage } from "./outage.ts";
import { PassingLines } from "./passing-lines.ts";
import { Position } from "./position.ts";
import type { Range } from "./ranges.ts";
import { type Receipt, type Shipment, ship } from "./shipment.ts";
import { Signal } from "./signal.ts";
import { type Sink, SinkRefused, SinkUnavailable, type TimePrecision } from "./sink.ts";
import type { DeliverySource } from "./source.ts";
import type { SinkStatus } from "./status.ts";

/** Alarm events in one request. */
const EVENT_BATCH = 500;
/** The live lane jumps to the newest records when it is this many batches behind. */
const LIVE_BATCHES = 8;
/** Lines of gateway health that wait for a sink; the oldest go first. */
const MOST_HEALTH_LINES = 64;
/** Daily digests that wait for a sink: a month without it. */
const MOST_DIGEST_LINES = 31;
/** Pause after an error of the journal or of ours, which a repetition will hardly mend. */
const PAUSE_AFTER_ERROR: Micros = 5 * SECOND;

/** An answer that comes within this saves sending the batch again after the restart. */
const STOP_GRACE: Micros = 200 * MILLISECOND;

export interface DeliveryOptions {
  readonly id: string;
  readonly options: InfluxOptions;
  /** Tag `site` of events and health. */
  readonly site: string;
  readonly sink: Sink;
  readonly source: DeliverySource;
  readonly cursor: SinkCursor;
  readonly clock: Clock;
  readonly log: Log;
  /** Jitter, from 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** What a lane is to send next. */
type Task = () => Promise<void>;

/**
 * Brings the journal to one sink, by itself: it waits for no other sink and nothing waits for it. Two lanes run side by side.
 * *Express* sends alarm events first, then the newest readings, then the gateway's health; *backlog* sends the oldest readings.
 * While the sink is out only one lane asks, with growing pauses. What has not been delivered stays in the position.
 */
export class Delivery {
  readonly id: string;
  readonly #options: DeliveryOptions;
  readonly #position: Position;
  readonly #lines: ReadingLines;
  readonly #outage: Outage;
  readonly #express = new Signal();
  readonly #backlog = new Signal();
  readonly #receipt: Receipt;
  readonly #eventReceipt: Receipt;
  readonly #health = new PassingLines(MOST_HEALTH_LINES);
  readonly #digests = new PassingLines(MOST_DIGEST_LINES);
  #batch: number;
  #nextEvent: number;
  #eventsEnd: number;
  #failures = 0;
  #lastLive: Micros = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #lanes: Promise<void>[] = [];
  /** The next wake-up of each lane. */
  readonly #alarms = new Map<Signal, { due: Micros; timer: Timer }>();

  constructor(options: DeliveryOptions) {
    this.id = options.id;
    this.#options = options;
    const { cursor, source, clock, log } = options;
    this.#position = new Position(cursor.position);
    this.#nextEvent = cursor.nextEvent;
    this.#eventsEnd = cursor.nextEvent;
    this.#batch = options.options.batch;
    this.#lines = new ReadingLines((series) => source.tags(series));
    this.#outage = new Outage({
      clock,
      log,
      retry: options.options.retry,
      random: options.random ?? Math.random,
    });
    this.#receipt = {
      settled: ({ from, to, delivered, refused }) => {
        this.#position.settle(from, to);
        cursor.tally({ delivered, quarantined: refused });
      },
      poison: (row) => cursor.quarantine(row),
      tooLarge: (lines) => {
        this.#batch = Math.max(1, Math.min(this.#batch, lines >>> 1));
      },
    };
    this.#eventReceipt = {
      settled: ({ to, delivered, refused }) => {
        this.#nextEvent = Math.max(this.#nextEvent, to);
        cursor.tally({ delivered, quarantined: refused });
      },
      poison: (row) => cursor.quarantine(row),
      tooLarge: () => {},
    };
    cursor.keepFrom(() => ({ position: this.#position.keep(), nextEvent: this.#nextEvent }));
  }

  /** Begins to deliver; returns at once. */
  start(): void {
    this.#lanes = [
      this.#run(this.#express, () => this.#nextExpress()),
      this.#run(this.#backlog, () => (this.#outage.on ? undefined : this.#nextBacklog())),
    ];
  }

  /** The journal now holds everything below `end`, and events below `eventsEnd`. */
  grown(end: number, eventsEnd: number): void {
    this.#position.grow(end);
    this.#eventsEnd = Math.max(this.#eventsEnd, eventsEnd);
    this.#express.notify();
    if (this.#position.backlog > 0) this.#backlog.notify();
  }

  /**
   * The journal has let [from, to) go, which held so many readings. What was not delivered of it is lost, and counted.
   * Returns how many.
   */
  trimmed(from: number, to: number, readings: number): number {
    // Sequences also number the inputs of the rules, which no sink receives.
    const lost = Math.min(this.#position.drop(from, to), readings);
    this.#lose(lost, "the journal's bounds were reached first");
    return lost;
  }

  /** Takes a line of the gateway's health; best effort. */
  health(line: string): void {
    this.#health.push(line);
    this.#express.notify();
  }

  /** Takes a line with a daily digest of the alarm log: it waits for the sink, but not over a restart. */
  digest(line: string): void {
    this.#digests.push(line);
    this.#express.notify();
  }

  get status(): SinkStatus {
    const { delivered, quarantined, lost } = this.#options.cursor.tallied;
    const outage = this.#outage.view;
    return {
      id: this.id,
      type: this.#options.options.type,
      ...(outage === undefined ? {} : { outage }),
      delivered,
      quarantined,
      lost,
      failures: this.#failures,
      healthDropped: this.#health.dropped + this.#digests.dropped,
      pending: this.#position.pending,
      backlog: this.#position.backlog,
      events: Math.max(0, this.#eventsEnd - this.#nextEvent),
    };
  }

  /** Ends both lanes, after a short grace for requests under way; what those had not finished stays undelivered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#alarms.values()) timer.cancel();
    this.#alarms.clear();
    this.#express.notify();
    this.#backlog.notify();
    const { clock, sink } = this.#options;
    const impatient = clock.after(STOP_GRACE, () => sink.close());
    await Promise.all(this.#lanes);
    impatient.cancel();
    sink.close();
  }

  async #run(signal: Signal, next: () => Task | undefined): Promise<void> {
    const { clock } = this.#options;
    let resume = Number.NEGATIVE_INFINITY;
    while (!this.#stopped) {
      const wait = Math.max(this.#outage.wait, resume - clock.now());
      if (wait > 0) this.#later(wait, signal);
      try {
        const task = wait > 0 ? undefined : next();
        if (task === undefined) await signal.wait();
        else await task();
      } catch (thrown) {
        if (this.#stopped) return;
        if (thrown instanceof SinkUnavailable) {
          this.#failures++;
          this.#outage.failed(thrown);
          // From now on that lane alone asks, whichever of them noticed.
          this.#express.notify();
        } else {
          const error = asTocsinError(thrown);
          this.#options.log.error({ err: error, code: error.code }, `delivery pauses: ${error.message}`);
          resume = clock.now() + PAUSE_AFTER_ERROR;
        }
      }
    }
  }

  #later(wait: Micros, signal: Signal): void {
    const { clock } = this.#options;
    const due = clock.now() + wait;
    const set = this.#alarms.get(signal);
    if (set !== undefined && set.due <= due) return;
    set?.timer.cancel();
    const timer = clock.after(wait, () => {
      this.#alarms.delete(signal);
      signal.notify();
    });
    this.#alarms.set(signal, { due, timer });
  }

  #nextExpress(): Task | undefined {
    if (this.#nextEvent < this.#eventsEnd) return () => this.#sendEvents();
    const live = this.#takeLive();
    if (live !== undefined) {
      return async () => {
        try {
          await this.#sendReadings(live);
        } catch (thrown) {
          this.#position.rewind(live);
          throw thrown;
        }
      };
    }
    if (this.#outage.on) {
      // Somebody has to ask whether the sink is back.
      return this.#nextBacklog() ?? this.#nextHealth();
    }
    return this.#nextHealth();
  }

  #nextBacklog(): Task | undefined {
    const range = this.#position.takeBacklog(this.#batch);
    return range === undefined ? undefined : () => this.#sendReadings(range);
  }

  #nextHealth(): Task | undefined {
    const digests = this.#digests.waiting();
    const health = this.#health.waiting();
    if (digests.length + health.length === 0) return undefined;
    return async () => {
      try {
        await this.#write([...digests, ...health].join("\n"), "us");
        this.#digests.sent(digests);
        this.#health.sent(health);
      } catch (thrown) {
        // Nobody's alarm hangs on these lines: they are not kept for a server that does not want them.
        if (!(thrown instanceof SinkRefused)) throw thrown;
        this.#digests.giveUp(digests);
        this.#health.giveUp(health);
        this.#options.log.warn({ words: thrown.message }, "the sink refuses the gateway's own health");
      }
    };
  }

  /** The newest readings; undefined while it is worth waiting for more of them. */
  #takeLive(): Range | undefined {
    const { lag } = this.#position;
    if (lag === 0) return undefined;
    const { clock, options } = this.#options;
    const rest = this.#lastLive + options.linger - clock.now();
    if (lag < this.#batch && rest > 0 && !this.#outage.on) {
      this.#later(rest, this.#express);
      return undefined;
    }
    this.#lastLive = clock.now();
    const taken = this.#position.takeLive(
      this.#batch,
      this.#outage.on ? this.#batch : this.#batch * LIVE_BATCHES,
    );
    if (this.#position.backlog > 0) this.#backlog.notify();
    return taken;
  }

  async #sendReadings(range: Range): Promise<void> {
    try {
      let from = range.from;
      while (from < range.to && !this.#stopped) {
        const rows = this.#options.source.readings(from, range.to);
        const to = Math.min(rows.next, range.to);
        this.#lose(rows.damaged, "the journal cannot read them any more");
        if (rows.length === 0) {
          this.#position.settle(from, to);
          this.#options.cursor.moved();
        } else {
          const body = this.#lines.body(rows);
          const sequences = rows.sequence.subarray(0, rows.length);
          await this.#ship({ body, precision: "us", sequences, from, to }, this.#receipt);
        }
        from = to;
      }
    } finally {
      this.#position.release(range);
    }
  }

  #lose(count: number, why: string): void {
    if (count === 0) return;
    this.#options.cursor.tally({ lost: count });
    this.#options.log.error({ lost: count }, `records lost to this sink: ${why}`);
  }

  async #sendEvents(): Promise<void> {
    const { source, site } = this.#options;
    const from = this.#nextEvent;
    let events: AlarmEvent[];
    try {
      events = source.events(from, this.#eventsEnd, EVENT_BATCH);
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      // The readings behind must not wait for what can never be read.
      this.#lose(this.#eventsEnd - from, thrown.message);
      this.#nextEvent = this.#eventsEnd;
      return;
    }
    const to = events.length < EVENT_BATCH ? this.#eventsEnd : events.at(-1)!.seq + 1;
    if (events.length === 0) {
      this.#nextEvent = to;
      return;
    }
    const body = events.map((event) => eventLine(event, site)).join("\n");
    const sequences = events.map((event) => event.seq);
    await this.#ship({ body, precision: "ns", sequences, from, to }, this.#eventReceipt);
  }

  async #ship(shipment: Shipment, receipt: Receipt): Promise<void> {
    await ship(shipment, (body, precision) => this.#write(body, precision), receipt);
    this.#options.cursor.moved();
  }

  async #write(body: string, precision: TimePrecision): Promise<void> {
    const { sink } = this.#options;
    try {
      await sink.write(body, precision);
    } catch (thrown) {
      if (thrown instanceof SinkRefused) this.#outage.worked();
      // A connection that was kept open and that the server has closed meanwhile is no outage: one attempt on a fresh one.
      if (!(thrown instanceof SinkUnavailable) || !thrown.broken || this.#outage.on || this.#stopped)
        throw thrown;
      await sink.write(body, precision);
    }
    this.#outage.worked();
    if (this.#position.backlog > 0) this.#backlog.notify();
  }
}

function isDamage(thrown: unknown): thrown is HostError {
  return thrown instanceof HostError && thrown.code === "JOURNAL_DAMAGED";
}
