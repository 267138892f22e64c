import { connect as connectTcp, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { ConfigurationError } from "../model/error.ts";

/** Upper half of the first byte of a PUBACK (MQTT 3.1.1, table 2.1). */
const PUBACK = 4;

/** A connection to a broker that can be made to lose acknowledgements. */
export class BrokerStream extends Duplex {
  readonly #socket: Socket;
  #loseNextAck = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#arrived(bytes));
    socket.on("end", () => this.push(null));
    socket.on("error", (failure) => this.destroy(failure));
    socket.on("close", () => this.destroy());
  }

  /**
   * Breaks the connection when the next acknowledgement arrives, unread: the broker has the message, the device does not
   * know it and sends it again.
   */
  loseNextAck(): void {
    this.#loseNextAck = true;
  }

  #arrived(bytes: Buffer): void {
    if (this.#loseNextAck && bytes[0] !== undefined && bytes[0] >> 4 === PUBACK) {
      this.destroy();
      return;
    }
    if (!this.push(bytes)) this.#socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (failure?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(failure: Error | null, done: (failure: Error | null) => void): void {
    this.#socket.destroy();
    done(failure);
  }
}

/** Ports that IANA has assigned to MQTT, plain and over TLS. */
const PORTS: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883 };

/** Dials a broker. @throws ConfigurationError CONFIG_INVALID when the URL is not `mqtt://` or `mqtts://`. */
export function dialBroker(url: string): BrokerStream {
  const { protocol, hostname, port } = new URL(url);
  const standard = PORTS[protocol];
  if (standard === undefined)
    throw new ConfigurationError("CONFIG_INVALID", `${url} is not mqtt:// or mqtts://`);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const target = { host, port: port === "" ? standard : Number(port) };
  const socket = protocol === "mqtts:" ? connectTls({ ...target, servername: host }) : connectTcp(target);
  socket.setNoDelay(true);
  return new BrokerStream(socket);
}
