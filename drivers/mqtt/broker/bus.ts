import type { Aedes, Client } from "aedes";
import { describe, NetworkError } from "../../../model/error.ts";
import type { BusMessage, MessageBus } from "../../driver.ts";
import { matches, TopicTree } from "../topic.ts";

/** What the library knows of a client and does not declare: its subscriptions by filter. */
type SubscribedClient = Client & { readonly subscriptions: Readonly<Record<string, unknown>> };

export interface BrokerBusOptions {
  readonly clients: () => Iterable<Client>;
  /** A listener threw. */
  readonly onError: (topic: string, error: unknown) => void;
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

  constructor(options: BrokerBusOptions) {
    this.#o = options;
  }

  get connected(): boolean {
    return this.#broker !== undefined;
  }

  /** The broker is up, or (undefined) is not any more. */
  attach(broker: Aedes | undefined): void {
    this.#broker = broker;
    for (const listener of this.#onConnected) listener(broker !== undefined);
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos: 0 | 1; retain: boolean },
  ): Promise<void> {
    const broker = this.#broker;
    if (broker === undefined) {
      return Promise.reject(
        new NetworkError("LINK_DOWN", `cannot publish ${topic}: the embedded broker is not running`),
      );
    }
    const bytes =
      typeof payload === "string"
        ? Buffer.from(payload)
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    return new Promise((resolve, reject) => {
      broker.publish({ cmd: "publish", topic, payload: bytes, ...options, dup: false }, (error) => {
        if (error)
          reject(
            new NetworkError("LINK_DOWN", `cannot publish ${topic}: ${describe(error)}`, { cause: error }),
          );
        else resolve();
      });
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
