import type { MessageBus } from "../../drivers/driver.ts";
import type { Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { within } from "./bounded.ts";
import type { UplinkSettings } from "./options.ts";
import { Outbox, type OutboxCounts, type OutboxOptions } from "./outbox.ts";
import type { Sending } from "./payload.ts";
import type { Retained } from "./retained-mirror.ts";
import { RetainedMirror } from "./retained-mirror.ts";
import type { StatusReason } from "./status.ts";
import { STATUS_TOPIC, TopicRoot } from "./topics.ts";

/** What goes out when the broker loses us. */
export interface Will {
  readonly topic: string;
  readonly payload: string;
}

/** A connection to an external broker, with its life. */
export interface UplinkBus extends MessageBus {
  /** Begins to connect and goes on for ever; returns at once. */
  start(): void | Promise<void>;
  stop(): Promise<void>;
}

/** Makes the connection of an uplink. */
export type ConnectUplink = (uplink: {
  readonly id: string;
  readonly settings: UplinkSettings;
  readonly clientId: string;
  readonly will: () => Will;
}) => Promise<UplinkBus>;

export interface UplinkOptions
  extends Pick<OutboxOptions, "recent" | "events" | "cursor" | "setCursor" | "last" | "clock" | "log"> {
  readonly counters: Counters;
  readonly id: string;
  readonly settings: UplinkSettings;
  readonly site: string;
  readonly retained: Retained;
  readonly connect: ConnectUplink;
  /** Name and payload of an event's message, and the retained topic that goes with it. */
  readonly compose: (event: AlarmEvent, sending: Sending) => Composed;
  readonly status: (reason: StatusReason) => string;
}

/** The counters of an uplink's outbox. */
export function uplinkCounts(counters: Counters, uplink: string): OutboxCounts {
  const labels = { uplink };
  return {
    delivered: counters.counter({
      name: "uplink_events",
      help: "Events an uplink has acknowledged.",
      labels,
    }),
    repeated: counters.counter({
      name: "uplink_events_repeated",
      help: "Events sent again to an uplink.",
      labels,
    }),
    failures: counters.counter({
      name: "uplink_failures",
      help: "Events an uplink did not take at once.",
      labels,
    }),
    skipped: counters.counter({
      name: "uplink_events_skipped",
      help: "Event numbers that an uplink never got: gone from the alarm log, or the log could not be read.",
      labels,
    }),
  };
}

/** An event as it is published. */
export interface Composed {
  readonly name: string;
  readonly payload: string;
  /** Retained topic of the alarm that it changes. */
  readonly retained: string | undefined;
  /** Another topic that gets the same message. */
  readonly also: string | undefined;
}

/** Events and last words get this long when the gateway stops; the outbox keeps the rest. */
const FLUSH_BOUND: Micros = SECOND;
/** The same for the word "offline". */
const FAREWELL_BOUND: Micros = SECOND / 4;

/**
 * Alerts to one external broker: events through an outbox, retained states as they are now, status with a last will. The
 * broker may be away for as long as it likes.
 */
export class Uplink {
  readonly id: string;
  readonly root: TopicRoot;
  readonly #o: UplinkOptions;
  readonly #outbox: Outbox;
  #bus: UplinkBus | undefined;
  #mirror: RetainedMirror | undefined;
  #off: (() => void) | undefined;
  #stopped = false;

  constructor(options: UplinkOptions) {
    this.#o = options;
    this.id = options.id;
    this.root = new TopicRoot(options.settings.prefix, options.site);
    this.#outbox = new Outbox({
      ...options,
      name: `uplink:${options.id}`,
      counts: uplinkCounts(options.counters, `uplink:${options.id}`),
      window: options.settings.window,
      acknowledgeWithin: options.settings.acknowledgeWithin,
      send: (event, sending) => this.#send(event, sending),
    });
  }

  /** The connection; undefined before the start. */
  get bus(): MessageBus | undefined {
    return this.#bus;
  }

  get connected(): boolean {
    return this.#bus?.connected ?? false;
  }

  /** Events not delivered yet. */
  get backlog(): number {
    return this.#outbox.backlog;
  }

  /** Opens the outbox and begins to connect. Gives the bus, for commands; undefined when it was stopped meanwhile. */
  async start(): Promise<MessageBus | undefined> {
    const { id, settings, site, connect, counters, clock, log, retained } = this.#o;
    await this.#outbox.open();
    const bus = await connect({
      id,
      settings,
      clientId: settings.clientId ?? `tocsin-${site}-${id}`,
      will: () => ({ topic: this.root.topic(STATUS_TOPIC), payload: this.#o.status("contact-lost") }),
    });
    if (this.#stopped) return undefined;
    this.#bus = bus;
    this.#mirror = new RetainedMirror({
      name: `uplink:${id}`,
      bus,
      root: this.root,
      retained,
      clock,
      log,
      failed: counters.counter({
        name: "alerts_failed",
        help: "Messages that a broker did not take at once, by bus.",
        labels: { bus: `uplink:${id}` },
      }),
    });
    this.#off = bus.onConnected((connected) => this.#connection(connected));
    await bus.start();
    if (bus.connected) this.#connection(true);
    return bus;
  }

  /** An event has happened. */
  event(): void {
    this.#outbox.nudge();
  }

  /** A retained topic has changed. */
  changed(name: string): void {
    if (this.connected) this.#mirror?.changed(name);
  }

  /** The heartbeat. */
  heartbeat(): void {
    if (this.connected) this.#say("running");
  }

  /** Delivers what it can within a bound, says offline, disconnects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const { clock } = this.#o;
    await this.#outbox.close(FLUSH_BOUND);
    const bus = this.#bus;
    if (bus === undefined) return;
    this.#off?.();
    this.#mirror?.stop();
    if (bus.connected) {
      const farewell = bus.publish(this.root.topic(STATUS_TOPIC), this.#o.status("stopped"), {
        qos: 1,
        retain: true,
      });
      await within(clock, FAREWELL_BOUND, farewell);
    }
    await bus.stop();
  }

  #connection(connected: boolean): void {
    if (connected) {
      this.#say("running");
      this.#outbox.connected(true);
      this.#mirror?.renew();
    } else {
      this.#outbox.connected(false);
    }
  }

  #say(reason: StatusReason): void {
    this.#bus
      ?.publish(this.root.topic(STATUS_TOPIC), this.#o.status(reason), { qos: 1, retain: true })
      .catch((thrown: unknown) => {
        this.#o.log.debug(
          { uplink: this.id, reason: describe(thrown) },
          "a heartbeat could not be published",
        );
      });
  }

  /** The state goes before its event, and counts as sent only with it: a crash between the two repeats both. */
  async #send(event: AlarmEvent, sending: Sending): Promise<void> {
    const bus = this.#bus!;
    const { name, payload, retained, also } = this.#o.compose(event, sending);
    const state = retained === undefined ? undefined : this.#mirror!.now(retained);
    const sent = bus.publish(this.root.topic(name), payload, { qos: 1, retain: false });
    const copied =
      also === undefined ? undefined : bus.publish(this.root.topic(also), payload, { qos: 1, retain: false });
    await Promise.all([state, sent, copied]);
  }
}
