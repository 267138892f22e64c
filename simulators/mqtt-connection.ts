import { type IClientOptions, MqttClient } from "mqtt";
import "../drivers/mqtt/packet-numbers.ts";
import { describe } from "../model/error.ts";
import { UnacknowledgedStore } from "./mqtt-store.ts";
import { type BrokerStream, dialBroker } from "./mqtt-stream.ts";

/** How a device reaches its broker. */
export interface BrokerAccess {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Wait before the next attempt when the broker is away, in milliseconds. */
  readonly reconnectMs?: number | undefined;
}

export interface ConnectionOptions {
  readonly access: BrokerAccess;
  readonly clientId: string;
  readonly will?: { readonly topic: string; readonly payload: string } | undefined;
  readonly onConnected: (connected: boolean) => void;
  readonly onTrouble: (words: string) => void;
}

/** A message on its way. */
export interface Publication {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** Messages a device keeps while its broker is away; beyond it the oldest is lost, as in an instrument's small memory. */
const BACKLOG_MAX = 1_000;

const DEFAULT_RECONNECT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 5_000;
const KEEPALIVE_S = 30;
/** MQTT 3.1.1. */
const PROTOCOL_VERSION = 4;

/** One device's connection: QoS 1, the same client id and session for ever, every message sent until it is acknowledged. */
export class MqttConnection {
  readonly #options: ConnectionOptions;
  readonly #store = new UnacknowledgedStore();
  readonly #backlog: Publication[] = [];
  #client: MqttClient | undefined;
  #stream: BrokerStream | undefined;
  #lost = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#client?.connected === true;
  }

  /** Messages sent and not yet acknowledged, or still to be sent. */
  get unacknowledged(): number {
    return this.#store.size + this.#backlog.length;
  }

  /** Messages that no longer fitted into the device's memory. */
  get lost(): number {
    return this.#lost;
  }

  /** Connects, and keeps trying for ever. */
  open(): void {
    if (this.#client !== undefined) return;
    const { access, clientId, will, onConnected, onTrouble } = this.#options;
    const options: IClientOptions = {
      clientId,
      protocolVersion: PROTOCOL_VERSION,
      clean: false,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: access.reconnectMs ?? DEFAULT_RECONNECT_MS,
      queueQoSZero: false,
      outgoingStore: this.#store,
      ...(access.username === undefined ? {} : { username: access.username }),
      ...(access.password === undefined ? {} : { password: access.password }),
      ...(will === undefined
        ? {}
        : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true } }),
    };
    const client = new MqttClient(() => {
      const stream = dialBroker(access.url);
      this.#stream = stream;
      return stream;
    }, options);
    this.#client = client;
    let up = false;
    client.on("connect", () => {
      up = true;
      onConnected(true);
      for (const publication of this.#backlog.splice(0)) this.#send(publication);
    });
    client.on("close", () => {
      if (up) onConnected(false);
      up = false;
    });
    client.on("error", (failure) => onTrouble(describe(failure)));
  }

  /** Publishes, now or as soon as the broker is there. */
  publish(publication: Publication): void {
    if (this.connected) {
      this.#send(publication);
      return;
    }
    this.#backlog.push(publication);
    if (this.#backlog.length > BACKLOG_MAX) {
      this.#backlog.shift();
      this.#lost++;
    }
  }

  /** Lets the next acknowledgement be lost; see BrokerStream. */
  loseNextAck(): void {
    this.#stream?.loseNextAck();
  }

  /** Signs off in good order, so that no will is published. `open` connects again. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // Whatever is not acknowledged would be waited for without end.
    await client?.endAsync(!client.connected || this.#store.size > 0);
  }

  /** Gone without a word: the broker publishes the will. `open` connects again. */
  async die(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.endAsync(true);
  }

  #send({ topic, payload, retain }: Publication): void {
    // Until it is acknowledged the message is in the store, which outlives the connection: its end needs no answer here.
    this.#client?.publish(topic, payload, { qos: 1, retain }, () => {});
  }
}
