import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { generate } from "mqtt-packet";
import { within } from "../../support/until.ts";
import type { Load, LoadResult } from "./load.ts";

/*
 * Publishes readings with QoS 1 as fast as it is acknowledged, or at a rate: one argument, the load as JSON. Packets are made
 * beforehand and only their identifiers change, so that what is measured is the gateway and not this program. Says
 * `connected`, and at the end one line of JSON.
 */

/** CONNACK, PUBACK: first bytes of MQTT 3.1.1 packets (sections 3.2, 3.4). */
const CONNACK = 0x20;
const PUBACK = 0x40;
/** Length of both. */
const ANSWER_BYTES = 4;
/** Payloads made beforehand for each client; then they come again. */
const VARIETY = 64;
const LAST_PACKET_ID = 0xffff;
/** Publications in one write at most. */
const BURST = 64;
/** How long the last acknowledgements may take, and how long a connection. */
const PATIENCE_MS = 20_000;
/** A load with a rate is sent in steps of this length. */
const STEP_MS = 10;

class Publisher {
  published = 0;
  acknowledged = 0;
  readonly #socket: Socket;
  readonly #packets: readonly { bytes: Buffer; idAt: number }[];
  readonly #window: number;
  readonly #connected = Promise.withResolvers<void>();
  readonly #settled = Promise.withResolvers<void>();
  #id = 0;
  #rest: Buffer = Buffer.alloc(0);
  #welcome = false;
  #flowing = false;
  #ending = false;
  /** Publications a load with a rate still permits. */
  #allowed = 0;

  constructor(load: Load, client: { id: string; topic: string }) {
    this.#window = load.window;
    this.#packets = Array.from({ length: VARIETY }, (_, n) =>
      packet(client.topic, payload(load.channels, n)),
    );
    this.#socket = connect({ host: load.host, port: load.port, noDelay: true });
    this.#socket.write(
      generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        clientId: client.id,
        clean: true,
        keepalive: 60,
      }),
    );
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    const gone = (error?: Error) => {
      const failure = error ?? new Error("the broker has closed the connection");
      this.#connected.reject(failure);
      this.#settled.reject(failure);
    };
    this.#socket.on("error", gone);
    this.#socket.on("close", () => gone());
    // Somebody waits for each of them in time; until then a failure is no unhandled one.
    this.#settled.promise.catch(() => {});
    this.#connected.promise.catch(() => {});
  }

  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** From now on as fast as acknowledgements come. */
  flow(): void {
    this.#flowing = true;
    this.#fill();
  }

  /** So many more, as soon as the window permits. */
  allow(count: number): void {
    this.#allowed += count;
    this.#fill();
  }

  /** Publishes nothing new; resolves when everything has been acknowledged. */
  async finish(): Promise<void> {
    this.#ending = true;
    if (this.acknowledged < this.published) await this.#settled.promise;
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (input.length >= ANSWER_BYTES) {
      const first = input[0];
      if (first === CONNACK && !this.#welcome) {
        if (input[3] !== 0) this.#connected.reject(new Error(`refused with code ${input[3]}`));
        this.#welcome = true;
        this.#connected.resolve();
      } else if (first === PUBACK) {
        this.acknowledged++;
      } else {
        this.#settled.reject(new Error(`an unexpected packet begins with ${first}`));
        return;
      }
      input = input.subarray(ANSWER_BYTES);
    }
    this.#rest = input;
    if (this.#ending) {
      if (this.acknowledged === this.published) this.#settled.resolve();
    } else this.#fill();
  }

  #fill(): void {
    for (;;) {
      const free = this.#window - (this.published - this.acknowledged);
      const count = Math.min(BURST, free, this.#flowing ? BURST : this.#allowed);
      // A window that opens packet by packet would cost a system call each.
      if (this.#ending || count <= 0 || (this.#flowing && count < Math.min(BURST, this.#window / 4))) return;
      if (!this.#flowing) this.#allowed -= count;
      const burst: Buffer[] = [];
      for (let n = 0; n < count; n++) {
        const { bytes, idAt } = this.#packets[this.published++ % VARIETY]!;
        const copy = Buffer.from(bytes);
        this.#id = this.#id === LAST_PACKET_ID ? 1 : this.#id + 1;
        copy.writeUInt16BE(this.#id, idAt);
        burst.push(copy);
      }
      this.#socket.write(Buffer.concat(burst));
    }
  }
}

/** Values move as an instrument's do, with two decimals. */
function payload(channels: number, n: number): string {
  const values = Array.from({ length: channels }, (_, channel) => [
    `c${channel}`,
    Math.round((4 + 3 * Math.sin(n / 10 + channel)) * 100) / 100,
  ]);
  return JSON.stringify(Object.fromEntries(values));
}

function packet(topic: string, text: string): { bytes: Buffer; idAt: number } {
  const bytes = generate({
    cmd: "publish",
    topic,
    payload: text,
    qos: 1,
    dup: false,
    retain: false,
    messageId: 1,
  });
  return { bytes, idAt: bytes.length - Buffer.byteLength(text) - 2 };
}

const load = JSON.parse(process.argv[2] ?? "") as Load;
const publishers = load.clients.map((client) => new Publisher(load, client));
await within("the broker's welcome", Promise.all(publishers.map(({ connected }) => connected)), PATIENCE_MS);
process.stdout.write("connected\n");

const began = performance.now();
const deadline = began + load.seconds * 1_000;
if (load.messagesPerSecond === undefined) {
  for (const publisher of publishers) publisher.flow();
  await pause(load.seconds * 1_000);
} else {
  const rate = load.messagesPerSecond / publishers.length / 1_000;
  let sent = 0;
  for (let now = began; now < deadline; now = performance.now()) {
    const due = Math.floor((now - began) * rate) - sent;
    sent += due;
    for (const publisher of publishers) publisher.allow(due);
    await pause(STEP_MS);
  }
}
await within(
  "the last acknowledgements",
  Promise.all(publishers.map((publisher) => publisher.finish())),
  PATIENCE_MS,
);
const seconds = (performance.now() - began) / 1_000;
const messages = publishers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
const usage = process.cpuUsage();
const result: LoadResult = {
  messages,
  readings: messages * load.channels,
  seconds,
  cpu: (usage.user + usage.system) / 1e6,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
for (const publisher of publishers) publisher.close();
