import type { Driver, Undecodable } from "../drivers/driver.ts";
import { CounterRegistry } from "../model/counter.ts";
import { describe, InternalError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import {
  type Clock,
  formatDuration,
  MILLISECOND,
  MINUTE,
  type Micros,
  SECOND,
  type Timer,
} from "../model/time.ts";
import type { SystemRuleId } from "../rules/built-in.ts";
import { Derivations } from "../rules/derivation.ts";
import type { Engine } from "../rules/engine.ts";
import type { Timeliness } from "../rules/timeliness.ts";
import { Alerts } from "./alerts/alerts.ts";
import { eventId } from "./alerts/payload.ts";
import { SelfTestSchedule } from "./alerts/self-test-schedule.ts";
import type { RouteState } from "./alerts/status.ts";
import { type HttpServer, startHttp } from "./api/server.ts";
import { checkpointOf, type RestoredRules, restoreRules } from "./checkpoint.ts";
import type { Configuration } from "./configuration.ts";
import { Intake } from "./intake/intake.ts";
import { IntakeClock } from "./intake/intake-clock.ts";
import { forgotten } from "./intake/recall.ts";
import { forgottenCases } from "./intake/recall-cases.ts";
import { SampleBudget } from "./intake/sample-budget.ts";
import { Journal } from "./journal/journal.ts";
import { PageBuilder } from "./journal/page.ts";
import { seriesOf } from "./journal/series.ts";
import { OutsideReception } from "./outside/reception.ts";
import { Requests } from "./requests.ts";
import { Routes } from "./routes/routes.ts";
import { routeSubject } from "./routes/selection.ts";
import { VERSION } from "./version.ts";
import { Writes } from "./writes.ts";

export interface GatewayOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once the data folder is ours and before any link opens: a second gateway does not get that far. */
  readonly beforeLinks?: () => Promise<void>;
}

/** No gateway of this release has run before. */
const CLOCK_FLOOR: Micros = Date.UTC(2026, 0, 1) * MILLISECOND;
/** A wall clock that lags further behind the journal has been set back. Robots refuse an hour. */
const CLOCK_BEHIND: Micros = 10 * MINUTE;

/** How often the gateway's own health goes to InfluxDB. */
const HEALTH_INTERVAL: Micros = 10 * SECOND;

/**
 * The running gateway: journal, rules, intake, alerts and one driver a link, composed and started in the order in which they
 * depend on each other, stopped in the opposite one.
 */
export class Gateway {
  readonly configuration: Configuration;
  readonly counters: CounterRegistry;
  readonly journal: Journal;
  readonly engine: Engine;
  readonly intake: Intake;
  readonly alerts: Alerts;
  /** What may be written to instruments. */
  readonly writes: Writes;
  /** Ways to people besides the alert topics. */
  readonly routes: Routes;
  /** Where word from outside comes in. */
  readonly outside: OutsideReception;
  /** One driver a link, by link id. */
  readonly drivers: ReadonlyMap<string, Driver>;
  /** When this process took over, on the intake clock. */
  readonly startedAt: Micros;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #intakeClock: IntakeClock;
  readonly #timeliness: Timeliness;
  /** Sinks that have lost records and not yet caught up. */
  readonly #lossy = new Set<string>();
  #http: HttpServer | undefined;
  #checkpointTimer: Timer | undefined;
  #healthTimer: Timer | undefined;
  #selfTests: SelfTestSchedule | undefined;
  #ready = false;

  /**
   * Starts everything. Links that are down, sinks that are away and brokers that do not answer are normal situations.
   * @throws HostError ALREADY_RUNNING, ADDRESS_IN_USE, JOURNAL_UNAVAILABLE; ConfigurationError for what only shows at start.
   */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const { configuration, clock, log } = options;
    const counters = new CounterRegistry();
    const journal = await Journal.open({
      folder: configuration.dataFolder,
      options: configuration.journal,
      sinks: configuration.sinks,
      series: seriesOf(configuration.site),
      stale: configuration.site.channels.map(({ stale }) => stale),
      secret: configuration.secret,
      clock,
      log,
      counters,
    });
    let gateway: Gateway | undefined;
    try {
      gateway = new Gateway(options, { journal, counters, ...(await restoreRules(configuration, journal)) });
      await gateway.#start(options.beforeLinks);
      return gateway;
    } catch (thrown) {
      // What has begun to listen must not go on without the rest.
      await (gateway?.stop() ?? journal.close());
      throw thrown;
    }
  }

  private constructor(
    { configuration, clock, log }: GatewayOptions,
    parts: RestoredRules & { journal: Journal; counters: CounterRegistry },
  ) {
    const { journal, counters, engine, timeliness, repeats } = parts;
    this.configuration = configuration;
    this.counters = counters;
    this.journal = journal;
    this.engine = engine;
    this.#timeliness = timeliness;
    this.#log = log;
    this.#clock = clock;
    this.#intakeClock = new IntakeClock(clock, {
      notBefore: parts.lastReceived + 1,
      onStep: (step) => this.#clockStepped(step),
    });
    this.startedAt = this.#intakeClock.now();
    const quarantined = counters.counter({
      name: "messages_undecodable",
      help: "Publications and frames that no profile could decode; samples of them are kept for a person to look at.",
    });
    const samples = new SampleBudget();
    this.intake = new Intake({
      site: configuration.site,
      engine,
      timeliness,
      derivations: new Derivations(configuration.site),
      journal,
      page: new PageBuilder({ next: journal.recovery.lastSequence + 1, series: journal.series }),
      intakeClock: this.#intakeClock,
      clock,
      counters,
      repeats,
      spacing: configuration.journal.commit,
      bound: configuration.journal.bound,
      publish: (event, committed) => {
        this.alerts.event(event, committed);
        this.routes.event();
      },
      quarantine: (undecodable: Undecodable) => {
        quarantined.add();
        const sample = samples.take(undecodable, this.#intakeClock.now());
        if (sample !== undefined) journal.reader.keepUndecodable(sample);
      },
    });
    parts.connect((event) => this.intake.emitted(event));
    this.outside = new OutsideReception({
      sources: configuration.outside,
      timeZone: configuration.site.timeZone,
      now: () => this.#intakeClock.now(),
      enter: (said) => this.intake.outside(said),
      last: () => this.intake.last,
      whenDurable: (ticket) => this.intake.whenDurable(ticket),
      log,
      counters,
    });
    this.writes = new Writes({
      configuration,
      drivers: () => this.drivers,
      onOutcome: (subject, failed, note) => this.#system("write-failed", failed, { subject, note }),
      log,
      counters,
    });
    const requests = new Requests({ configuration, drivers: () => this.drivers, clock, log, counters });
    this.alerts = new Alerts({
      write: (wish) => this.writes.write(wish),
      request: (wish) => requests.ask(wish),
      configuration,
      clock,
      now: () => this.#intakeClock.now(),
      log,
      counters,
      engine,
      command: (command, record) => this.intake.command(command, record),
      record: (record) => void this.intake.record(record),
      whenDurable: (ticket) => this.intake.whenDurable(ticket),
      events: (query) => journal.reader.events(query),
      cursor: (name) => journal.reader.cursor(name),
      setCursor: (name, seq) => journal.reader.setCursor(name, seq),
      digests: journal.recovery.digests,
      digest: async (date) => {
        const digest = await journal.digest(date);
        journal.reader.digest(digest);
        return digest;
      },
      status: () => ({
        ready: this.#ready,
        uncommitted: journal.inFlight.readings,
        failure: journal.failure?.message,
      }),
      version: VERSION,
      onSubscribers: (count) => this.#system("alert-route-lost", count === 0),
      routes: (point) => this.routes.covering(point),
      routeStates: () => routeStates(this.routes),
    });
    this.routes = new Routes({
      ...this.alerts.spoken,
      routes: configuration.routes,
      clock,
      log,
      counters,
      events: (query) => journal.reader.events(query),
      cursor: (name) => journal.reader.cursor(name),
      setCursor: (name, seq) => journal.reader.setCursor(name, seq),
      last: () => this.alerts.last,
      timeTrusted: () => this.#timeTrusted,
      buses: (uplink) => this.alerts.reachable(uplink),
      onSite: {
        standing: () => [...engine.alarms()],
        channel: (key) => {
          const channel = configuration.site.channels.find((one) => one.key === key);
          return channel === undefined ? undefined : engine.channel(channel.index);
        },
        write: (wish) => this.writes.write(wish),
        record: (done) => void this.intake.record({ ...done, route: "on site", accepted: true }),
      },
      secret: configuration.secret,
      onLost: (route, { lost, note }) =>
        this.#system("alert-route-lost", lost, { subject: routeSubject(route), note }),
      quarantine: (route, { event, words }) => {
        journal.reader.keepUndecodable({
          link: routeSubject(route),
          source: eventId(configuration.site.id, event.seq),
          error: words,
          payload: Buffer.from(JSON.stringify(event)),
        });
      },
    });
    this.drivers = new Map();
  }

  /** How far the intake clock leads the wall clock, µs; negative while it lags. It never goes back, so a clock set back shows here. */
  get clockAhead(): Micros {
    return this.#intakeClock.ahead;
  }

  /** Whether the wall clock can be believed. Without a battery and before NTP it stands in 1970, or where it was last. */
  get #timeTrusted(): boolean {
    return this.#clock.wall() >= CLOCK_FLOOR && this.clockAhead < CLOCK_BEHIND;
  }

  /** Whether everything that belongs to us runs; what belongs to others (links, sinks) is in the counters and alarms. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Where the embedded broker and the HTTP interface listen. */
  get addresses(): { mqtt: string | undefined; http: string | undefined } {
    const broker = [...this.drivers.values()].find(
      (driver) => driver.bus !== undefined && driver.listening !== undefined,
    );
    return { mqtt: broker?.listening, http: this.#http?.address };
  }

  /** The intake clock's present time. */
  now(): Micros {
    return this.#intakeClock.now();
  }

  async #start(beforeLinks?: () => Promise<void>): Promise<void> {
    const { journal, intake, configuration } = this;
    for (const name of journal.recovery.setAside) {
      this.#log.error(
        { file: name },
        "a damaged journal file was set aside; readings in it are lost to history",
      );
    }
    for (const lost of journal.recovery.lost) {
      this.#log.error({ ...lost }, "accepted records are gone with a damaged file");
    }
    const cases = await forgottenCases(
      this.engine,
      { ...journal.recovery, events: (query) => journal.reader.events(query) },
      configuration.cases,
    );
    const alarms = forgotten(this.engine, journal.recovery);
    const recalled =
      alarms === undefined && cases === undefined
        ? undefined
        : {
            ...(alarms ?? { lastSeq: journal.recovery.lastEvent, standing: [] }),
            ...(cases === undefined ? {} : { cases }),
          };
    if (recalled !== undefined) {
      this.#log.error(
        { alarms: recalled.standing.length },
        "damage took what led to alarms that stand; they are taken from the alarm log",
      );
    }
    intake.input({
      kind: "boot",
      at: this.now(),
      boot: journal.recovery.bootId,
      revision: configuration.site.revision,
      seq: journal.recovery.seq,
      occurrence: journal.recovery.occurrence,
      ...(recalled === undefined ? {} : { recalled }),
    });
    journal.onFailure((failure) => this.#journalFailure(failure));
    journal.reader.onLoss(({ sink, records }) => {
      this.#lossy.add(sink);
      this.#system("sink-lost", true, { subject: `sink@${sink}`, note: `${records} records` });
    });
    await this.#createDrivers();
    for (const { feed } of this.drivers.values()) {
      if (feed !== undefined) this.drivers.get(feed.broker)?.feeds?.(feed);
    }
    for (const [id, driver] of this.drivers) {
      if (driver.bus !== undefined) this.alerts.attach(id, driver.bus, { embedded: true });
    }
    await beforeLinks?.();
    for (const driver of this.drivers.values()) await driver.start(intake);
    await this.alerts.start();
    this.routes.start();
    if (configuration.http.enabled) this.#http = await startHttp(this, this.#log);
    intake.start();
    this.#intakeClock.start();
    // The rules have seen what the journal has not: only a state can bring that over a restart.
    intake.onRelieved(() => this.#checkpoint());
    this.#scheduleCheckpoint();
    this.#scheduleHealth();
    this.#scheduleSelfTest();
    this.#ready = true;
  }

  async #createDrivers(): Promise<void> {
    const drivers = this.drivers as Map<string, Driver>;
    for (const link of this.configuration.site.links) {
      const kind = this.configuration.drivers.get(link.type);
      if (kind === undefined)
        throw new InternalError("INTERNAL", `link ${link.id}: no driver for ${link.type}`);
      const { create } = await kind.load();
      drivers.set(
        link.id,
        create({
          link,
          siteId: this.configuration.site.id,
          options: link.options,
          devices: this.configuration.devicesOf(link.index),
          outside: this.outside.topicsOn(link.id),
          clock: this.#clock,
          log: this.#log,
          counters: this.counters,
          secret: this.configuration.secret,
        }),
      );
    }
  }

  #checkpoint(): void {
    this.intake.flush();
    this.#keepState();
  }

  #keepState(): void {
    const { engine } = this;
    const state = checkpointOf(this.configuration.site.revision, { engine, timeliness: this.#timeliness });
    this.journal.checkpoint(state, this.intake.last);
  }

  #scheduleCheckpoint(): void {
    this.#checkpointTimer = this.#clock.after(this.configuration.journal.checkpoint, () => {
      this.#checkpoint();
      this.#scheduleCheckpoint();
    });
  }

  #scheduleHealth(): void {
    this.#healthTimer = this.#clock.after(HEALTH_INTERVAL, () => {
      const fields: Record<string, number> = {};
      for (const { name, total } of this.counters) {
        if (name.labels === undefined) fields[name.name] = total;
      }
      this.#sinksCaughtUp();
      fields.uncommitted = this.journal.inFlight.readings;
      fields.resident_bytes = process.memoryUsage.rss();
      this.journal.reader.gatewayHealth(fields);
      this.#scheduleHealth();
    });
  }

  /** A sink that lost records is over it once it has everything that is left. */
  #sinksCaughtUp(): void {
    for (const { id, backlog, outage } of this.journal.reader.sinks) {
      if (!this.#lossy.has(id) || backlog > 0 || outage !== undefined) continue;
      this.#lossy.delete(id);
      this.#system("sink-lost", false, { subject: `sink@${id}` });
    }
  }

  #scheduleSelfTest(): void {
    const { alerts, site } = this.configuration;
    const { schedule, within } = alerts.selfTest;
    if (schedule === undefined) return;
    this.#selfTests = new SelfTestSchedule(schedule, site, {
      clock: this.#clock,
      due: () => this.intake.input({ kind: "self-test", at: this.now(), within }),
    });
    this.#selfTests.start();
  }

  #clockStepped(step: Micros): void {
    this.#log.warn(
      { step: formatDuration(step) },
      "the wall clock was set ahead; the time between counts as a gap",
    );
    this.intake.input({
      kind: "boot",
      at: this.now(),
      boot: this.journal.recovery.bootId,
      revision: this.configuration.site.revision,
      seq: this.engine.nextSeq,
      occurrence: this.engine.nextOccurrence,
    });
  }

  #journalFailure(failure: Error | undefined): void {
    if (failure !== undefined) {
      this.intake.releaseEvents();
      this.#log.error(
        { err: failure },
        "the journal cannot write: nothing is acknowledged; rules and alerts go on",
      );
    } else {
      this.#log.info({}, "the journal writes again");
    }
    this.#system("journal-failed", failure !== undefined, {
      note: failure === undefined ? "" : describe(failure),
    });
  }

  /** Tells the rules what we observe about ourselves. */
  #system(rule: SystemRuleId, active: boolean, about: { subject?: string; note?: string } = {}): void {
    this.intake.input({ kind: "system", at: this.now(), rule, active, ...about });
  }

  /** Stops in order: no new readings, everything accepted on disk, alerts out, offline said. Bounded by its parts. */
  async stop(): Promise<void> {
    this.#ready = false;
    this.#checkpointTimer?.cancel();
    this.#healthTimer?.cancel();
    this.#selfTests?.stop();
    this.#intakeClock.stop();
    // The broker is a driver too, and alerts go out through it: pollers first, the buses last.
    await this.#http?.stop();
    const buses = [...this.drivers.values()].filter((driver) => driver.bus !== undefined);
    const others = [...this.drivers.values()].filter((driver) => driver.bus === undefined);
    await Promise.allSettled(others.map((driver) => driver.stop()));
    this.intake.flush();
    // An alarm of the last instant goes out by the buses that are still there.
    await this.intake.settled();
    await Promise.all([this.alerts.stop(), this.routes.stop()]);
    await Promise.allSettled(buses.map((driver) => driver.stop()));
    this.intake.stop();
    this.#keepState();
    await this.journal.close();
  }
}

function routeStates(routes: Routes): Record<string, RouteState> {
  return Object.fromEntries(routes.status.map(({ id, state, backlog }) => [id, { state, backlog }]));
}
