import { basename } from "node:path";
import type { IPublishPacket, MqttClient, Packet } from "mqtt";
import { DeviceError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { formatDuration, MILLISECOND, type Micros } from "../../model/time.ts";
import type { Driver, DriverContext, Intake, SnapshotValue, Stranger } from "../driver.ts";
import { ExternalBroker } from "../mqtt/client/external-broker.ts";
import type { Gate } from "../mqtt/gate.ts";
import { Gatekeeper } from "../mqtt/gatekeeper.ts";
import { Codecs } from "./codecs.ts";
import { type Counts, countsOf } from "./counts.ts";
import { SERVER_TOPICS } from "./options.ts";
import { type LorawanContext, Reception } from "./reception.ts";

/** Stop waits this long for codecs and disk, so that what can be acknowledged is. */
const STOP_PATIENCE: Micros = 500 * MILLISECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
/** SUBACK codes from here on refuse (MQTT 3.1.1, 3.9.3; MQTT 5, table 3-8). */
const SUBACK_REFUSED = 0x80;

/** The link to a network server. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): LorawanDriver {
  return new LorawanDriver(context as LorawanContext);
}

/** Uplinks from a LoRaWAN network server over MQTT, each acknowledged when what its codec made of it is on disk. */
export class LorawanDriver implements Driver {
  readonly #context: LorawanContext;
  readonly #counts: Counts;
  readonly #reception: Reception;
  readonly #codecs: Codecs;
  readonly #keeper: Gatekeeper;
  readonly #broker: ExternalBroker;
  #intake: Intake | undefined;
  #up: boolean | undefined;
  #subscribed = false;

  constructor(context: LorawanContext) {
    this.#context = context;
    const { options, link, clock, counters, log, siteId } = context;
    this.#counts = countsOf(counters, link.id);
    this.#reception = new Reception(context);
    this.#codecs = new Codecs({
      files: this.#reception.files,
      bounds: {
        deadline: options.codec.deadline / MILLISECOND,
        memoryBytes: options.codec.memory,
        output: options.codec.output,
      },
      waiting: options.codec.waiting,
      clock,
      onRestart: (why) => {
        this.#counts.threads.add();
        log.warn({ link: link.id, why }, "the thread of the codecs ended and is started again");
      },
      onParked: (file, span) =>
        log.error(
          { link: link.id, codec: basename(file), span: formatDuration(span) },
          "a codec took too long again and again and is set aside: its devices are not read meanwhile",
        ),
    });
    this.#keeper = new Gatekeeper(clock);
    this.#broker = new ExternalBroker({
      name: link.id,
      connection: options,
      clientId: options.clientId ?? ["tocsin", siteId, link.id].filter(Boolean).join("-"),
      ...(options.password === undefined ? {} : { password: context.secret(options.password) }),
      packetBytes: options.limits.packet,
      held: options.limits.held,
      inFlight: options.limits.inFlight,
      keeper: this.#keeper,
      clock,
      log,
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

  start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#reception.start(intake, this.#codecs);
    this.#keeper.start(intake);
    this.#codecs.start();
    this.#broker.start();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const { clock } = this.#context;
    this.#reception.stop();
    this.#intake = undefined;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#keeper.durable < this.#reception.last && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    await this.#codecs.stop();
    await this.#broker.stop();
    this.#keeper.stop();
  }

  /** @throws DeviceError DEVICE_TIMEOUT when the device has said nothing since the link began. */
  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    const values = this.#reception.said(device);
    if (values.length > 0) return Promise.resolve(values);
    const error = new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
      hint: "it speaks by itself: look at its DevEUI, at the network server's live frames, or press its test button",
    });
    return Promise.reject(error);
  }

  strangers(): readonly Stranger[] {
    return this.#reception.strangers.list();
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
    const { server, topics = SERVER_TOPICS[server] } = this.#context.options;
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
