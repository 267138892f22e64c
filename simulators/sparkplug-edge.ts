import { connectAsync, type MqttClient } from "mqtt";
import { DATA_TYPE } from "../drivers/sparkplug/data-type.ts";
import { asksForBirth, REBIRTH } from "../drivers/sparkplug/node-control.ts";
import { type WrittenMetric, writePayload } from "../drivers/sparkplug/payload-writer.ts";
import { commandTopic, edgeTopic, SEQUENCE, type Verb } from "../drivers/sparkplug/topic.ts";
import { type Clock, MILLISECOND } from "../model/time.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export interface SparkplugEdgeOptions {
  /** `mqtt://host:port` */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly group: string;
  readonly node: string;
  readonly clock: Clock;
  /** What the node's own birth says, beside what the specification wants. */
  readonly metrics?: readonly WrittenMetric[];
  /** What the births of its devices say. */
  readonly devices?: Readonly<Record<string, readonly WrittenMetric[]>>;
  /** Whether it answers requests for its birth. Default: it does. */
  readonly obedient?: boolean;
}

/** A Sparkplug B edge node with devices behind it, on a connection of its own. */
export class SparkplugEdge {
  readonly #o: SparkplugEdgeOptions;
  /** What births say, by device; undefined: the node's own. */
  readonly #births = new Map<string | undefined, readonly WrittenMetric[]>();
  #client: MqttClient | undefined;
  #seq = 0;
  #bdSeq = -1;
  /** Requests for a birth that it was sent. */
  asked = 0;

  constructor(options: SparkplugEdgeOptions) {
    this.#o = options;
    const { metrics = [], devices = {} } = options;
    this.#births.set(undefined, metrics);
    for (const [device, said] of Object.entries(devices)) this.#births.set(device, said);
  }

  get connected(): boolean {
    return this.#client?.connected === true;
  }

  /** From now on births of a device, or of the node itself, say this. */
  becomes(device: string | undefined, metrics: readonly WrittenMetric[]): void {
    this.#births.set(device, metrics);
  }

  /** Connects with its death as the will, and is born. */
  async connect(): Promise<void> {
    const { url, username, password, obedient = true } = this.#o;
    this.#bdSeq = (this.#bdSeq + 1) % SEQUENCE;
    const client = await connectAsync(url, {
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      will: { topic: this.#topic("NDEATH"), payload: Buffer.from(this.#death()), qos: 1, retain: false },
    });
    this.#client = client;
    // What happens to the connection shows in what the other side hears.
    client.on("error", () => {});
    client.on("message", (_, payload) => {
      if (!asksForBirth(payload)) return;
      this.asked++;
      if (obedient) void this.birth();
    });
    await client.subscribeAsync(commandTopic(this.#o), { qos: 1 });
    await this.birth();
  }

  /** Says who it is and what its devices are. */
  async birth(): Promise<void> {
    this.#seq = 0;
    const own: WrittenMetric[] = [
      { name: "bdSeq", dataType: DATA_TYPE.int64, value: this.#bdSeq },
      { name: REBIRTH, dataType: DATA_TYPE.boolean, value: false },
      ...(this.#births.get(undefined) ?? []),
    ];
    await this.#publish("NBIRTH", undefined, own);
    for (const device of this.#births.keys()) if (device !== undefined) await this.birthOf(device);
  }

  /** The birth of one device. */
  birthOf(device: string): Promise<void> {
    return this.#publish("DBIRTH", device, this.#births.get(device) ?? []);
  }

  /** Values of a device, or of the node itself. */
  say(device: string | undefined, metrics: readonly WrittenMetric[]): Promise<void> {
    return this.#publish(device === undefined ? "NDATA" : "DDATA", device, metrics);
  }

  /** A device behind it has gone. */
  deathOf(device: string): Promise<void> {
    return this.#publish("DDEATH", device, []);
  }

  /** A message is lost on the way: its number is used up. */
  lose(): void {
    this.#seq = (this.#seq + 1) % SEQUENCE;
  }

  /** Publishes something of its own making under its name. */
  async utter(verb: Verb, { device, payload }: { device?: string; payload: Uint8Array }): Promise<void> {
    await this.#client?.publishAsync(this.#topic(verb, device), Buffer.from(payload), { qos: 0 });
  }

  /** Its death of this session, or of one `before` it. */
  async die(before = 0): Promise<void> {
    await this.#client?.publishAsync(this.#topic("NDEATH"), Buffer.from(this.#death(before)), { qos: 1 });
  }

  /** Its connection breaks: the broker publishes its will. */
  drop(): void {
    this.#client?.stream.destroy();
    this.#client = undefined;
  }

  /** Leaves in good order, without the will. */
  async close(): Promise<void> {
    await this.#client?.endAsync(true);
    this.#client = undefined;
  }

  #death(before = 0): Uint8Array {
    const value = (this.#bdSeq - before + SEQUENCE) % SEQUENCE;
    return writePayload({
      timestamp: this.#now(),
      metrics: [{ name: "bdSeq", dataType: DATA_TYPE.int64, value }],
    });
  }

  async #publish(verb: Verb, device: string | undefined, metrics: readonly WrittenMetric[]): Promise<void> {
    const timestamp = this.#now();
    const payload = writePayload({
      timestamp,
      seq: this.#seq,
      metrics: metrics.map((metric) => ({ timestamp, ...metric })),
    });
    this.#seq = (this.#seq + 1) % SEQUENCE;
    await this.#client?.publishAsync(this.#topic(verb, device), Buffer.from(payload), { qos: 0 });
  }

  #topic(verb: Verb, device?: string): string {
    return edgeTopic(this.#o, verb, device);
  }

  #now(): number {
    return Math.floor(this.#o.clock.wall() / MILLISECOND);
  }
}
