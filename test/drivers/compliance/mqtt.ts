import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import mqttPacket, { type Packet } from "mqtt-packet";
import { stringify } from "yaml";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import { RawClient } from "../../mqtt/raw-client.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";
import type { Bench, Reporter } from "./peer.ts";

/*
 * A gauge that says its depth on a topic: to the embedded broker, or to a broker that the driver is a client of.
 */

const TOPIC = "devices/gauge/depth";
const VERSION = 4;
/** A depth that n gives, in m. */
const depth = (n: number) => `${n / 1000}`;

const siteText = (link: object) =>
  stringify({
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    links: { broker: link },
    points: { weir: { name: "堰", domain: "water" } },
    devices: { gauge: { profile: "plain-value", link: "broker", point: "weir" } },
  });

/** A device that publishes to the embedded broker. */
class Publisher implements Reporter {
  #client: RawClient | undefined;
  #listening = "";
  #before = 0;

  get acknowledged(): number {
    return this.#before + (this.#client?.acknowledged.length ?? 0);
  }

  async appear(listening: string | undefined): Promise<void> {
    this.#listening = listening!;
    const { port } = parseEndpoint(this.#listening);
    this.#client = await RawClient.connect(port, { clientId: "gauge", clean: false });
  }

  async vanish(): Promise<void> {
    this.#before = this.acknowledged;
    const client = this.#client;
    this.#client = undefined;
    await client?.break();
  }

  say(n: number): void {
    this.#client!.publish(TOPIC, depth(n), { id: n });
  }

  async again(n: number): Promise<void> {
    await this.vanish();
    await this.appear(this.#listening);
    this.#client!.publish(TOPIC, depth(n), { id: n, dup: true });
  }

  async babble(bytes: Buffer): Promise<void> {
    const socket = connect(parseEndpoint(this.#listening));
    socket.on("error", () => socket.destroy());
    await once(socket, "connect");
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  }
}

/** A broker that passes on what the gauge says. */
class Broker implements Reporter {
  readonly #port: number;
  #server: Server | undefined;
  #socket: Socket | undefined;
  #subscribed = false;
  /** It remembers the driver, whose subscription stands. */
  #session = false;
  acknowledged = 0;

  constructor(port: number) {
    this.#port = port;
  }

  async appear(): Promise<void> {
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    await this.#heard();
  }

  async vanish(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#socket?.resetAndDestroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  say(n: number): void {
    this.#publish(n, false);
  }

  /** A broker repeats to who comes back. */
  async again(n: number): Promise<void> {
    if (this.#subscribed) this.#socket?.resetAndDestroy();
    await until("the connection is gone", () => !this.#subscribed);
    await this.#heard();
    this.#publish(n, true);
  }

  async babble(bytes: Buffer): Promise<void> {
    await this.#heard();
    this.#socket!.end(bytes);
    await until("the driver has hung up", () => !this.#subscribed);
    await this.#heard();
  }

  async #heard(): Promise<void> {
    await until("the driver has subscribed", () => this.#subscribed);
  }

  #publish(n: number, dup: boolean): void {
    this.#send({ cmd: "publish", topic: TOPIC, payload: depth(n), qos: 1, dup, retain: false, messageId: n });
  }

  #send(packet: Packet): void {
    this.#socket?.write(mqttPacket.generate(packet));
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    const parser = mqttPacket.parser({ protocolVersion: VERSION });
    parser.on("packet", (packet: Packet) => {
      if (packet.cmd === "connect") {
        this.#send({ cmd: "connack", returnCode: 0, sessionPresent: this.#session });
        this.#subscribed = this.#session;
      }
      if (packet.cmd === "pingreq") this.#send({ cmd: "pingresp" });
      if (packet.cmd === "puback") this.acknowledged++;
      if (packet.cmd !== "subscribe") return;
      this.#send({ cmd: "suback", messageId: packet.messageId!, granted: packet.subscriptions.map(() => 1) });
      this.#session = true;
      this.#subscribed = true;
    });
    parser.on("error", () => socket.destroy());
    socket.on("data", (bytes) => parser.parse(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#subscribed = false;
    });
  }
}

/** Both MQTT links. */
export const mqttBenches: Readonly<Record<string, Bench>> = {
  "mqtt-broker": {
    asks: false,
    flood: "slows",
    tellsLoss: false,
    set: () =>
      Promise.resolve({
        site: siteText({ type: "mqtt-broker", listen: "127.0.0.1:0" }),
        peer: new Publisher(),
      }),
  },
  "mqtt-client": {
    asks: false,
    flood: "slows",
    tellsLoss: true,
    set: async () => {
      const port = await freePort();
      const url = `mqtt://127.0.0.1:${port}`;
      const backoff = { first: "50ms", greatest: "200ms" };
      return {
        site: siteText({ type: "mqtt-client", url, protocol: VERSION, backoff }),
        peer: new Broker(port),
      };
    },
  },
};
