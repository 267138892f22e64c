import type { BusMessage, MessageBus, Sender } from "../../../drivers/driver.ts";
import { matches } from "../../../drivers/mqtt/topic.ts";
import { NetworkError } from "../../../model/error.ts";

/** One message as it was published. */
export interface Publication {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** A broker in memory: keeps what is published, retains, delivers commands, and can be away or slow to acknowledge. */
export class RecordingBus implements MessageBus {
  readonly published: Publication[] = [];
  readonly retained = new Map<string, string>();
  /** What `subscribers` answers. */
  listening: number | undefined = 1;
  /** Publications (on some topics) are taken and not acknowledged until `acknowledge`. */
  holding: boolean | ((topic: string) => boolean) = false;
  connected: boolean;
  readonly #held: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #listeners = new Set<{ filter: string; listener: (message: BusMessage) => void }>();
  readonly #onConnected = new Set<(connected: boolean) => void>();

  constructor({ connected = true }: { connected?: boolean } = {}) {
    this.connected = connected;
  }

  start(): void {}

  stop(): Promise<void> {
    this.disconnect();
    return Promise.resolve();
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos: 0 | 1; retain: boolean },
  ): Promise<void> {
    if (!this.connected) return Promise.reject(new NetworkError("LINK_DOWN", "the test's broker is away"));
    const text = typeof payload === "string" ? payload : Buffer.from(payload).toString();
    this.published.push({ topic, payload: text, ...options });
    if (options.retain) {
      if (text === "") this.retained.delete(topic);
      else this.retained.set(topic, text);
    }
    const held = typeof this.holding === "boolean" ? this.holding : this.holding(topic);
    if (!held) return Promise.resolve();
    return new Promise((resolve, reject) => this.#held.push({ resolve, reject }));
  }

  subscribe(filter: string, listener: (message: BusMessage) => void): () => void {
    const entry = { filter, listener };
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#onConnected.add(listener);
    return () => this.#onConnected.delete(listener);
  }

  subscribers(): number | undefined {
    return this.listening;
  }

  /** A client publishes. */
  receive(
    topic: string,
    payload: unknown,
    options: { retained?: boolean; waited?: boolean; sender?: Sender } = {},
  ): void {
    const { retained = false, waited = false, sender = { client: "desk", user: "wang" } } = options;
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    for (const { filter, listener } of this.#listeners) {
      if (matches(filter, topic)) listener({ topic, payload: Buffer.from(text), retained, waited, sender });
    }
  }

  connect(): void {
    this.connected = true;
    for (const listener of this.#onConnected) listener(true);
  }

  disconnect(): void {
    const was = this.connected;
    this.connected = false;
    for (const { reject } of this.#held.splice(0))
      reject(new NetworkError("LINK_DOWN", "the connection is gone"));
    if (was) for (const listener of this.#onConnected) listener(false);
  }

  /** Acknowledges what is held. */
  acknowledge(): void {
    for (const { resolve } of this.#held.splice(0)) resolve();
  }

  /** Messages of topics that match, parsed. */
  json(filter: string): Record<string, unknown>[] {
    return this.published
      .filter(({ topic, payload }) => matches(filter, topic) && payload !== "")
      .map(({ payload }) => JSON.parse(payload) as Record<string, unknown>);
  }
}
