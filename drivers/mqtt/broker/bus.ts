import type { Aedes, Client } from "aedes";
import { describe, NetworkError } from "../../../model/error.ts";
import type { BusMessage, MessageBus } from "../../driver.ts";
import { matches, TopicTree } from "../topic.ts";

/** What the library knows of a client and does not declare: its subscriptions by filter. */
type SubscribedClient = Client & { readonly subscriptions: Readonly<Record<string, unknown>> };

/**
 * Messages in the library's hands at a time. Its queue is emptied by a function that calls itself for each message: some ten
 * thousand in it, and the stack is full.
 */
const IN_HAND_MAX = 1_000;
/** Messages that wait for that; beyond, a storm is larger than anything a site can mean, and memory comes first. */
const WAITING_MAX = 100_000;

export interface BrokerBusOptions {
  readonly clients: () => Iterable<Client>;
  /** Keeps a message as the topic's retained one, at once; an empty payload clears it. */
  readonly retain: (topic: string, payload: Buffer, qos: 0 | 1) => void;
  /** A listener threw. */
  readonly onError: (topic: string, error: unknown) => void;
}

interface Waiting {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly resolve: () => void;
  readonly reject: (error: NetworkError) => void;
}

/**
 * The embedded broker as a message bus.
 *
 * What clients publish reaches the bus's own subscribers from the place where the broker checks the sender, before the library
 * queues it: the sender is certain, and a command waits for no reader. The bus does not hear what it publishes itself.
 */
export class BrokerBus implements MessageBus {
  readonly #o: BrokerBusOptions;
  readonly #listeners = new TopicTree<(message: BusMessage) => void>();
  readonly #onConnected = new Set<(connected: boolean) => void>();
  #broker: Aedes | undefined;
  #inHand = 0;
  #waiting: Waiting[] = [];

  constructor(options: BrokerBusOptions) {
    this.#o = options;
  }

  get connected(): boolean {
    return this.#broker !== undefined;
  }

  /** The broker is up, or (undefined) is not any more. */
  attach(broker: Aedes | undefined): void {
    this.#broker = broker;
    if (broker === undefined) {
      for (const { topic, reject } of this.#waiting.splice(0)) reject(notRunning(topic));
    }
    for (const listener of this.#onConnected) listener(broker !== undefined);
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos: 0 | 1; retain: boolean },
  ): Promise<void> {
    if (this.#broker === undefined) return Promise.reject(notRunning(topic));
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(new NetworkError("LINK_DOWN", `cannot publish ${topic}: too many wait already`));
    }
    const bytes =
      typeof payload === "string"
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, payload: bytes, ...options, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#broker !== undefined && this.#inHand < IN_HAND_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#inHand++;
      this.#hand(this.#broker, next);
    }
  }

  #hand(broker: Aedes, { topic, payload, qos, retain, resolve, reject }: Waiting): void {
    // The library takes longer over a retained message than over another, so that the next overtakes it; and of two messages
    // to one client it takes the one that comes with the lower number for a repeat, and drops it. So it gets none to retain.
    if (retain) this.#o.retain(topic, payload, qos);
    broker.publish({ cmd: "publish", topic, payload, qos, retain: false, dup: false }, (error) => {
      this.#inHand--;
      if (error) {
        const why = `cannot publish ${topic}: ${describe(error)}`;
        reject(new NetworkError("LINK_DOWN", why, { cause: error }));
      } else resolve();
      this.#pump();
    });
  }

  subscribe(filter: string, listener: (message: BusMessage) => void): () => void {
    this.#listeners.add(filter, listener);
    return () => this.#listeners.remove(filter, listener);
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#onConnected.add(listener);
    return () => this.#onConnected.delete(listener);
  }

  subscribers(topic: string): number {
    let count = 0;
    for (const client of this.#o.clients()) {
      if (client.closed) continue;
      const filters = Object.keys((client as SubscribedClient).subscriptions);
      if (filters.some((filter) => matches(filter, topic))) count++;
    }
    return count;
  }

  /** Gives a client's message to the bus's own listeners; it is built only when there are any. */
  deliver(topic: string, message: () => BusMessage): void {
    const listeners = this.#listeners.match(topic);
    if (listeners.length === 0) return;
    const said = message();
    for (const listener of listeners) {
      try {
        listener(said);
      } catch (error) {
        // It is called where the library parses packets: what it throws must not reach there.
        this.#o.onError(topic, error);
      }
    }
  }
}

function notRunning(topic: string): NetworkError {
  return new NetworkError("LINK_DOWN", `cannot publish ${topic}: the embedded broker is not running`);
}
