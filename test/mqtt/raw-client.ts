import { connect, type Socket } from "node:net";
import mqttPacket, { type IConnectPacket, type Packet } from "mqtt-packet";
import { until } from "../support/until.ts";

/**
 * A client that does exactly what a test says, packet by packet: no acknowledging, no keep-alive, no reconnecting of its own.
 */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  /** What arrived, in order. */
  readonly packets: Packet[] = [];
  closed = false;
  readonly #parser = mqttPacket.parser({ protocolVersion: 4 });

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes) => this.#parser.parse(bytes));
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
    });
    this.#parser.on("packet", (packet: Packet) => this.packets.push(packet));
    this.#parser.on("error", () => this.socket.destroy());
  }

  /** Connects and waits for the CONNACK; resolves with its return code. */
  static async connect(port: number, packet: Partial<IConnectPacket> = {}): Promise<RawClient> {
    const client = new RawClient(port);
    client.send({
      cmd: "connect",
      protocolId: "MQTT",
      protocolVersion: 4,
      clientId: "raw",
      clean: true,
      keepalive: 60,
      ...packet,
    });
    await until("CONNACK arrives", () => client.of("connack").length > 0 || client.closed);
    return client;
  }

  get returnCode(): number | undefined {
    return this.of("connack")[0]?.returnCode;
  }

  send(packet: Packet): void {
    this.socket.write(mqttPacket.generate(packet));
  }

  bytes(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  publish(
    topic: string,
    payload: string,
    options: { qos?: 0 | 1 | 2; id?: number; dup?: boolean; retain?: boolean } = {},
  ): void {
    const { qos = 1, id = 1, dup = false, retain = false } = options;
    this.send({ cmd: "publish", topic, payload, qos, dup, retain, ...(qos === 0 ? {} : { messageId: id }) });
  }

  of<Command extends Packet["cmd"]>(command: Command): Extract<Packet, { cmd: Command }>[] {
    return this.packets.filter((packet) => packet.cmd === command) as Extract<Packet, { cmd: Command }>[];
  }

  /** Packet identifiers of the PUBACKs so far. */
  get acknowledged(): (number | undefined)[] {
    return this.of("puback").map(({ messageId }) => messageId);
  }

  async waitFor(command: Packet["cmd"], count = 1): Promise<void> {
    await until(`${count} ${command} arrive`, () => this.of(command as "puback").length >= count, {
      detail: () => `got ${this.packets.map(({ cmd }) => cmd).join(" ")}${this.closed ? " and the end" : ""}`,
    });
  }

  /** A PINGREQ answered: everything sent before has been read, and everything the broker owed at once is here. */
  async ping(): Promise<void> {
    const before = this.of("pingresp").length;
    this.send({ cmd: "pingreq" });
    await this.waitFor("pingresp", before + 1);
  }

  async waitForClose(): Promise<void> {
    await until("the broker closes the connection", () => this.closed);
  }

  /** Breaks the connection without a DISCONNECT. */
  async break(): Promise<void> {
    this.socket.destroy();
    await this.waitForClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.break();
  }
}
