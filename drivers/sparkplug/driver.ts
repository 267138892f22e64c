import type { IPublishPacket, MqttClient, Packet } from "mqtt";
import { describe } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import {
  type Driver,
  type DriverContext,
  type Intake,
  REFUSED,
  type SnapshotValue,
  type Stranger,
  type Ticket,
} from "../driver.ts";
import { brokerOfLink } from "../mqtt/client/broker-of-link.ts";
import type { ExternalBroker } from "../mqtt/client/external-broker.ts";
import type { Gate } from "../mqtt/gate.ts";
import { Gatekeeper } from "../mqtt/gatekeeper.ts";
import { type Counts, countsOf } from "./counts.ts";
import type { EdgeNode } from "./edge-node.ts";
import { Host } from "./host.ts";
import { birthRequest } from "./node-control.ts";
import type { SparkplugAddress, SparkplugOptions } from "./options.ts";
import type { SparkplugSection } from "./profile.ts";
import { saysOffline, statePayload, stateTopic } from "./state.ts";
import { commandTopic, groupFilter, NAMESPACE } from "./topic.ts";

/** A context of this driver. */
export type SparkplugContext = DriverContext<SparkplugOptions, SparkplugAddress, SparkplugSection>;

/** Stop waits this long for the disk, so that what can be acknowledged is, and for the broker to take the farewell. */
const STOP_PATIENCE: Micros = 500 * MILLISECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
/** SUBACK codes from here on refuse (MQTT 3.1.1, 3.9.3; MQTT 5, table 3-8). */
const SUBACK_REFUSED = 0x80;

/** The host application of one link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): SparkplugDriver {
  return new SparkplugDriver(context as SparkplugContext);
}

/**
 * A Sparkplug B host application on an external broker. Its sessions are clean, as the specification has it
 * (tck-id-message-flow-phid-sparkplug-clean-session-311 and -50): what is said while it is away is lost, unless the nodes keep it for their
 * primary host, which they know by its state message.
 */
export class SparkplugDriver implements Driver {
  readonly #context: SparkplugContext;
  readonly #counts: Counts;
  readonly #host: Host;
  readonly #keeper: Gatekeeper;
  readonly #broker: ExternalBroker;
  readonly #hostId: string;
  readonly #stateTopic: string | undefined;
  #intake: Intake | undefined;
  #up: boolean | undefined;
  /** When the present connection was begun: in its will and in its first message. */
  #begun: Micros = 0;

  /** @throws ConfigurationError UNIT_MISMATCH, CONFIG_NOT_FOUND when a TLS file cannot be read. */
  constructor(context: SparkplugContext) {
    this.#context = context;
    const { options, devices, link, clock, counters, log, siteId } = context;
    this.#counts = countsOf(counters, link.id);
    this.#hostId = options.hostId ?? ["tocsin", siteId].filter(Boolean).join("-");
    this.#stateTopic = stateTopic(options.state, this.#hostId);
    this.#host = new Host({
      link,
      options,
      devices,
      clock,
      log,
      counts: this.#counts,
      askForBirth: (node) => this.#askForBirth(node),
    });
    this.#keeper = new Gatekeeper(clock);
    const topic = this.#stateTopic;
    this.#broker = brokerOfLink(context, {
      connection: { ...options, sessionExpiry: 0 },
      ...(topic === undefined ? {} : { will: () => this.#will(topic) }),
      clean: true,
      keeper: this.#keeper,
      events: {
        dialling: (client, gate) => this.#listen(client, gate),
        up: (client) => this.#connected(client),
        down: () => this.#lost(),
      },
    });
  }

  /** Acknowledgements waiting for the disk. */
  get held(): number {
    return this.#keeper.held;
  }

  start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#host.start(intake);
    this.#keeper.start(intake);
    this.#broker.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#host.stop();
    this.#intake = undefined;
    await this.#until(() => this.#keeper.durable >= this.#host.last);
    await this.#farewell();
    await this.#broker.stop();
    this.#keeper.stop();
  }

  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    return new Promise((resolve) => resolve(this.#host.snapshot(device)));
  }

  strangers(): readonly Stranger[] {
    return this.#host.strangers();
  }

  #will(topic: string): { topic: string; payload: string; retain: boolean } {
    this.#begun = this.#context.clock.wall();
    return { topic, payload: this.#state({ online: false, at: this.#begun }), retain: true };
  }

  #state(said: { online: boolean; at: Micros }): string {
    return statePayload(this.#context.options.state, said);
  }

  #listen(client: MqttClient, gate: Gate): void {
    client.on("packetreceive", (packet: Packet) => {
      if (packet.cmd === "publish") this.#published(packet, gate);
    });
  }

  /** Runs when a packet has been parsed, before the library handles it: the acknowledgement it then writes is expected. */
  #published(packet: IPublishPacket, gate: Gate): void {
    const { qos, topic, dup, retain } = packet;
    const packetId = qos === 0 ? 0 : (packet.messageId ?? 0);
    let ticket: Ticket = 0;
    if (topic === this.#stateTopic) this.#heardOfOurselves(packet);
    else {
      const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
      ticket = this.#host.take({ topic, payload, qos, dup, retained: retain });
    }
    if (this.#intake?.congested === true) this.#keeper.congest();
    if (qos === 0) return;
    if (ticket === REFUSED) gate.refuse(qos, packetId);
    else gate.expect(qos, packetId, ticket);
  }

  /** The will of an earlier connection, published after we are back, would make nodes keep what they have to say. */
  #heardOfOurselves({ payload }: IPublishPacket): void {
    const client = this.#broker.client;
    if (client === undefined || this.#intake === undefined) return;
    if (saysOffline(this.#context.options.state, payload.toString()) === true) this.#sayOnline(client);
  }

  #connected(client: MqttClient): void {
    this.#health(true);
    const { groups } = this.#context.options;
    const filters =
      groups === "all"
        ? [`${NAMESPACE}/#`]
        : [...new Set([...this.#host.groups(), ...groups])].map((group) => groupFilter(group));
    // Our own state first (tck-id-host-topic-phid-birth-sub-required), and all before we say that we are there.
    if (this.#stateTopic !== undefined) filters.unshift(this.#stateTopic);
    client.subscribe(filters, { qos: 1 }, (error, _grants, answer) => {
      // Without an answer the connection was lost; the next one asks again.
      if (error !== null && answer === undefined) return;
      const refused = filters.filter((_, index) => Number(answer?.granted[index] ?? 0) >= SUBACK_REFUSED);
      if (refused.length > 0) {
        this.#counts.subscriptionsRefused.add(refused.length);
        this.#context.log.error(
          { link: this.#context.link.id, topics: refused },
          "MQTT broker refused subscriptions: these nodes will not be heard",
        );
      }
      if (this.#intake === undefined || this.#broker.client !== client) return;
      this.#sayOnline(client);
      this.#host.connected();
    });
  }

  #sayOnline(client: MqttClient): void {
    if (this.#stateTopic === undefined) return;
    const payload = this.#state({ online: true, at: this.#begun });
    client.publish(this.#stateTopic, payload, { qos: 1, retain: true }, (error) => this.#unsaid(error));
  }

  /** Says that we go, so that nodes keep what they have to say (tck-id-host-topic-phid-death-payload-timestamp-disconnect-clean). */
  async #farewell(): Promise<void> {
    const client = this.#broker.client;
    if (client === undefined || this.#stateTopic === undefined) return;
    let taken = false;
    const payload = this.#state({ online: false, at: this.#context.clock.wall() });
    client.publish(this.#stateTopic, payload, { qos: 1, retain: true }, () => {
      taken = true;
    });
    await this.#until(() => taken);
  }

  #askForBirth(node: EdgeNode): void {
    const client = this.#broker.client;
    if (client === undefined) return;
    const timestamp = Math.floor(this.#context.clock.wall() / MILLISECOND);
    this.#counts.rebirths.add();
    client.publish(
      commandTopic(node),
      Buffer.from(birthRequest(timestamp)),
      { qos: 0, retain: false },
      (error) => this.#unsaid(error),
    );
  }

  #unsaid(error: Error | null | undefined): void {
    if (!error || this.#intake === undefined) return;
    this.#context.log.warn(
      { link: this.#context.link.id, error: describe(error) },
      "the MQTT broker did not take what the Sparkplug host said",
    );
  }

  #lost(): void {
    this.#host.disconnected();
    this.#health(false);
  }

  #health(up: boolean): void {
    if (this.#up === up) return;
    this.#up = up;
    this.#intake?.linkHealth(this.#context.link.index, up, up ? REASON.good : REASON.not_connected);
  }

  /** Waits for something for as long as stopping may take. */
  async #until(condition: () => boolean): Promise<void> {
    const { clock } = this.#context;
    const end = clock.now() + STOP_PATIENCE;
    while (!condition() && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
  }
}
