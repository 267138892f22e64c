import type { MessageBus } from "../../drivers/driver.ts";
import type { Counter, Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { within } from "./bounded.ts";
import { type Retained, RetainedMirror } from "./retained-mirror.ts";
import type { StatusReason } from "./status.ts";
import { PREFIX, STATUS_TOPIC, TopicRoot } from "./topics.ts";

export interface AttachedBusesOptions {
  readonly site: string;
  readonly retained: Retained;
  readonly status: (reason: StatusReason) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** Messages that are looked after until a broker has them. */
const MOST_UNDER_WAY = 10_000;

/** A broker of ours. */
export interface AttachedBus {
  readonly name: string;
  readonly bus: MessageBus;
  readonly root: TopicRoot;
  readonly mirror: RetainedMirror;
  readonly failed: Counter;
}

/** One message, without the topic's root. */
export interface Message {
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/**
 * The brokers that run in this process. They are as far away as a function call, so nothing waits for them and nothing is kept
 * for them: who was not there asks `resend`.
 */
export class AttachedBuses implements Iterable<AttachedBus> {
  readonly #o: AttachedBusesOptions;
  readonly #buses: AttachedBus[] = [];
  readonly #offs: (() => void)[] = [];
  /** Messages that a broker has not taken yet: it is in this process, so they are few. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AttachedBusesOptions) {
    this.#o = options;
  }

  [Symbol.iterator](): Iterator<AttachedBus> {
    return this.#buses[Symbol.iterator]();
  }

  add(name: string, bus: MessageBus): void {
    const { site, retained, clock, log, counters } = this.#o;
    const root = new TopicRoot(PREFIX, site);
    const failed = counters.counter({
      name: "alerts_failed",
      help: "Messages that a broker did not take at once, by bus.",
      labels: { bus: name },
    });
    const mirror = new RetainedMirror({ name, bus, root, retained, clock, log, failed });
    this.#buses.push({ name, bus, root, mirror, failed });
  }

  /** Publishes the present state of everything, now and whenever a broker comes back. */
  start(): void {
    for (const at of this.#buses) {
      this.#offs.push(
        at.bus.onConnected((connected) => {
          if (connected) this.#welcome(at);
        }),
      );
      if (at.bus.connected) this.#welcome(at);
    }
  }

  stop(): void {
    for (const off of this.#offs.splice(0)) off();
    for (const { mirror } of this.#buses) mirror.stop();
  }

  /** Publishes on all of them. Neither blocks nor throws. */
  publish(name: string, message: Message): void {
    for (const at of this.#buses) this.#publish(at, name, message);
  }

  /** A retained topic has changed. */
  changed(name: string): void {
    for (const { mirror } of this.#buses) mirror.changed(name);
  }

  /** Publishes the status. */
  say(reason: StatusReason): void {
    for (const at of this.#buses) if (at.bus.connected) this.#say(at, reason);
  }

  /** Waits until the brokers have taken what was published, within a bound. */
  async settled(bound: Micros): Promise<void> {
    await within(this.#o.clock, bound, Promise.all(this.#underWay));
  }

  #welcome(at: AttachedBus): void {
    this.#say(at, "running");
    at.mirror.renew();
  }

  #say(at: AttachedBus, reason: StatusReason): void {
    this.#publish(at, STATUS_TOPIC, { payload: this.#o.status(reason), qos: 1, retain: true });
  }

  #publish(at: AttachedBus, name: string, { payload, qos, retain }: Message): void {
    const published = at.bus
      .publish(at.root.topic(name), payload, { qos, retain })
      .catch((thrown: unknown) => {
        at.failed.add();
        this.#o.log.warn(
          { bus: at.name, topic: name, reason: describe(thrown) },
          "a message could not be published",
        );
      })
      .finally(() => this.#underWay.delete(published));
    // One that never answers must not fill the memory; at the stop it is not waited for either.
    if (this.#underWay.size < MOST_UNDER_WAY) this.#underWay.add(published);
  }
}
