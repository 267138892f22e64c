import { readFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type IClientOptions, type IConnackPacket, MqttClient } from "mqtt";
import { ConfigurationError, describe } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND, type Timer } from "../../../model/time.ts";
import { Gate, type GateFault } from "../gate.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import "../packet-numbers.ts";
import { type ConnectionOptions, MQTT_PORTS } from "./options.ts";

/** What the broker publishes for us when our connection ends without a word. */
export interface WillMessage {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain: boolean;
}

/** Told what happens on the connection. */
export interface ExternalBrokerEvents {
  /** The broker welcomed us; `resumed` says whether it still knows our session. */
  up(client: MqttClient, resumed: boolean): void;
  /** The connection ended, or could not be made. */
  down(why: string): void;
  /** A new connection begins; its gate holds its acknowledgements. */
  dialling?(client: MqttClient, gate: Gate): void;
}

export interface ExternalBrokerOptions {
  /** For logs: the link's or uplink's id. */
  readonly name: string;
  readonly connection: ConnectionOptions;
  readonly clientId: string;
  readonly password?: string;
  /** A function is asked anew for each connection. */
  readonly will?: WillMessage | (() => WillMessage);
  /** The broker keeps nothing for us from one connection to the next. Default: it does. */
  readonly clean?: boolean;
  readonly packetBytes: number;
  /** Acknowledgements held before the broker is slowed down. */
  readonly held: number;
  /** MQTT 5: unacknowledged messages the broker may send. */
  readonly inFlight?: number;
  readonly keeper: Gatekeeper;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: ExternalBrokerEvents;
}

/** Bytes that may wait for a broker that does not read, and how long. */
const OUTGOING_BYTES = 16 * 2 ** 20;
const STALLED: Micros = 20 * SECOND;
/** A connection that lasted this long was a good one: the next attempt is soon again. */
const SETTLED: Micros = 10 * SECOND;
/** Part of each pause that is left to chance, so that a thousand gateways do not return in the same second. */
const JITTER = 0.5;
/** Stop gives a DISCONNECT this long to leave. */
const FAREWELL: Micros = 500 * MILLISECOND;

/**
 * A connection to an external broker that is kept for ever. Each attempt is a new client of the library on a new socket, behind
 * a gate; the library's own reconnecting and its stores are not used.
 */
export class ExternalBroker {
  readonly #o: ExternalBrokerOptions;
  readonly #dial: () => Socket;
  #client: MqttClient | undefined;
  #gate: Gate | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #up = false;
  #upSince: Micros = 0;
  #stopped = false;
  #complaint = "";

  /** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
  constructor(options: ExternalBrokerOptions) {
    this.#o = options;
    this.#dial = dialler(options.connection);
  }

  get connected(): boolean {
    return this.#up;
  }

  /** The library's client of the present connection; undefined while there is none. */
  get client(): MqttClient | undefined {
    return this.#up ? this.#client : undefined;
  }

  start(): void {
    this.#attempt();
  }

  /** Says DISCONNECT and closes; bounded. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    const client = this.#client;
    const gate = this.#gate;
    if (client === undefined || gate === undefined || gate.destroyed) return;
    const closed = new Promise<void>((resolve) => gate.once("close", () => resolve()));
    // With something unacknowledged the library would wait for it; it is sent again next time anyway.
    const busy = Object.keys(client.outgoing).length > 0;
    client.end(!this.#up || busy);
    const timer = this.#o.clock.after(FAREWELL, () => gate.destroy());
    await closed;
    timer.cancel();
  }

  #attempt(): void {
    const { connection, events, clock, keeper } = this.#o;
    const gate = new Gate({
      socket: this.#dial(),
      keeper,
      clock,
      packetBytes: this.#o.packetBytes,
      held: this.#o.held,
      outgoingBytes: OUTGOING_BYTES,
      stalled: STALLED,
      onFault: (fault: GateFault) => {
        this.#complaint = fault;
      },
    });
    this.#complaint = "the broker closed the connection";
    const client = new MqttClient(() => gate, this.#libraryOptions());
    this.#client = client;
    this.#gate = gate;
    client.on("error", (error) => {
      this.#complaint = describe(error);
      // The library may leave the stream open after a malformed packet.
      gate.destroy();
    });
    client.on("connect", (packet: IConnackPacket) => {
      this.#up = true;
      this.#upSince = clock.now();
      this.#o.log.info({ link: this.#o.name, broker: connection.url }, "MQTT broker connected");
      events.up(client, packet.sessionPresent);
    });
    client.once("close", () => this.#lost(client));
    events.dialling?.(client, gate);
  }

  #lost(client: MqttClient): void {
    client.removeAllListeners("packetreceive");
    client.removeAllListeners("message");
    const { clock, connection, events, log, name } = this.#o;
    const lasted = this.#up ? clock.now() - this.#upSince : 0;
    if (this.#up || this.#failures === 0) {
      log.warn({ link: name, broker: connection.url, why: this.#complaint }, "MQTT broker not connected");
    }
    this.#up = false;
    this.#client = undefined;
    events.down(this.#complaint);
    if (this.#stopped) return;
    if (lasted >= SETTLED) this.#failures = 0;
    const { first, greatest } = connection.backoff;
    const pause = Math.min(greatest, first * 2 ** Math.min(this.#failures, 30));
    this.#failures++;
    this.#timer = clock.after(pause * (1 - JITTER * Math.random()), () => this.#attempt());
  }

  #libraryOptions(): IClientOptions {
    const { connection, clientId, password, clean = false } = this.#o;
    const will = typeof this.#o.will === "function" ? this.#o.will() : this.#o.will;
    return {
      protocolId: "MQTT",
      protocolVersion: connection.protocol,
      clientId,
      clean,
      keepalive: Math.round(connection.keepalive / SECOND),
      connectTimeout: connection.connectTimeout / MILLISECOND,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(connection.username === undefined ? {} : { username: connection.username }),
      ...(password === undefined ? {} : { password }),
      ...(will === undefined
        ? {}
        : {
            will: {
              topic: will.topic,
              payload: bytesOf(will.payload),
              qos: 1 as const,
              retain: will.retain,
            },
          }),
      ...(connection.protocol === 5
        ? {
            properties: {
              sessionExpiryInterval: Math.round(connection.sessionExpiry / SECOND),
              maximumPacketSize: this.#o.packetBytes,
              ...(this.#o.inFlight === undefined ? {} : { receiveMaximum: this.#o.inFlight }),
            },
          }
        : {}),
    };
  }
}

/** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
function dialler({ url, tls }: ConnectionOptions): () => Socket {
  const { protocol, hostname, port } = new URL(url);
  // URL keeps the brackets of an IPv6 address.
  const host = hostname.replace(/^\[|\]$/g, "");
  const address = { host, port: port === "" ? MQTT_PORTS[protocol]! : Number(port), noDelay: true };
  if (protocol === "mqtt:") return () => connectTcp(address).setNoDelay(true);
  const files = {
    ...(tls?.ca === undefined ? {} : { ca: read(tls.ca) }),
    ...(tls?.certificate === undefined ? {} : { cert: read(tls.certificate) }),
    ...(tls?.key === undefined ? {} : { key: read(tls.key) }),
  };
  return () => connectTls({ ...address, ...files, servername: tls?.serverName ?? host }).setNoDelay(true);
}

function bytesOf(payload: string | Uint8Array): Buffer {
  return typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `cannot read ${path}: ${describe(error)}`, {
      cause: error,
    });
  }
}
