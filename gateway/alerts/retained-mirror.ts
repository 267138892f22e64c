import type { MessageBus } from "../../drivers/driver.ts";
import type { Counter } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { type Clock, SECOND, type Timer } from "../../model/time.ts";
import { CLEARED } from "./retained-alarms.ts";
import type { TopicRoot } from "./topics.ts";

/** Retained messages under way at the same time; events have their own window and go first. */
const UNDER_WAY_BOUND = 32;
/** After so many in a row other work has its turn: ten thousand points behind one link must not keep an alarm waiting. */
const BURST = 64;
const RETRY_AFTER = 5 * SECOND;

/** What stands in the retained topics now, by name. */
export interface Retained {
  names(): Iterable<string>;
  /** The present payload; empty when the topic is to be cleared. */
  payload(name: string): string;
}

export interface RetainedMirrorOptions {
  readonly name: string;
  readonly bus: MessageBus;
  readonly root: TopicRoot;
  readonly retained: Retained;
  readonly clock: Clock;
  readonly log: Log;
  readonly failed: Counter;
}

/**
 * Keeps the retained topics of a broker equal to what they are here. Only names wait, never payloads: what is sent is always
 * the present state, so a broker that was away gets no history, and what waits is bounded by the number of topics.
 */
export class RetainedMirror {
  readonly #o: RetainedMirrorOptions;
  readonly #waiting = new Set<string>();
  /** The same for alarms, which go before points. */
  readonly #urgent = new Set<string>();
  /**
   * Names that have stood on the broker: those that are gone here are cleared again at each connection, because a broker may
   * come back with an old snapshot of its own. Bounded by the alarms of the configuration.
   */
  readonly #standing = new Set<string>();
  #underWay = 0;
  #burst = 0;
  #resting = false;
  #retry: Timer | undefined;
  #stopped = false;

  constructor(options: RetainedMirrorOptions) {
    this.#o = options;
  }

  /** A topic has changed. */
  changed(name: string): void {
    this.#enqueue(name);
    this.#pump();
  }

  /** The broker may know nothing, or old things: everything is sent again. */
  renew(): void {
    for (const name of this.#standing) this.#enqueue(name);
    for (const name of this.#o.retained.names()) this.#enqueue(name);
    this.#pump();
  }

  /** Sends one topic at once and tells when the broker has it. */
  now(name: string): Promise<void> {
    this.#waiting.delete(name);
    this.#urgent.delete(name);
    const payload = this.#o.retained.payload(name);
    if (payload !== CLEARED) this.#standing.add(name);
    return this.#o.bus.publish(this.#o.root.topic(name), payload, { qos: 1, retain: true });
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.#urgent.clear();
    this.#retry?.cancel();
  }

  #enqueue(name: string): void {
    if (name.startsWith("alarm/")) this.#urgent.add(name);
    else this.#waiting.add(name);
  }

  #pump(): void {
    while (!this.#stopped && this.#o.bus.connected && this.#underWay < UNDER_WAY_BOUND) {
      const urgent = this.#urgent.values().next().value;
      const name = urgent ?? (this.#resting ? undefined : this.#waiting.values().next().value);
      if (name === undefined) return;
      if (urgent === undefined && ++this.#burst >= BURST) this.#rest();
      this.#underWay++;
      this.now(name).then(
        () => this.#settled(),
        (thrown: unknown) => {
          this.#o.failed.add();
          this.#o.log.warn(
            { bus: this.#o.name, reason: describe(thrown) },
            "a retained message could not be published; it is tried again",
          );
          this.#enqueue(name);
          this.#underWay--;
          this.#later();
        },
      );
    }
  }

  #rest(): void {
    this.#resting = true;
    setImmediate(() => {
      this.#resting = false;
      this.#burst = 0;
      this.#pump();
    });
  }

  #settled(): void {
    this.#underWay--;
    this.#pump();
  }

  #later(): void {
    if (this.#stopped || this.#retry !== undefined) return;
    this.#retry = this.#o.clock.after(RETRY_AFTER, () => {
      this.#retry = undefined;
      this.#pump();
    });
  }
}
