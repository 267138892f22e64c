import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import mqttPacket, { type IPublishPacket, type Packet } from "mqtt-packet";
import { until } from "../../support/until.ts";
import type { Reporter } from "./peer.ts";

/** MQTT 3.1.1. */
export const VERSION = 4;

/** What a broker passes on. */
export interface Passed {
  readonly topic: string;
  readonly payload: string | Buffer;
}

export interface PassingBrokerOptions {
  /** Where the driver looks for it. */
  readonly port: number;
  /** What the device says as report `n`. */
  readonly message: (n: number) => Passed;
  /** Whether it remembers the driver's session, so that it repeats what was not acknowledged. Default: it does. */
  readonly session?: boolean;
}

/** A broker, and the device behind it whose reports it passes on: it sees what the driver acknowledges. */
export class PassingBroker implements Reporter {
  readonly #o: PassingBrokerOptions;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #subscribed = false;
  /** It remembers the driver, whose subscription stands. */
  #session = false;
  acknowledged = 0;

  constructor(options: PassingBrokerOptions) {
    this.#o = options;
  }

  async appear(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    server.listen(this.#o.port, "127.0.0.1");
    await once(server, "listening");
    await this.heard();
  }

  async vanish(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#socket?.resetAndDestroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  say(n: number): void {
    this.pass(this.#o.message(n), { id: n });
  }

  /** A broker repeats to who comes back. */
  async again(n: number): Promise<void> {
    await this.interrupted();
    this.pass(this.#o.message(n), { id: n, dup: true });
  }

  async babble(bytes: Buffer): Promise<void> {
    await this.heard();
    this.#socket!.end(bytes);
    await until("the driver has hung up", () => !this.#subscribed);
    await this.heard();
  }

  /** The driver has subscribed. */
  protected async heard(): Promise<void> {
    await until("the driver has subscribed", () => this.#subscribed);
  }

  /** The connection breaks, and the driver comes back. */
  protected async interrupted(): Promise<void> {
    if (this.#subscribed) this.#socket?.resetAndDestroy();
    await until("the connection is gone", () => !this.#subscribed);
    await this.heard();
  }

  /** Passes something on with QoS 1 under packet id `id`, or with QoS 0. */
  protected pass({ topic, payload }: Passed, { id, dup = false }: { id?: number; dup?: boolean } = {}): void {
    const qos = id === undefined ? ({ qos: 0 } as const) : ({ qos: 1, messageId: id } as const);
    this.#send({ cmd: "publish", topic, payload, dup, retain: false, ...qos });
  }

  /** The driver has acknowledged what was passed on under this packet id. */
  protected taken(_id: number): void {
    this.acknowledged++;
  }

  /** The driver has published something. */
  protected published(_packet: IPublishPacket): void {}

  #send(packet: Packet): void {
    this.#socket?.write(mqttPacket.generate(packet));
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    const parser = mqttPacket.parser({ protocolVersion: VERSION });
    parser.on("packet", (packet: Packet) => this.#received(packet));
    parser.on("error", () => socket.destroy());
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#subscribed = false;
    });
  }

  #received(packet: Packet): void {
    switch (packet.cmd) {
      case "connect":
        this.#send({ cmd: "connack", returnCode: 0, sessionPresent: this.#session });
        this.#subscribed = this.#session;
        break;
      case "pingreq":
        this.#send({ cmd: "pingresp" });
        break;
      case "puback":
        this.taken(packet.messageId!);
        break;
      case "publish":
        if (packet.qos === 1) this.#send({ cmd: "puback", messageId: packet.messageId! });
        this.published(packet);
        break;
      case "subscribe":
        this.#send({
          cmd: "suback",
          messageId: packet.messageId!,
          granted: packet.subscriptions.map(() => 1),
        });
        this.#session = this.#o.session ?? true;
        this.#subscribed = true;
        break;
      default:
      // Nothing else calls for an answer here.
    }
  }
}
