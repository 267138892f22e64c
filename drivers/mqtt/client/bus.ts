import type { MqttClient } from "mqtt";
import { describe, NetworkError } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import { type Clock, type Micros, SECOND } from "../../../model/time.ts";
import type { BusMessage, MessageBus } from "../../driver.ts";
import { Gatekeeper } from "../gatekeeper.ts";
import { TopicTree } from "../topic.ts";
import { ExternalBroker, type WillMessage } from "./external-broker.ts";
import type { ConnectionOptions } from "./options.ts";

/** Unacknowledged publications at a time; Mosquitto itself accepts any number, others as few as some tens. */
export const DEFAULT_WINDOW = 100;
/** Publications that may wait for a place in the window. */
const QUEUE_MAX = 1_000;
/** Largest packet taken from the broker: commands are small. */
const PACKET_BYTES = 256 * 2 ** 10;
const HELD = 1_000;
/** What a broker kept for a session comes right behind the connection; a slow line takes its time. */
const QUEUE_COMES_WITHIN: Micros = 60 * SECOND;

export interface MqttBusOptions {
  /** For logs and as the sender of what arrives: the uplink's id. */
  readonly name: string;
  readonly connection: ConnectionOptions;
  readonly clientId: string;
  readonly password?: string;
  /** Published by the broker when the gateway is gone. */
  readonly will?: WillMessage;
  /** Unacknowledged publications at a time. */
  readonly window?: number;
  readonly clock: Clock;
  readonly log: Log;
}

interface Pending {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly options: { qos: 0 | 1; retain: boolean };
  readonly resolve: () => void;
  readonly reject: (error: NetworkError) => void;
}

/**
 * A message bus over an external broker. It keeps nothing: a publication that is not acknowledged when the connection ends is
 * rejected, and whoever published it has it on disk and publishes it again.
 */
export class MqttBus implements MessageBus {
  readonly #o: MqttBusOptions;
  readonly #broker: ExternalBroker;
  readonly #keeper: Gatekeeper;
  readonly #listeners = new TopicTree<(message: BusMessage) => void>();
  /** Filters in use, with the number of listeners of each. */
  readonly #filters = new Map<string, number>();
  readonly #onConnected = new Set<(connected: boolean) => void>();
  readonly #waiting: Pending[] = [];
  readonly #inFlight = new Set<Pending>();
  #subscribed = false;
  #up = false;
  /** Until then what arrives may have waited at the broker: the session was resumed. */
  #queuedUntil: Micros = Number.NEGATIVE_INFINITY;

  /** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
  constructor(options: MqttBusOptions) {
    this.#o = options;
    // Not started: what the bus receives is acknowledged at once.
    this.#keeper = new Gatekeeper(options.clock);
    this.#broker = new ExternalBroker({
      name: options.name,
      connection: options.connection,
      clientId: options.clientId,
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.will === undefined ? {} : { will: options.will }),
      packetBytes: PACKET_BYTES,
      held: HELD,
      keeper: this.#keeper,
      clock: options.clock,
      log: options.log,
      events: {
        dialling: (client) => this.#listen(client),
        up: (client, resumed) => this.#connected(client, resumed),
        down: (why) => this.#lost(why),
      },
    });
  }

  get connected(): boolean {
    return this.#up;
  }

  /** Begins to connect, for ever. */
  start(): void {
    this.#broker.start();
  }

  /** Disconnects; what is not acknowledged is rejected. Bounded. */
  async stop(): Promise<void> {
    await this.#broker.stop();
    this.#keeper.stop();
    this.#lost("the gateway stops");
  }

  publish(
    topic: string,
    payload: string | Uint8Array,
    options: { qos: 0 | 1; retain: boolean },
  ): Promise<void> {
    if (!this.#up) return Promise.reject(this.#down(topic, "not connected"));
    if (this.#waiting.length >= QUEUE_MAX) return Promise.reject(this.#down(topic, "too many wait already"));
    const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ topic, payload: bytes, options, resolve, reject });
      this.#pump();
    });
  }

  subscribe(filter: string, listener: (message: BusMessage) => void): () => void {
    this.#listeners.add(filter, listener);
    const count = this.#filters.get(filter) ?? 0;
    this.#filters.set(filter, count + 1);
    if (count === 0 && this.#broker.client !== undefined) this.#ask(this.#broker.client, [filter]);
    return () => {
      if (!this.#listeners.remove(filter, listener)) return;
      const left = (this.#filters.get(filter) ?? 1) - 1;
      if (left > 0) this.#filters.set(filter, left);
      else {
        this.#filters.delete(filter);
        this.#broker.client?.unsubscribe(filter, () => {});
      }
    };
  }

  onConnected(listener: (connected: boolean) => void): () => void {
    this.#onConnected.add(listener);
    return () => this.#onConnected.delete(listener);
  }

  /** No broker tells its clients who else listens. */
  subscribers(_topic: string): undefined {
    return undefined;
  }

  #listen(client: MqttClient): void {
    client.on("message", (topic, payload, packet) => {
      // Who published it only the broker knows.
      const message = {
        topic,
        payload,
        retained: packet.retain,
        waited: !this.#up || this.#o.clock.now() < this.#queuedUntil,
        sender: { client: this.#o.name, user: undefined },
      };
      for (const listener of this.#listeners.match(topic)) {
        try {
          listener(message);
        } catch (error) {
          // It is called where the library parses packets: what it throws must not reach there.
          this.#o.log.error(
            { link: this.#o.name, topic, error: describe(error) },
            "a listener on the message bus failed",
          );
        }
      }
    });
  }

  #connected(client: MqttClient, resumed: boolean): void {
    this.#up = true;
    this.#queuedUntil = resumed ? this.#o.clock.now() + QUEUE_COMES_WITHIN : Number.NEGATIVE_INFINITY;
    if (!resumed || !this.#subscribed) this.#ask(client, [...this.#filters.keys()]);
    for (const listener of this.#onConnected) listener(true);
    this.#pump();
  }

  #ask(client: MqttClient, filters: string[]): void {
    if (filters.length === 0) return;
    const options = this.#o.connection.protocol === 5 ? { qos: 1 as const, nl: true } : { qos: 1 as const };
    client.subscribe(filters, options, (error) => {
      if (error === null) {
        this.#subscribed = true;
        return;
      }
      if (!this.#up) return;
      this.#o.log.error(
        { link: this.#o.name, filters, error: describe(error) },
        "MQTT broker refused a subscription",
      );
    });
  }

  #lost(why: string): void {
    const was = this.#up;
    this.#up = false;
    const pending = [...this.#inFlight, ...this.#waiting.splice(0)];
    this.#inFlight.clear();
    for (const { topic, reject } of pending) reject(this.#down(topic, why));
    if (was) for (const listener of this.#onConnected) listener(false);
  }

  #pump(): void {
    const client = this.#broker.client;
    const window = this.#o.window ?? DEFAULT_WINDOW;
    while (client !== undefined && this.#inFlight.size < window && this.#waiting.length > 0) {
      const pending = this.#waiting.shift()!;
      this.#inFlight.add(pending);
      client.publish(pending.topic, pending.payload, pending.options, (error) =>
        this.#settle(pending, error),
      );
    }
  }

  #settle(pending: Pending, error: Error | undefined | null): void {
    // Rejected already when the connection ended.
    if (!this.#inFlight.delete(pending)) return;
    if (error) pending.reject(refused(this.#o.name, pending.topic, error));
    else pending.resolve();
    this.#pump();
  }

  #down(topic: string, why: string): NetworkError {
    return new NetworkError("LINK_DOWN", `${this.#o.name}: cannot publish ${topic}: ${why}`);
  }
}

function refused(name: string, topic: string, error: Error): NetworkError {
  return new NetworkError("LINK_REFUSED", `${name}: the broker refused ${topic}: ${error.message}`, {
    cause: error,
  });
}
