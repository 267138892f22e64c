import { setImmediate as turn } from "node:timers/promises";
import { DATA_TYPE } from "../../../drivers/sparkplug/data-type.ts";
import { REBIRTH } from "../../../drivers/sparkplug/node-control.ts";
import { asTocsinError } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../../model/time.ts";
import type { SinkCursor } from "../cursor.ts";
import { Outage } from "../outage.ts";
import { Position } from "../position.ts";
import type { Range } from "../ranges.ts";
import { Signal } from "../signal.ts";
import { SinkUnavailable } from "../sink.ts";
import type { DeliverySource, ReadingRows } from "../source.ts";
import type { SinkStatus } from "../status.ts";
import { EdgeLayout } from "./edge-layout.ts";
import type { EdgeChannel } from "./edge-metric.ts";
import { EdgeSession } from "./edge-session.ts";
import type { SparkplugSinkOptions } from "./options.ts";
import { Unconfirmed } from "./unconfirmed.ts";

/** Live data jumps to the newest records when it is this many batches behind. */
const LIVE_BATCHES = 8;
/** Newest records looked through for the values of a birth, and how many in one step. */
const RECALLED = 200_000;
const RECALL_STEP = 5_000;
/** Births sent before the broker is asked whether it has them. */
const BIRTHS_AT_ONCE = 64;
/** How often channels are looked at that may have fallen silent. */
const SILENCE_CHECK: Micros = SECOND;
/** Hosts that keep asking get no births more often than this; in between one request stands for all. */
const REBIRTH_SPACING: Micros = SECOND;
/** Pause after an error of the journal or of ours, which a repetition will hardly mend. */
const PAUSE_AFTER_ERROR: Micros = 5 * SECOND;

export interface EdgeDeliveryOptions {
  readonly id: string;
  /** The site's id: the node's when none is given. */
  readonly site: string;
  readonly options: SparkplugSinkOptions;
  readonly password?: string;
  readonly channels: readonly EdgeChannel[];
  readonly source: DeliverySource;
  readonly cursor: SinkCursor;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Brings the journal to Sparkplug hosts. One lane, because a node's messages are numbered: births with the present values first,
 * then what is new, and beside it what has waited, as historical. A range counts as delivered when the broker has it; with a primary
 * host only when that host was still there some time later.
 */
export class EdgeDelivery {
  readonly id: string;
  readonly #o: EdgeDeliveryOptions;
  readonly #layout: EdgeLayout;
  readonly #session: EdgeSession;
  readonly #position: Position;
  readonly #unconfirmed: Unconfirmed;
  readonly #outage: Outage;
  readonly #signal = new Signal();
  readonly #counts = { births: 0, rebirths: 0, historical: 0, stale: 0, unmapped: 0, refusedCommands: 0 };
  #nextEvent: number;
  #failures = 0;
  #born = false;
  /** Counts sessions: what was begun in an earlier one is over. */
  #generation = 0;
  /** Everything below this was looked at for the values of births. */
  #recalled = 0;
  #birthDue = false;
  #lastBirth: Micros = Number.NEGATIVE_INFINITY;
  #lastLive: Micros = Number.NEGATIVE_INFINITY;
  /** What has waited has its turn. */
  #waitedFirst = false;
  /** Records below this sequence waited for the broker or the host. */
  #waited = 0;
  #silenceDue = false;
  #wake: { due: Micros; timer: Timer } | undefined;
  #silence: Timer | undefined;
  #stopped = false;
  #lane: Promise<void> = Promise.resolve();

  /** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
  constructor(o: EdgeDeliveryOptions) {
    this.#o = o;
    this.id = o.id;
    const { options, cursor, clock, log, source } = o;
    const node = { group: options.group, node: options.node ?? o.site };
    this.#layout = new EdgeLayout(o.channels, {
      behind: options.behind,
      style: { uncertain: options.uncertain },
      tags: (series) => source.tags(series),
    });
    this.#position = new Position(cursor.position);
    this.#nextEvent = cursor.nextEvent;
    this.#unconfirmed = new Unconfirmed(options.primaryHost === undefined ? 0 : options.overlap);
    const { first, greatest } = options.backoff;
    this.#outage = new Outage({ clock, log, retry: { first, longest: greatest }, random: Math.random });
    this.#session = new EdgeSession({
      name: `sink:${o.id}`,
      clientId: options.clientId ?? `tocsin-${o.site}-${o.id}`,
      node,
      options,
      ...(o.password === undefined ? {} : { password: o.password }),
      clock,
      log,
      events: {
        changed: (why) => this.#changed(why),
        rebirth: () => this.#asked(),
        refused: () => {
          this.#counts.refusedCommands++;
        },
      },
    });
    cursor.keepFrom(() => ({ position: this.#position.keep(), nextEvent: this.#nextEvent }));
  }

  /** Begins to connect and to deliver; returns at once. */
  start(): void {
    this.#session.start();
    this.#watchSilence();
    this.#lane = this.#run();
  }

  /** The journal now holds everything below `end`. Alarm events are no metrics: they go by the alert topics. */
  grown(end: number, eventsEnd: number): void {
    this.#position.grow(end);
    this.#nextEvent = Math.max(this.#nextEvent, eventsEnd);
    this.#signal.notify();
  }

  /** The journal has let [from, to) go, which held so many readings. Returns how many were not delivered. */
  trimmed(from: number, to: number, readings: number): number {
    const lost = Math.min(this.#position.drop(from, to), readings);
    this.#lose(lost, "the journal's bounds were reached first");
    return lost;
  }

  /** The gateway's own health is no instrument's: it is not published. */
  health(_line: string): void {}

  /** Nor are daily digests. */
  digest(_line: string): void {}

  get status(): SinkStatus {
    const { delivered, quarantined, lost } = this.#o.cursor.tallied;
    const outage = this.#outage.view;
    return {
      id: this.id,
      type: this.#o.options.type,
      ...(outage === undefined ? {} : { outage }),
      delivered,
      quarantined,
      lost,
      failures: this.#failures,
      healthDropped: 0,
      pending: this.#position.pending,
      backlog: this.#position.backlog,
      events: 0,
      edge: { ...this.#counts },
    };
  }

  /** Says that the node dies, and ends; what was not confirmed stays undelivered. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.timer.cancel();
    this.#silence?.cancel();
    this.#signal.notify();
    await this.#session.stop();
    await this.#lane;
    // What was sent late in this lane may have set it again.
    this.#wake?.timer.cancel();
  }

  #changed(why: SinkUnavailable | undefined): void {
    this.#generation++;
    this.#born = false;
    if (why === undefined) {
      this.#signal.notify();
      return;
    }
    this.#failures++;
    this.#outage.failed(why);
    // Nobody knows whether it was heard: it waits again, as historical.
    for (const { range } of this.#unconfirmed.takeAll()) this.#position.release(range);
    this.#signal.notify();
  }

  #asked(): void {
    this.#counts.rebirths++;
    this.#birthDue = true;
    this.#signal.notify();
  }

  async #run(): Promise<void> {
    const { clock } = this.#o;
    let resume = Number.NEGATIVE_INFINITY;
    while (!this.#stopped) {
      const wait = resume - clock.now();
      if (wait > 0) this.#later(wait);
      try {
        const task = wait <= 0 && this.#session.online ? this.#next() : undefined;
        if (task === undefined) await this.#signal.wait();
        else await task();
      } catch (thrown) {
        if (this.#stopped) return;
        if (thrown instanceof SinkUnavailable) continue;
        const error = asTocsinError(thrown);
        this.#o.log.error({ err: error, code: error.code }, `delivery pauses: ${error.message}`);
        resume = clock.now() + PAUSE_AFTER_ERROR;
      }
    }
  }

  #next(): (() => Promise<void>) | undefined {
    this.#confirm();
    if (!this.#born) return () => this.#begin();
    if (this.#birthDue) {
      const wait = this.#lastBirth + REBIRTH_SPACING - this.#o.clock.now();
      if (wait <= 0) return () => this.#bear();
      this.#later(wait);
    }
    if (this.#silenceDue) return () => this.#saySilent();
    const waited = this.#waitedFirst ? this.#position.takeBacklog(this.#o.options.batch) : undefined;
    const live = waited === undefined ? this.#takeLive() : undefined;
    this.#waitedFirst = live !== undefined;
    const range = waited ?? live ?? this.#position.takeBacklog(this.#o.options.batch);
    return range && (() => this.#send(range));
  }

  /** The newest readings; undefined while it is worth waiting for more of them. */
  #takeLive(): Range | undefined {
    const { lag } = this.#position;
    if (lag === 0) return undefined;
    const { batch, linger } = this.#o.options;
    const now = this.#o.clock.now();
    const rest = this.#lastLive + linger - now;
    if (lag < batch && rest > 0) {
      this.#later(rest);
      return undefined;
    }
    this.#lastLive = now;
    return this.#position.takeLive(batch, batch * LIVE_BATCHES);
  }

  /** A new session: whatever waits has waited, and goes as historical behind the births. */
  async #begin(): Promise<void> {
    const generation = this.#generation;
    await this.#recall();
    if (generation !== this.#generation) return;
    this.#position.skip();
    this.#waited = this.#position.end;
    await this.#bear();
    if (generation !== this.#generation) return;
    this.#born = true;
    this.#outage.worked();
  }

  /** Looks through the newest records for the last value of every channel. Ends with everything that there is. */
  async #recall(): Promise<void> {
    const { source, clock } = this.#o;
    let from = Math.max(this.#recalled, this.#position.end - RECALLED);
    while (from < this.#position.end) {
      const rows = source.readings(from, Math.min(from + RECALL_STEP, this.#position.end));
      this.#layout.recall(rows, { now: clock.now(), wall: clock.wall() });
      from = rows.next;
      this.#recalled = from;
      if (from < this.#position.end) await turn();
    }
  }

  async #bear(): Promise<void> {
    const { clock } = this.#o;
    this.#birthDue = false;
    const timestamp = Math.floor(clock.wall() / MILLISECOND);
    // Their births say it.
    this.#layout.silent(clock.now(), timestamp);
    this.#session.bear([{ name: REBIRTH, timestamp, dataType: DATA_TYPE.boolean, value: false }]);
    this.#counts.births++;
    for (const [index, { id, metrics }] of this.#layout.devices.entries()) {
      this.#session.publish(
        "DBIRTH",
        id,
        metrics.map((metric) => metric.birth(timestamp)),
      );
      this.#counts.births++;
      if ((index + 1) % BIRTHS_AT_ONCE === 0) await this.#session.arrived();
    }
    await this.#session.arrived();
    // From their end on: births that take long on a slow line leave room for data between them.
    this.#lastBirth = clock.now();
  }

  async #saySilent(): Promise<void> {
    this.#silenceDue = false;
    const { clock } = this.#o;
    const silent = this.#layout.silent(clock.now(), Math.floor(clock.wall() / MILLISECOND));
    for (const { device, metrics } of silent) {
      this.#counts.stale += metrics.length;
      this.#session.publish("DDATA", device, metrics);
    }
    if (silent.length > 0) await this.#session.arrived();
  }

  async #send(range: Range): Promise<void> {
    const { source, clock } = this.#o;
    const generation = this.#generation;
    let from = range.from;
    try {
      while (from < range.to && !this.#stopped) {
        const rows = source.readings(from, range.to);
        const to = Math.min(rows.next, range.to);
        const sent = this.#publish(rows, from);
        if (sent > 0) await this.#session.arrived();
        // Nothing to wait for, and other deliveries are of this thread, too.
        else await turn();
        if (generation !== this.#generation) return;
        this.#lose(rows.damaged, "the journal cannot read them any more");
        this.#unconfirmed.add({ range: { from, to }, readings: sent, at: clock.now() });
        from = to;
      }
    } finally {
      // What was sent stays taken until it is confirmed.
      if (from < range.to) this.#position.release({ from, to: range.to });
      if (generation !== this.#generation) this.#position.release(range);
    }
    this.#confirm();
  }

  /** Readings from a sequence on. Returns how many went out. */
  #publish(rows: ReadingRows, from: number): number {
    const composed = this.#layout.compose(rows, { waited: this.#waited, now: this.#o.clock.now() });
    for (const { device, metrics } of composed.messages) this.#session.publish("DDATA", device, metrics);
    // What live data jumped over has not been looked at.
    if (from <= this.#recalled) this.#recalled = Math.max(this.#recalled, rows.next);
    this.#counts.historical += composed.historical;
    this.#counts.unmapped += composed.unmapped;
    return composed.metrics;
  }

  /** What was sent long enough ago counts as delivered. */
  #confirm(): void {
    const now = this.#o.clock.now();
    let moved = false;
    for (const { range, readings } of this.#unconfirmed.takeDue(now)) {
      this.#position.settle(range.from, range.to);
      this.#position.release(range);
      this.#o.cursor.tally({ delivered: readings });
      moved = true;
    }
    if (moved) this.#o.cursor.moved();
    const due = this.#unconfirmed.due;
    if (due !== undefined) this.#later(due - now);
  }

  #lose(count: number, why: string): void {
    if (count === 0) return;
    this.#o.cursor.tally({ lost: count });
    this.#o.log.error({ lost: count }, `records lost to this sink: ${why}`);
  }

  #watchSilence(): void {
    this.#silence = this.#o.clock.after(SILENCE_CHECK, () => {
      this.#silenceDue = true;
      this.#signal.notify();
      this.#watchSilence();
    });
  }

  /** Wakes the lane after a while, or earlier. */
  #later(wait: Micros): void {
    if (this.#stopped) return;
    const { clock } = this.#o;
    const due = clock.now() + Math.max(0, wait);
    if (this.#wake !== undefined && this.#wake.due <= due) return;
    this.#wake?.timer.cancel();
    const timer = clock.after(Math.max(0, wait), () => {
      this.#wake = undefined;
      this.#signal.notify();
    });
    this.#wake = { due, timer };
  }
}
