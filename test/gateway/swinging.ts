import { connect, type MqttClient } from "mqtt";
import { UnacknowledgedStore } from "../../simulators/mqtt-store.ts";
import { until } from "../support/until.ts";

/** Publications under way at a time. */
const WINDOW = 64;

/**
 * The profile of an instrument that numbers its messages, so that each can be found again: `devices/<device>/up`, a number `n`, a
 * level `v` and its own time `t` in Unix µs.
 */
export const SWINGING_PROFILE = `
id: swinging
vendor: bench
product: swinging level
class: level
name: 摆动
source: test
maturity: documented
greatestDelay: 30d
channels:
  number: { quantity: count, period: 1s, stale: 1d }
  level: { quantity: water_level, period: 1s, stale: 1d }
payload:
  topic: devices/{device}
  messages:
    - suffix: /up
      time: { path: t, format: unix-us }
      channels: { number: { path: n }, level: { path: v } }
`;

/** Publishes numbered messages with QoS 1, and remembers which were acknowledged. Connects again by itself, for ever. */
export class Swinging implements AsyncDisposable {
  readonly acknowledged = new Set<number>();
  readonly #client: MqttClient;
  readonly #topic: string;
  readonly #began = Date.now() * 1000;
  #next = 0;
  #wanted = 0;
  #underWay = 0;

  readonly #level: (n: number) => number;

  /** `address`: `host:port` of a broker; `level`: what message n says the level is. */
  constructor(
    address: string,
    device: string,
    { clean = false, level = () => 1 }: { clean?: boolean; level?: (n: number) => number } = {},
  ) {
    this.#level = level;
    this.#topic = `devices/${device}/up`;
    this.#client = connect(`mqtt://${address}`, {
      clientId: device,
      clean,
      reconnectPeriod: 50,
      connectTimeout: 2_000,
      // The library resends without the DUP mark that the standard demands; this store sets it.
      outgoingStore: new UnacknowledgedStore(),
    });
    this.#client.on("error", () => {});
    this.#client.on("connect", () => this.#fill());
  }

  /** Messages handed to the network so far. */
  get published(): number {
    return this.#next;
  }

  /** Publishes so many more, as fast as they are acknowledged. */
  go(count: number): void {
    this.#wanted += count;
    this.#fill();
  }

  /** Asks for no more than has been published by now. */
  halt(): void {
    this.#wanted = this.#next;
  }

  /** Publishes so many more, and waits until all are acknowledged. */
  async publish(count: number): Promise<void> {
    this.go(count);
    await this.settled();
  }

  /** Waits until everything asked for is acknowledged. */
  async settled(detail: () => string = () => ""): Promise<void> {
    await until("everything published is acknowledged", () => this.acknowledged.size === this.#wanted, {
      withinMs: 25_000,
      detail: () => `${this.acknowledged.size} of ${this.#wanted} are\n${detail()}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }

  #fill(): void {
    while (this.#next < this.#wanted && this.#underWay < WINDOW) {
      const n = this.#next++;
      this.#underWay++;
      const payload = JSON.stringify({ n, v: this.#level(n), t: this.#began + n * 1000 });
      this.#client.publish(this.#topic, payload, { qos: 1 }, (error) => {
        this.#underWay--;
        if (error) return;
        this.acknowledged.add(n);
        this.#fill();
      });
    }
  }
}
