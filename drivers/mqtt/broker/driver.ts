import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { Aedes, type Client } from "aedes";
import type { Counter } from "../../../model/counter.ts";
import { describe } from "../../../model/error.ts";
import { type ListenAddress, parseListen } from "../../../model/listen.ts";
import { REASON } from "../../../model/quality.ts";
import { MILLISECOND, type Micros, SECOND } from "../../../model/time.ts";
import type { Driver, DriverContext, Feed, Intake, SnapshotValue } from "../../driver.ts";
import { OnceInAWhile } from "../../tcp/once-in-a-while.ts";
import { PACKET } from "../framing.ts";
import type { GateFault } from "../gate.ts";
import { Gatekeeper } from "../gatekeeper.ts";
import "../packet-numbers.ts";
import type { MqttAddress, PayloadSection } from "../profile.ts";
import { Reception } from "../reception.ts";
import { Router } from "../router.ts";
import { Access } from "./access.ts";
import { BrokerBus } from "./bus.ts";
import { Connection, connectionOf, type Will } from "./connection.ts";
import { Listener } from "./listener.ts";
import { LogIn } from "./log-in.ts";
import type { BrokerOptions } from "./options.ts";
import { Publications } from "./publications.ts";
import { Refusals } from "./refusals.ts";
import { Sessions } from "./sessions.ts";

export type BrokerContext = DriverContext<BrokerOptions, MqttAddress, PayloadSection>;

/** Packets a client may send before its CONNACK (3.1.4 allows it); the first 64 KiB of them are read at most. */
const EARLY_PACKETS_MAX = 2_000;
/** Messages in the library's hands at a time. Its own default of 100 lets an alert queue behind a burst of readings. */
const CONCURRENCY = 5_000;
/** Stop waits this long for the disk, so that what can be acknowledged is. */
const STOP_PATIENCE: Micros = 1 * SECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
/** Creates the embedded broker of a site. @throws ConfigurationError when devices or users contradict each other. */
export function create(context: DriverContext): BrokerDriver {
  return new BrokerDriver(context as BrokerContext);
}

/**
 * The embedded broker. The library (aedes) speaks MQTT 3.1.1; readings enter the intake in its authorisation hook, which runs
 * as soon as a packet is parsed, and the gate in front of the socket holds the acknowledgement back.
 */
export class BrokerDriver implements Driver {
  readonly bus: BrokerBus;
  readonly #context: BrokerContext;
  readonly #access: Access;
  readonly #reception: Reception;
  readonly #keeper: Gatekeeper;
  readonly #sessions: Sessions;
  readonly #listener: Listener;
  readonly #clients = new Map<string, Client>();
  readonly #refusals: Refusals;
  readonly #publications: Publications;
  readonly #logIn: LogIn;
  readonly #connections: Counter;
  /** Faults of connections, named once in a while. */
  readonly #told = new OnceInAWhile();
  #broker: Aedes | undefined;

  constructor(context: BrokerContext) {
    this.#context = context;
    const { options, devices, link, clock, counters, log } = context;
    const router = new Router(devices);
    this.#access = new Access(options.users, { devices, router, outside: context.outside });
    this.#reception = new Reception({ link, router, clock, counters });
    this.#keeper = new Gatekeeper(clock);
    this.#sessions = new Sessions(options.limits, (what) =>
      this.#count("mqtt_forgotten", "Forgotten because of a bound.", { what }).add(),
    );
    this.bus = new BrokerBus({
      clients: () => this.#clients.values(),
      retain: (topic, payload, qos) =>
        this.#sessions.retain({ cmd: "publish", topic, payload, qos, retain: true }),
      onError: (topic, error) =>
        log.error({ link: link.id, topic, error: describe(error) }, "a listener on the message bus failed"),
    });
    this.#listener = new Listener({
      link: link.id,
      address: parseListen(options.listen) ?? { host: "127.0.0.1", port: 0 },
      options,
      counters,
      onSocket: (socket) => this.#connect(socket),
    });
    this.#connections = this.#count("mqtt_connections", "Clients that have logged in.");
    this.#refusals = new Refusals(
      link.id,
      log,
      this.#count("mqtt_denied", "Publications and subscriptions not permitted to their client."),
    );
    this.#publications = new Publications({
      access: this.#access,
      router,
      reception: this.#reception,
      keeper: this.#keeper,
      bus: this.bus,
      refusals: this.#refusals,
      unrouted: this.#count("mqtt_unrouted", "Publications on topics that are no device's: forwarded only."),
    });
    this.#logIn = new LogIn({
      link: link.id,
      access: this.#access,
      sessions: this.#sessions,
      refusals: this.#refusals,
      failed: this.#count("mqtt_logins_failed", "Log-ins with a wrong name or password."),
      log,
      onAdmitted: (connection) => this.#listener.settled(connection.socket),
    });
  }

  /** Where it listens: the real port when the site asked for any. */
  get address(): ListenAddress {
    return this.#listener.address;
  }

  /** The same as text: `127.0.0.1:1883`. */
  get listening(): string {
    const { host, port } = this.address;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }

  feeds(feed: Feed): void {
    this.#access.feeds(feed);
  }

  /** Acknowledgements waiting for the disk. */
  get held(): number {
    return this.#keeper.held;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError CONFIG_NOT_FOUND for TLS files. */
  async start(intake: Intake): Promise<void> {
    this.#publications.start(intake);
    this.#reception.start(intake);
    this.#keeper.start(intake);
    const broker = await this.#createBroker();
    this.#broker = broker;
    try {
      await this.#listener.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    const { host, port } = this.address;
    this.#context.log.info({ link: this.#context.link.id, host, port }, "MQTT broker listens");
    this.bus.attach(broker);
    intake.linkHealth(this.#context.link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    this.#reception.stop();
    await this.#drain();
    this.bus.attach(undefined);
    this.#keeper.stop();
    await this.#listener.stop();
    const broker = this.#broker;
    this.#broker = undefined;
    if (broker !== undefined) await new Promise<void>((resolve) => broker.close(resolve));
  }

  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    return new Promise((resolve) => resolve(this.#reception.snapshot(device)));
  }

  /** Waits a little for acknowledgements that may still leave. */
  async #drain(): Promise<void> {
    const { clock } = this.#context;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#keeper.durable < this.#reception.last && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
  }

  async #createBroker(): Promise<Aedes> {
    const { limits } = this.#context.options;
    const broker = await Aedes.createBroker({
      persistence: this.#sessions,
      concurrency: CONCURRENCY,
      queueLimit: EARLY_PACKETS_MAX,
      connectTimeout: limits.connectTimeout / MILLISECOND,
      keepaliveLimit: Math.ceil(limits.keepalive / SECOND),
      maxTopicLevels: limits.topicLevels,
      // The gate cuts a slow reader off; the library never waits for one.
      drainTimeout: limits.stalled / MILLISECOND,
      preConnect: (client, packet, callback) => {
        const connection = connectionOf(client);
        // Whoever comes again under its id replaces its old connection, which may be dead without our knowing.
        const full = this.#clients.size >= limits.connections && !this.#clients.has(packet.clientId);
        if (full)
          this.#count("mqtt_connections_turned_away", "Sockets closed because there were too many.").add();
        if (connection !== undefined) {
          connection.will = packet.will as Will | undefined;
          connection.cleanSession = packet.clean === true;
        }
        callback(full ? new Error("too many clients") : null, !full);
      },
      authenticate: (client, name, password, done) => {
        void this.#logIn.admit(client, { name, password }).then((code) => {
          if (code === undefined) done(null, true);
          else done(Object.assign(new Error("refused"), { returnCode: code }), false);
        });
      },
      authorizePublish: (client, packet, callback) => callback(this.#publications.admit(client, packet)),
      authorizeSubscribe: (client, subscription, callback) => {
        const connection = connectionOf(client);
        const permitted =
          connection?.identity !== undefined &&
          this.#access.maySubscribe(connection.identity, subscription.topic);
        if (!permitted && connection !== undefined)
          this.#refusals.refuse(connection, { verb: "subscribe to", topic: subscription.topic });
        // No subscription means 0x80 in the SUBACK: the client is told.
        callback(null, permitted ? subscription : null);
      },
    });
    broker.on("client", (client) => {
      this.#connections.add();
      this.#clients.set(client.id, client);
      this.#sessions.arrived(client.id, connectionOf(client)?.identity?.user);
    });
    broker.on("clientDisconnect", (client) => {
      // Its successor under the same id may be here already: then nobody has left.
      if (this.#clients.get(client.id) !== client) return;
      this.#clients.delete(client.id);
      this.#sessions.left(client.id);
    });
    broker.on("clientError", (client, error) => this.#failed(client, error));
    broker.on("connectionError", (client, error) => this.#failed(client, error));
    // Not among the events the library declares.
    (broker as EventEmitter).on("error", (error: Error) => {
      this.#context.log.error({ link: this.#context.link.id, error: error.message }, "MQTT broker");
    });
    return broker;
  }

  #connect(socket: Socket): void {
    const { options, clock } = this.#context;
    const broker = this.#broker;
    if (broker === undefined) {
      socket.destroy();
      return;
    }
    const connection = new Connection({
      socket,
      keeper: this.#keeper,
      clock,
      packetBytes: options.limits.packet,
      mustBegin: PACKET.connect,
      held: options.limits.held,
      outgoingBytes: options.limits.outgoing,
      stalled: options.limits.stalled,
      onFault: (fault) => this.#fault(connection, fault),
    });
    connection.once("close", () => {
      if (connection.clientId !== "") this.#sessions.unclaim(connection.clientId);
    });
    broker.handle(connection);
  }

  #fault(connection: Connection, fault: GateFault): void {
    this.#count("mqtt_connections_cut", "Connections ended by the broker.", { why: fault }).add();
    const { log, link, clock } = this.#context;
    const { clientId: client, peer } = connection;
    const about = { link: link.id, client, peer, fault };
    if (this.#told.due(`${fault} ${peer}`, clock.now())) log.warn(about, "MQTT connection cut");
    else log.debug(about, "MQTT connection cut");
  }

  #failed(client: Client, error: Error): void {
    this.#count("mqtt_connections_failed", "Connections that ended with an error.").add();
    this.#context.log.debug(
      { link: this.#context.link.id, client: client.id, error: error.message },
      "MQTT connection failed",
    );
  }

  #count(name: string, help: string, labels: Record<string, string> = {}): Counter {
    return this.#context.counters.counter({ name, help, labels: { link: this.#context.link.id, ...labels } });
  }
}
