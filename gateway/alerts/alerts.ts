import type { MessageBus, Sender, Ticket } from "../../drivers/driver.ts";
import type { Counter, Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Point } from "../../model/site.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { CaseRecord } from "../../rules/cases/case.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Configuration } from "../configuration.ts";
import type { Digest } from "../journal/chain.ts";
import type { Requested, RequestWish } from "../requests.ts";
import type { WriteWish, Written } from "../writes.ts";
import { AttachedBuses } from "./attached-buses.ts";
import { type CaseMessage, CaseMessages } from "./case-message.ts";
import type { UnstampedRecord } from "./command-ledger.ts";
import type { ResultMessage } from "./command-schemas.ts";
import { type AskedCommand, type CarryOut, Commands } from "./commands.ts";
import { DailyDigests } from "./daily-digests.ts";
import { LatestReadings } from "./latest-readings.ts";
import { Payloads, type Sending } from "./payload.ts";
import { Places } from "./places.ts";
import { PointStates } from "./point-states.ts";
import { type PresentState, presentOf, touchesPresent } from "./present.ts";
import { RecentEvents } from "./recent-events.ts";
import { resend } from "./resend.ts";
import { CLEARED, RetainedAlarms } from "./retained-alarms.ts";
import type { Retained } from "./retained-mirror.ts";
import { type GatewayStatus, type RouteState, Status } from "./status.ts";
import { Subscribers } from "./subscribers.ts";
import {
  alarmTopic,
  caseOf,
  caseTopic,
  dateOf,
  escalationTopic,
  eventTopic,
  pointTopic,
  type TopicRoot,
} from "./topics.ts";
import { type Composed, type ConnectUplink, Uplink } from "./uplink.ts";
import { mqttUplinks } from "./uplink-connection.ts";

/** Events kept in memory for uplinks that are a moment behind; the alarm log has the rest. */
const RECENT_BOUND = 4_096;
/** Events that may come before `start`: those of the boot. */
const EARLY_BOUND = 10_000;
/** A slice of the points is looked at so often. */
const SLICE_EVERY: Micros = SECOND;
/** The second heartbeat comes soon: the first is said before the gateway is ready. */
const FIRST_BEAT: Micros = SECOND;
/** An uplink that could not be set up (a file or secret is missing, the log cannot be read) is tried again after this. */
const UPLINK_RETRY: Micros = 30 * SECOND;
/** The last words get this long to reach the brokers of this process. */
const FAREWELL_BOUND: Micros = SECOND / 4;
/** On an open loopback listener nobody is authenticated. */
const OPEN_USER = "local";

export interface AlertsOptions {
  readonly configuration: Pick<Configuration, "site" | "rules" | "alerts" | "uplinks" | "secret" | "folder">;
  readonly clock: Clock;
  /** The intake clock. */
  readonly now: () => Micros;
  readonly log: Log;
  readonly counters: Counters;
  /** Alarms and channels as they are now. */
  readonly engine: PresentState;
  readonly command: CarryOut;
  /** Writes down a command that the rules never saw. */
  readonly record: (record: UnstampedRecord) => void;
  readonly whenDurable: (ticket: Ticket) => Promise<void>;
  /** The alarm log: numbers in [from, to), ascending. */
  readonly events: (query: { from: number; to: number; limit: number }) => Promise<AlarmEvent[]>;
  /** Durable cursors of the outboxes; 0 when never set. */
  readonly cursor: (name: string) => Promise<number>;
  readonly setCursor: (name: string, next: number) => Promise<void>;
  /** Daily digests of the alarm log, oldest first. */
  readonly digests: readonly Digest[];
  /** Writes the digest of a day that has ended down, durably, and sends it to the sinks. @throws HostError JOURNAL_UNAVAILABLE */
  readonly digest: (date: string) => Promise<Digest>;
  readonly status: () => GatewayStatus;
  /** Writes to an instrument; without it nothing can be written. */
  readonly write?: (wish: WriteWish) => Promise<Written>;
  /** Asks an instrument; without it none can be asked. */
  readonly request?: (wish: RequestWish) => Promise<Requested>;
  /** Of the gateway's software. */
  readonly version: string;
  /** Nobody listens to the alert topics (0), or somebody does; told at the start and when it changes. */
  readonly onSubscribers?: (count: number) => void;
  /** Routes to people that would take a red danger at a point. */
  readonly routes?: (point: Point) => number;
  /** How routes are doing, for the heartbeat. */
  readonly routeStates?: () => Readonly<Record<string, RouteState>>;
  /** How uplinks are connected; over MQTT unless told otherwise. */
  readonly connect?: ConnectUplink;
}

/**
 * Tells people: events, retained states, points, status and command results, on the brokers attached and on the uplinks.
 * `event` neither blocks nor throws, whatever a broker does.
 */
export class Alerts {
  readonly #o: AlertsOptions;
  readonly #places: Places;
  readonly #payloads: Payloads;
  readonly #cases: CaseMessages;
  readonly #alarms: RetainedAlarms;
  readonly #points: PointStates;
  readonly #status: Status;
  readonly #commands: Commands;
  readonly #digests: DailyDigests;
  readonly #recent = new RecentEvents(RECENT_BOUND);
  readonly #retained: Retained;
  readonly #buses: AttachedBuses;
  readonly #uplinks: Uplink[] = [];
  readonly #subscribers: Subscribers;
  readonly #readings: LatestReadings | undefined;
  readonly #early: { event: AlarmEvent; committed: boolean }[] = [];
  readonly #offs = new Set<() => void>();
  readonly #published: Counter;
  readonly #uncommitted: Counter;
  readonly #broken: Counter;
  readonly #missed: Counter;
  #heartbeat: Timer | undefined;
  #slices: Timer | undefined;
  #slice = 0;
  /** Points that are due, with the fraction that is left from the seconds before. */
  #due = 0;
  #phase: "new" | "running" | "stopped" = "new";

  constructor(options: AlertsOptions) {
    this.#o = options;
    const { configuration, clock, now, log, counters, engine } = options;
    const { site, rules, alerts, uplinks } = configuration;
    this.#places = new Places(site);
    this.#payloads = new Payloads({
      places: this.#places,
      rules,
      languages: alerts.languages,
      onBroken: (thrown) => this.#wordless(thrown),
    });
    this.#cases = new CaseMessages({ places: this.#places, payloads: this.#payloads, rules });
    this.#alarms = new RetainedAlarms(this.#payloads);
    this.#points = new PointStates({ places: this.#places, payloads: this.#payloads, engine, now });
    this.#retained = {
      names: () => this.#retainedNames(),
      payload: (name) => this.#retainedPayload(name),
    };
    this.#published = counters.counter({ name: "alarm_events", help: "Alarm events published." });
    this.#uncommitted = counters.counter({
      name: "alarm_events_uncommitted",
      help: "Alarm events published before they were on disk.",
    });
    this.#broken = counters.counter({
      name: "alarm_messages_broken",
      help: "Alarm messages that could not be put into words and went out bare: a fault of ours.",
    });
    this.#missed = counters.counter({
      name: "alarm_events_missed",
      help: "Alarm events before the start beyond a bound: only in the alarm log, for uplinks and resend.",
    });
    this.#subscribers = new Subscribers({
      site,
      clock,
      buses: () => this.#buses,
      uplinks: () => this.#uplinks.filter(({ connected }) => connected).length,
      after: alerts.noSubscriber.after,
      ...(options.routes === undefined ? {} : { routes: options.routes }),
      onSubscribers: (count) => {
        if (alerts.noSubscriber.alarm) options.onSubscribers?.(count);
      },
    });
    this.#status = new Status({
      site,
      payloads: this.#payloads,
      version: options.version,
      heartbeat: alerts.heartbeat,
      started: now(),
      now,
      gateway: options.status,
      lastSeq: () => this.#last(),
      alarms: () => this.#alarms.size,
      selfTest: () => engine.selfTest,
      outside: () => engine.outside?.() ?? [],
      subscribers: () => this.#subscribers.count,
      routes: () => options.routeStates?.() ?? {},
      uplinks: () => Object.fromEntries(this.#uplinks.map(({ id, backlog }) => [id, backlog])),
    });
    this.#buses = new AttachedBuses({
      site: site.id,
      retained: this.#retained,
      status: (reason) => this.#status.payload(reason),
      clock,
      log,
      counters,
    });
    this.#commands = new Commands({
      site: site.id,
      alarms: () => engine.alarms(),
      selfTestWithin: alerts.selfTest.within,
      command: options.command,
      record: options.record,
      ...(options.write === undefined ? {} : { write: options.write }),
      ...(options.request === undefined ? {} : { request: options.request }),
      whenDurable: options.whenDurable,
      clock,
      text: (text) => this.#payloads.text(text),
      log,
      counters,
    });
    this.#digests = new DailyDigests({
      site,
      clock,
      log,
      earlier: options.digests,
      make: options.digest,
      tell: (_, name) => this.#changed(name),
    });
    const connect = options.connect ?? mqttUplinks({ configuration, clock, log });
    if (alerts.readings) {
      this.#readings = new LatestReadings({
        site,
        payloads: this.#payloads,
        engine,
        clock,
        every: alerts.readingsEvery,
        publish: (name, payload) => this.#buses.publish(name, { payload, qos: 0, retain: true }),
      });
    }
    for (const { id, options: settings } of uplinks) {
      this.#uplinks.push(
        new Uplink({
          id,
          settings,
          site: site.id,
          retained: this.#retained,
          connect,
          recent: this.#recent,
          events: options.events,
          cursor: options.cursor,
          setCursor: options.setCursor,
          last: () => this.#last(),
          clock,
          log,
          counters,
          compose: (event, sending) => this.#compose(event, sending),
          status: (reason) => this.#status.payload(reason),
        }),
      );
    }
  }

  /** Adds a broker of this process, on which alerts are published and commands are taken; before `start`. */
  attach(name: string, bus: MessageBus, _: { embedded: boolean }): void {
    this.#buses.add(name, bus);
  }

  /** Publishes the present state of everything, and begins with heartbeat, commands and uplinks. */
  start(): Promise<void> {
    const { alerts } = this.#o.configuration;
    const present = Array.from(this.#o.engine.alarms(), presentOf);
    this.#alarms.load(present);
    this.#points.load(present);
    this.#phase = "running";
    this.#buses.start();
    for (const { name, bus, root } of this.#buses) {
      this.#commands.listen({
        name,
        bus,
        root,
        user: ({ user }: Sender) => user ?? OPEN_USER,
        resend: (from, to) => this.#resend(bus, root, { from, to }),
      });
    }
    for (const { event, committed } of this.#early.splice(0)) this.event(event, committed);
    // Not awaited: an uplink first asks the disk how far it had come, and the alarm lane waits for neither.
    for (const uplink of this.#uplinks) void this.#startUplink(uplink);
    this.#beat(Math.min(FIRST_BEAT, alerts.heartbeat));
    this.#renewPoints();
    this.#digests.start();
    this.#subscribers.start();
    this.#readings?.start();
    return Promise.resolve();
  }

  /** What is said of events and places, and the last events: for routes to people. */
  get spoken(): { readonly payloads: Payloads; readonly places: Places; readonly recent: RecentEvents } {
    return { payloads: this.#payloads, places: this.#places, recent: this.#recent };
  }

  /** Brokers to publish on: those of this process, or one uplink. */
  reachable(uplink?: string): readonly { readonly bus: MessageBus; readonly root: TopicRoot }[] {
    if (uplink === undefined) return [...this.#buses];
    return this.#uplinks.flatMap(({ id, bus, root }) =>
      id === uplink && bus !== undefined ? [{ bus, root }] : [],
    );
  }

  /** Highest event number so far. */
  get last(): number {
    return this.#last();
  }

  /** An event is on disk, or has waited for that long enough. Never blocks, never throws. */
  event(event: AlarmEvent, committed: boolean): void {
    if (this.#phase === "stopped") return;
    if (this.#phase === "new") {
      // Events of the boot: brokers are not open yet.
      if (this.#early.length < EARLY_BOUND) this.#early.push({ event, committed });
      else this.#missed.add();
      return;
    }
    try {
      this.#tell(event, committed);
    } catch (thrown) {
      this.#wordless(thrown);
    }
  }

  /** Takes a command that came over HTTP. */
  async ask(command: AskedCommand): Promise<ResultMessage> {
    return await this.#commands.ask(command);
  }

  /** Open cases, oldest first, and the last that were closed, newest first. */
  cases(): { open: CaseMessage[]; closed: CaseMessage[] } {
    const { cases } = this.#o.engine;
    const message = (one: Readonly<CaseRecord>) => this.#cases.message(one);
    return {
      open: Array.from(cases?.open() ?? [], message),
      closed: (cases?.closed() ?? []).toReversed().map(message),
    };
  }

  /** Says offline and lets the uplinks deliver what they can, within a bound. */
  async stop(): Promise<void> {
    if (this.#phase === "stopped") return;
    const ran = this.#phase === "running";
    this.#phase = "stopped";
    this.#heartbeat?.cancel();
    this.#slices?.cancel();
    this.#digests.stop();
    this.#subscribers.stop();
    this.#readings?.stop();
    this.#commands.stop();
    for (const off of this.#offs) off();
    this.#offs.clear();
    this.#buses.stop();
    if (ran) this.#buses.say("stopped");
    await this.#buses.settled(FAREWELL_BOUND);
    await Promise.allSettled(this.#uplinks.map((uplink) => uplink.stop()));
  }

  #tell(event: AlarmEvent, committed: boolean): void {
    this.#recent.add(event, committed);
    this.#alarms.apply(event);
    const points = this.#points.apply(event);
    const { name, payload, retained, also } = this.#compose(event, {
      uncommitted: !committed,
      resent: false,
    });
    this.#published.add();
    if (!committed) this.#uncommitted.add();
    this.#buses.publish(name, { payload, qos: 1, retain: false });
    if (retained !== undefined) this.#buses.changed(retained);
    if (also !== undefined) this.#buses.publish(also, { payload, qos: 1, retain: false });
    for (const uplink of this.#uplinks) uplink.event();
    if (event.case !== undefined) this.#changed(caseTopic(event.case));
    this.#tellPoints(points);
  }

  #tellPoints(points: readonly Point[]): void {
    for (const point of points) this.#changed(pointTopic(point.id));
  }

  /** A retained topic has changed. */
  #changed(name: string): void {
    this.#buses.changed(name);
    for (const uplink of this.#uplinks) uplink.changed(name);
  }

  #compose(event: AlarmEvent, sending: Sending): Composed {
    const { case: number, escalateTo } = event;
    return {
      name: eventTopic(event.highest, event),
      payload: JSON.stringify(this.#payloads.event(event, sending)),
      retained: touchesPresent(event) ? alarmTopic(event) : undefined,
      also:
        number === undefined || escalateTo === undefined
          ? undefined
          : escalationTopic(escalateTo, { ...event, case: number }),
    };
  }

  #wordless(thrown: unknown): void {
    this.#broken.add();
    this.#o.log.error({ reason: describe(thrown) }, "an alarm message could not be put into words");
  }

  async #startUplink(uplink: Uplink): Promise<void> {
    try {
      const bus = await uplink.start();
      if (bus === undefined) return;
      const { id, options } = this.#o.configuration.uplinks.find((one) => one.id === uplink.id)!;
      if (!options.commands) return;
      this.#commands.listen({
        name: `uplink:${id}`,
        bus,
        root: uplink.root,
        // The broker there has authenticated somebody; who, it does not tell.
        user: () => `uplink:${id}`,
        resend: (from, to) => this.#resend(bus, uplink.root, { from, to }),
      });
    } catch (thrown) {
      // One uplink that cannot work must not keep the others, and the gateway, from starting.
      this.#o.log.error(
        { uplink: uplink.id, reason: describe(thrown) },
        "an uplink could not be started; it is tried again",
      );
      if (this.#phase === "stopped") return;
      const timer = this.#o.clock.after(UPLINK_RETRY, () => {
        this.#offs.delete(cancel);
        void this.#startUplink(uplink);
      });
      const cancel = () => timer.cancel();
      this.#offs.add(cancel);
    }
  }

  #resend(bus: MessageBus, root: TopicRoot, span: { from: number; to: number }) {
    return resend({
      ...span,
      last: this.#last(),
      events: this.#o.events,
      recent: (seq) => this.#recent.get(seq)?.event,
      publish: (event) => {
        const uncommitted = this.#recent.get(event.seq)?.committed === false;
        const { name, payload } = this.#compose(event, { uncommitted, resent: true });
        return bus.publish(root.topic(name), payload, { qos: 1, retain: false });
      },
    });
  }

  #beat(next: Micros): void {
    this.#buses.say("running");
    for (const uplink of this.#uplinks) uplink.heartbeat();
    this.#heartbeat = this.#o.clock.after(next, () => this.#beat(this.#o.configuration.alerts.heartbeat));
  }

  /** Looks at some of the points each second, so that all are renewed within the interval without a burst. */
  #renewPoints(): void {
    const { site, alerts } = this.#o.configuration;
    this.#slices = this.#o.clock.after(SLICE_EVERY, () => {
      const slice: Point[] = [];
      for (this.#due += (site.points.length * SLICE_EVERY) / alerts.points; this.#due >= 1; this.#due--) {
        const point = site.points[this.#slice++ % site.points.length]!;
        if (this.#points.stale(point)) slice.push(point);
      }
      this.#tellPoints(slice);
      this.#renewPoints();
    });
  }

  *#retainedNames(): Iterable<string> {
    yield* this.#alarms.names();
    for (const point of this.#o.configuration.site.points) yield pointTopic(point.id);
    for (const { number } of this.#o.engine.cases?.open() ?? []) yield caseTopic(number);
    yield* this.#digests.names();
  }

  #retainedPayload(name: string): string {
    const number = caseOf(name);
    if (number !== undefined) return this.#casePayload(number);
    const date = dateOf(name);
    if (date !== undefined) return this.#digests.payload(date);
    const point = this.#pointOf(name);
    return point === undefined ? this.#alarms.payload(name) : this.#points.payload(point);
  }

  #casePayload(number: number): string {
    const one = this.#o.engine.cases?.case(number);
    return one === undefined || one.closed !== undefined ? CLEARED : JSON.stringify(this.#cases.message(one));
  }

  #pointOf(name: string): Point | undefined {
    return name.startsWith("point/") ? this.#places.point(name.slice("point/".length)) : undefined;
  }

  #last(): number {
    return this.#o.engine.nextSeq - 1;
  }
}
