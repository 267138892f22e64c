import type { Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Point } from "../../model/site.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { Outbox, type OutboxCounts, type OutboxOptions } from "../alerts/outbox.ts";
import { type HealthView, RouteHealth } from "./health.ts";
import { LANES, laneCursor, URGENT } from "./lanes.ts";
import { RouteLine } from "./line.ts";
import type { RouteConfiguration } from "./options.ts";
import { type OnSite, type Route, type RouteContext, type RouteKind, RouteUnavailable } from "./route.ts";
import { isSilenced, Selection } from "./selection.ts";

/** Events of a lane that wait in memory where they may be merged: as many as one digest can tell. */
const WINDOW_MERGED = 1_000;
/** The same where every event goes by itself. */
const WINDOW = 64;
/** What can still go out when the gateway stops gets this long; the outbox keeps the rest. */
const FLUSH_BOUND: Micros = SECOND;

export interface ActiveRouteOptions
  extends Pick<OutboxOptions, "recent" | "events" | "cursor" | "setCursor" | "last" | "clock" | "log">,
    Pick<RouteContext, "payloads" | "places" | "timeTrusted" | "buses" | "secret"> {
  readonly route: RouteConfiguration;
  readonly kind: RouteKind;
  readonly counters: Counters;
  readonly random: () => number;
  /** The site around, for routes that work on it; its alarms of any selection. */
  readonly onSite: OnSite;
  /** The route is lost for so long that people must know, or works again. */
  readonly onLost: (lost: boolean, note: string) => void;
  /** Keeps an event that the peer refused, with its words. */
  readonly quarantine: (event: AlarmEvent, words: string) => void;
}

/** How a route is doing. Plain data. */
export interface RouteStatus extends HealthView {
  readonly id: string;
  readonly type: string;
  /** Messages in memory that wait or are under way. */
  readonly waiting: number;
  /** Event numbers since the oldest one that is not delivered. */
  readonly backlog: number;
  /** Events delivered since the start. */
  readonly delivered: number;
  /** Events that the peer refused for good, since the start. */
  readonly refused: number;
}

/** One route of the site at work: its lanes, each with a durable cursor, and the line in which they meet. */
export class ActiveRoute {
  readonly id: string;
  readonly #o: ActiveRouteOptions;
  readonly #selection: Selection;
  readonly #health: RouteHealth;
  readonly #counts: OutboxCounts;
  #line: RouteLine | undefined;
  #lanes: Outbox[] = [];
  #nudging = false;
  #spent: number | undefined;
  #savingSpent = false;
  #stopped = false;

  constructor(options: ActiveRouteOptions) {
    this.#o = options;
    const { route, places, clock, onLost } = options;
    this.id = route.id;
    this.#selection = new Selection(route.id, { options: route.options.select, places });
    this.#health = new RouteHealth({ id: route.id, lostAfter: route.options.lostAfter, clock, onLost });
    this.#counts = this.#laneCounts();
  }

  /**
   * Makes the route and begins to deliver where it had stopped.
   * @throws ConfigurationError where a secret or a file is missing; an error of the disk.
   */
  async start(): Promise<void> {
    try {
      const { create } = await this.#o.kind.load();
      const began = await this.#begin();
      const kept = await this.#o.cursor(this.#spentCursor);
      if (this.#stopped) return;
      const route = create(this.#context(began));
      const line = this.#makeLine(route);
      this.#line = line;
      if (kept !== undefined && kept > 0) line.restore(kept);
      this.#lanes = LANES.map((lane) => this.#makeLane(lane, { route, line }));
      await Promise.all(this.#lanes.map((lane) => lane.open()));
      for (const lane of this.#lanes) lane.connected(true);
    } catch (thrown) {
      await this.#end(0);
      this.#health.failed(describe(thrown));
      throw thrown;
    }
  }

  /** Something has happened. Looked at after what runs now. */
  event(): void {
    if (this.#nudging) return;
    this.#nudging = true;
    setImmediate(() => {
      this.#nudging = false;
      for (const lane of this.#lanes) lane.nudge();
    });
  }

  /** Whether a red danger at a point would reach somebody this way, as far as one knows. */
  covers(point: Point): boolean {
    return this.#health.working && this.#selection.covers(point);
  }

  get status(): RouteStatus {
    return {
      id: this.id,
      type: this.#o.route.options.type,
      ...this.#health.view,
      waiting: this.#line?.waiting ?? 0,
      backlog: Math.max(0, ...this.#lanes.map(({ backlog }) => backlog)),
      delivered: this.#line?.delivered ?? 0,
      refused: this.#line?.refused ?? 0,
    };
  }

  /** Delivers what it can within a bound. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#health.stop();
    await this.#end(this.#health.working ? FLUSH_BOUND : 0);
  }

  /** Sends a trial message past the lanes. @throws RouteUnavailable, RouteRefused */
  async attempt(time: Micros): Promise<void> {
    if (this.#line === undefined) throw new RouteUnavailable(`the route ${this.id} has not started`);
    await this.#line.attempt(time);
  }

  async #end(bound: Micros): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.close(bound)));
    this.#line?.close();
    this.#lanes = [];
  }

  /** First event number that is this route's; kept, because what was before it can be referred to by nothing. */
  async #begin(): Promise<number> {
    const name = `route:${this.id}:began`;
    const kept = await this.#o.cursor(name);
    if (kept !== undefined && kept > 0) return kept;
    const began = this.#o.last() + 1;
    await this.#o.setCursor(name, began);
    return began;
  }

  get #spentCursor(): string {
    return `route:${this.id}:spent`;
  }

  #context(began: number): RouteContext {
    const { route, payloads, places, clock, log, counters, timeTrusted, events, buses, secret } = this.#o;
    const { onSite } = this.#o;
    return {
      id: route.id,
      options: route.options,
      payloads,
      places,
      clock,
      log,
      counters,
      timeTrusted,
      events,
      began,
      selected: (event) => this.#selection.accepts(event),
      buses,
      onSite: {
        ...onSite,
        standing: () => onSite.standing().filter((alarm) => this.#selection.includes(alarm)),
      },
      condition: (problem) => {
        // What was refused by the network is not mended by a modem that answers.
        if (problem === undefined) {
          if (this.#line?.outage === undefined) this.#health.fit();
        } else this.#health.failed(problem);
      },
      secret,
    };
  }

  #makeLine(route: Route): RouteLine {
    const { clock, log, counters, random, quarantine } = this.#o;
    return new RouteLine({
      id: this.id,
      route,
      options: this.#o.route.options,
      clock,
      log: named(log, this.id),
      counters,
      random,
      onDelivered: () => this.#health.worked(),
      onFailed: (error) => this.#health.failed(error.message),
      onRefused: (events, words) => {
        for (const event of events) quarantine(event, words);
        this.#health.refused(`${events.length}: ${words}`);
      },
      onSpent: (kept) => this.#keepSpent(kept),
    });
  }

  #makeLane(lane: (typeof LANES)[number], { route, line }: { route: Route; line: RouteLine }): Outbox {
    const { recent, events, cursor, setCursor, last, clock, log } = this.#o;
    return new Outbox({
      name: laneCursor(this.id, lane),
      recent,
      events,
      cursor,
      setCursor,
      last,
      clock,
      log,
      wants: (event) => event.highest === lane && this.#wants(event, route),
      window: route.digest === undefined ? WINDOW : WINDOW_MERGED,
      // All lanes read the same log: what is missing there is missing once.
      counts: lane === URGENT ? this.#counts : { ...this.#counts, skipped: UNCOUNTED },
      send: (event, sending) => line.deliver(event, sending),
    });
  }

  #wants(event: AlarmEvent, route: Route): boolean {
    if (!this.#selection.accepts(event) || route.wants?.(event) === false) return false;
    return !isSilenced(event) || route.ends?.(event) === true;
  }

  #laneCounts(): OutboxCounts {
    const { counters, route } = this.#o;
    const labels = { route: route.id };
    return {
      // The line counts what was delivered and what failed.
      delivered: UNCOUNTED,
      failures: UNCOUNTED,
      repeated: UNCOUNTED,
      skipped: counters.counter({
        name: "route_events_skipped",
        help: "Event numbers that a route never got: gone from the alarm log, or the log could not be read.",
        labels,
      }),
    };
  }

  /** One write at a time, always the newest. */
  #keepSpent(kept: number): void {
    this.#spent = kept;
    if (this.#savingSpent) return;
    this.#savingSpent = true;
    void this.#saveSpent();
  }

  async #saveSpent(): Promise<void> {
    while (this.#spent !== undefined) {
      const kept = this.#spent;
      this.#spent = undefined;
      try {
        await this.#o.setCursor(this.#spentCursor, kept);
      } catch (thrown) {
        this.#o.log.warn(
          { route: this.id, reason: describe(thrown) },
          "what a route has used of its peer's limit could not be kept; after a restart it may be blocked",
        );
      }
    }
    this.#savingSpent = false;
  }
}

const UNCOUNTED = { add() {}, total: 0 };

/** Says in every line which route it is about. */
function named(log: Log, route: string): Log {
  return {
    debug: (fields, message) => log.debug({ route, ...fields }, message),
    info: (fields, message) => log.info({ route, ...fields }, message),
    warn: (fields, message) => log.warn({ route, ...fields }, message),
    error: (fields, message) => log.error({ route, ...fields }, message),
  };
}
