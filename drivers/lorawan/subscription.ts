import type { IPublishPacket, MqttClient, Packet } from "mqtt";
import { REASON } from "../../model/quality.ts";
import type { Intake } from "../driver.ts";
import { brokerOfLink } from "../mqtt/client/broker-of-link.ts";
import type { ExternalBroker } from "../mqtt/client/external-broker.ts";
import type { Gate } from "../mqtt/gate.ts";
import { Gatekeeper } from "../mqtt/gatekeeper.ts";
import type { Counts } from "./counts.ts";
import { topicsOf } from "./options.ts";
import type { LorawanContext, Reception } from "./reception.ts";

/** SUBACK codes from here on refuse (MQTT 3.1.1, 3.9.3; MQTT 5, table 3-8). */
const SUBACK_REFUSED = 0x80;

/** The client of a network server's broker: what it publishes goes to the reception, and is acknowledged when it is on disk. */
export class Subscription {
  readonly #context: LorawanContext;
  readonly #counts: Counts;
  readonly #reception: Reception;
  readonly #keeper: Gatekeeper;
  readonly #broker: ExternalBroker;
  #intake: Intake | undefined;
  #up: boolean | undefined;
  #subscribed = false;

  /** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read, SECRET_MISSING. */
  constructor(context: LorawanContext, url: string, to: { counts: Counts; reception: Reception }) {
    this.#context = context;
    this.#counts = to.counts;
    this.#reception = to.reception;
    const { options, clock } = context;
    this.#keeper = new Gatekeeper(clock);
    this.#broker = brokerOfLink(context, {
      connection: { ...options, url },
      keeper: this.#keeper,
      events: {
        dialling: (client, gate) => this.#listen(client, gate),
        up: (client, resumed) => this.#connected(client, resumed),
        down: () => this.#health(false),
      },
    });
  }

  /** Acknowledgements waiting for codecs or the disk. */
  get held(): number {
    return this.#keeper.held;
  }

  start(intake: Intake): void {
    this.#intake = intake;
    this.#keeper.start(intake);
    this.#broker.start();
  }

  async stop(): Promise<void> {
    this.#intake = undefined;
    await this.#broker.stop();
    this.#keeper.stop();
  }

  #listen(client: MqttClient, gate: Gate): void {
    client.on("packetreceive", (packet: Packet) => {
      if (packet.cmd === "publish") this.#published(packet, gate);
    });
  }

  /** Runs when a packet has been parsed, before the library handles it: the acknowledgement it then writes is expected. */
  #published(packet: IPublishPacket, gate: Gate): void {
    const { qos, topic, retain } = packet;
    const payload =
      typeof packet.payload === "string" ? Buffer.from(packet.payload) : Buffer.from(packet.payload);
    const settle = qos === 0 ? () => {} : gate.defer(qos, packet.messageId ?? 0);
    this.#reception.take({ topic, payload, qos, retained: retain }, settle);
    if (this.#intake?.congested === true) this.#keeper.congest();
  }

  #connected(client: MqttClient, resumed: boolean): void {
    this.#health(true);
    if (resumed && this.#subscribed) return;
    const topics = topicsOf(this.#context.options);
    client.subscribe([...topics], { qos: 1 }, (error, _grants, answer) => {
      // Without an answer the connection was lost; the next one asks again.
      if (error !== null && answer === undefined) return;
      this.#subscribed = true;
      const refused = topics.filter((_, index) => Number(answer?.granted[index] ?? 0) >= SUBACK_REFUSED);
      if (refused.length === 0) return;
      this.#counts.subscriptionsRefused.add(refused.length);
      this.#context.log.error(
        { link: this.#context.link.id, topics: refused },
        "MQTT broker refused subscriptions: these devices will not be heard",
      );
    });
  }

  #health(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#intake?.linkHealth(this.#context.link.index, up, up ? REASON.good : REASON.not_connected);
  }
}
