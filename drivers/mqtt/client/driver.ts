import { crc32 } from "node:zlib";
import type { IPublishPacket, MqttClient, Packet } from "mqtt";
import type { ISubackPacket } from "mqtt-packet";
import type { Counter } from "../../../model/counter.ts";
import { REASON } from "../../../model/quality.ts";
import { MILLISECOND, type Micros } from "../../../model/time.ts";
import {
  type Driver,
  type DriverContext,
  type Intake,
  type OutsideTopic,
  REFUSED,
  type SnapshotValue,
  type Ticket,
} from "../../driver.ts";
import type { Gate } from "../gate.ts";
import { Gatekeeper } from "../gatekeeper.ts";
import type { MqttAddress, PayloadSection } from "../profile.ts";
import { type Origin, Reception } from "../reception.ts";
import { Router } from "../router.ts";
import { brokerOfLink, clientIdOf } from "./broker-of-link.ts";
import type { ExternalBroker } from "./external-broker.ts";
import type { ClientOptions } from "./options.ts";

export type ClientContext = DriverContext<ClientOptions, MqttAddress, PayloadSection>;

/** Stop waits this long for the disk, so that what can be acknowledged is. */
const STOP_PATIENCE: Micros = 500 * MILLISECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
/** Filters in one SUBSCRIBE: small brokers take no long packets. */
const SUBSCRIBE_BATCH = 100;
/** SUBACK codes from here on refuse (MQTT 3.1.1, 3.9.3; MQTT 5, table 3-8). */
const SUBACK_REFUSED = 0x80;

/** Creates the client of an external broker. @throws ConfigurationError when devices contradict each other. */
export function create(context: DriverContext): ClientDriver {
  return new ClientDriver(context as ClientContext);
}

/**
 * Devices behind an external broker. The library (MQTT.js) acknowledges one packet after the other as they are handled; the
 * gate lets the acknowledgement out when the reading is on disk, so the broker keeps, and sends again, whatever is not.
 */
export class ClientDriver implements Driver {
  readonly #context: ClientContext;
  readonly #router: Router;
  readonly #reception: Reception;
  readonly #keeper: Gatekeeper;
  readonly #broker: ExternalBroker;
  readonly #origin: Origin;
  readonly #unrouted: Counter;
  readonly #refusedFilters: Counter;
  readonly #outside: ReadonlyMap<string, OutsideTopic>;
  #intake: Intake | undefined;
  #subscribed = false;
  #up: boolean | undefined;

  constructor(context: ClientContext) {
    this.#context = context;
    this.#outside = new Map((context.outside ?? []).map((source) => [source.topic, source]));
    const { options, devices, link, clock, counters } = context;
    this.#router = new Router(devices);
    this.#reception = new Reception({ link, router: this.#router, clock, counters });
    this.#keeper = new Gatekeeper(clock);
    this.#origin = { seed: crc32(`${options.url} ${clientIdOf(context)}`), devices: undefined };
    const labels = { link: link.id };
    this.#unrouted = counters.counter({
      name: "mqtt_unrouted",
      help: "Publications on topics that are no device's: acknowledged and left.",
      labels,
    });
    this.#refusedFilters = counters.counter({
      name: "mqtt_subscriptions_refused",
      help: "Subscriptions the external broker refused.",
      labels,
    });
    this.#broker = brokerOfLink(context, {
      connection: options,
      keeper: this.#keeper,
      events: {
        dialling: (client, gate) => this.#listen(client, gate),
        up: (client, resumed) => this.#connected(client, resumed),
        down: () => this.#health(false),
      },
    });
  }

  /** Acknowledgements waiting for the disk. */
  get held(): number {
    return this.#keeper.held;
  }

  start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#reception.start(intake);
    this.#keeper.start(intake);
    this.#broker.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#reception.stop();
    this.#intake = undefined;
    const { clock } = this.#context;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#keeper.durable < this.#reception.last && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    await this.#broker.stop();
    this.#keeper.stop();
  }

  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    return new Promise((resolve) => resolve(this.#reception.snapshot(device)));
  }

  /** What must be subscribed to: each device's topics, and those of outside sources. */
  filters(): string[] {
    return [...[...this.#router.filters()].map(({ filter }) => filter), ...this.#outside.keys()];
  }

  #listen(client: MqttClient, gate: Gate): void {
    /** QoS 2 publications between PUBLISH and PUBREL: their repeats on this connection are not entered again. */
    const exactlyOnce = new Set<number>();
    client.on("packetreceive", (packet: Packet) => {
      if (packet.cmd === "publish") this.#published(packet, { gate, exactlyOnce });
      else if (packet.cmd === "pubrel") exactlyOnce.delete(packet.messageId ?? 0);
    });
  }

  /** Runs when a packet has been parsed, before the library handles it: the acknowledgement it then writes is expected. */
  #published(packet: IPublishPacket, { gate, exactlyOnce }: { gate: Gate; exactlyOnce: Set<number> }): void {
    const { qos } = packet;
    const packetId = qos === 0 ? 0 : (packet.messageId ?? 0);
    let ticket: Ticket = 0;
    if (qos === 2 && exactlyOnce.has(packetId)) ticket = this.#reception.last;
    else {
      if (qos === 2) exactlyOnce.add(packetId);
      ticket = this.#enter(packet, packetId);
    }
    if (this.#intake?.congested === true) this.#keeper.congest();
    if (qos === 0) return;
    if (ticket === REFUSED) gate.refuse(qos, packetId);
    else gate.expect(qos, packetId, ticket);
  }

  #enter(packet: IPublishPacket, packetId: number): Ticket {
    const outside = this.#outside.get(packet.topic);
    if (outside !== undefined) return this.#heard(outside, packet);
    const route = this.#router.find(packet.topic);
    if (route === undefined) {
      this.#unrouted.add();
      return 0;
    }
    // Live publications reach an existing subscription with this flag cleared (MQTT 3.1.1, 3.3.1.3).
    if (packet.retain && this.#context.options.retained === "ignore") return 0;
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const { topic, qos, dup, retain } = packet;
    return this.#reception.take(route, { topic, payload, qos, dup, packetId, old: retain }, this.#origin);
  }

  /** Who published it only the broker knows. */
  #heard(outside: OutsideTopic, { topic, payload, retain }: IPublishPacket): Ticket {
    const bytes = typeof payload === "string" ? Buffer.from(payload) : payload;
    const sender = { client: this.#context.link.id, user: undefined };
    return outside.take({ topic, payload: bytes, retained: retain, sender });
  }

  #connected(client: MqttClient, resumed: boolean): void {
    this.#health(true);
    // A resumed session still has its subscriptions, but perhaps those of an older configuration.
    if (resumed && this.#subscribed) return;
    const { qos, protocol } = this.#context.options;
    const filters = this.filters();
    for (let at = 0; at < filters.length; at += SUBSCRIBE_BATCH) {
      const some = filters.slice(at, at + SUBSCRIBE_BATCH);
      // MQTT 5: a subscription that is there already brings no retained messages again.
      const options = protocol === 5 ? { qos, rh: 1 } : { qos };
      client.subscribe(some, options, (error, _grants, answer) => this.#granted(some, { error, answer }));
    }
  }

  #granted(
    filters: readonly string[],
    { error, answer }: { error: Error | null; answer: ISubackPacket | undefined },
  ): void {
    // Without an answer the connection was lost; the next one asks again.
    if (error !== null && answer === undefined) return;
    this.#subscribed = true;
    const refused = filters.filter((_, index) => Number(answer?.granted[index] ?? 0) >= SUBACK_REFUSED);
    if (refused.length === 0) return;
    this.#refusedFilters.add(refused.length);
    this.#context.log.error(
      { link: this.#context.link.id, topics: refused.slice(0, 10), count: refused.length },
      "MQTT broker refused subscriptions: these devices will not be heard",
    );
  }

  #health(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#intake?.linkHealth(this.#context.link.index, up, up ? REASON.good : REASON.not_connected);
  }
}
