import { randomUUID } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import type { ResultMessage } from "../../gateway/alerts/command-schemas.ts";
import type { EventMessage, VoidMessage } from "../../gateway/alerts/message-schemas.ts";
import { until } from "../support/until.ts";

type Heard = EventMessage | VoidMessage;

/** An event in a line: `transition rule subject severity`. */
export function lineOf(event: Heard): string {
  if (event.transition === "void") return `void ${event.voidFrom}-${event.voidTo}`;
  return `${event.transition} ${event.rule.id} ${event.where.subject} ${event.severity}`;
}

/** Somebody on duty: hears the alert topics over MQTT, gives commands, publishes for instruments where a test wants it. */
export class Staff implements AsyncDisposable {
  readonly client: MqttClient;
  /** Events in the order in which they came. */
  readonly events: Heard[] = [];
  /** Retained messages of alarm, point and status topics, the last of each; empty ones are gone. */
  readonly retained = new Map<string, unknown>();
  readonly #results = new Map<string, ResultMessage>();

  private constructor(client: MqttClient) {
    this.client = client;
  }

  /** Connects to `host:port` and begins to listen. */
  static async connect(
    address: string,
    { prefix = "tocsin", ...identity }: { username?: string; password?: string; prefix?: string } = {},
  ): Promise<Staff> {
    const client = await connectAsync(`mqtt://${address}`, { reconnectPeriod: 0, ...identity });
    client.on("error", () => {});
    const staff = new Staff(client);
    client.on("message", (topic, payload) => staff.#hear(topic.slice(prefix.length), payload.toString()));
    await client.subscribeAsync(
      ["event/#", "command/result/+", "alarm/#", "point/#", "status"].map((name) => `${prefix}/+/${name}`),
      { qos: 1 },
    );
    return staff;
  }

  lines(): string[] {
    return this.events.map(lineOf);
  }

  /** Waits until each of these lines has been heard (as often as it is given), whatever else was. */
  async hears(...lines: string[]): Promise<void> {
    await until(
      `staff hears ${lines.join(", ")}`,
      () => {
        const heard = this.lines();
        return lines.every(
          (line) => heard.filter((one) => one === line).length >= lines.filter((one) => one === line).length,
        );
      },
      { withinMs: 20_000, detail: () => `heard so far:\n${this.lines().join("\n")}` },
    );
  }

  /** The last event with this line. */
  event(line: string): EventMessage {
    const found = this.events.findLast((event) => lineOf(event) === line);
    if (found === undefined || found.transition === "void") throw new Error(`nobody heard ${line}`);
    return found as EventMessage;
  }

  /** Gives a command and waits for what became of it. */
  async command(site: string, verb: string, body: object): Promise<ResultMessage> {
    const id = randomUUID();
    await this.client.publishAsync(`tocsin/${site}/command/${verb}`, JSON.stringify({ id, ...body }), {
      qos: 1,
    });
    return await until(`the result of ${verb}`, () => this.#results.get(id));
  }

  /** Publishes with QoS 1; resolves with the PUBACK. */
  async publish(topic: string, payload: unknown): Promise<void> {
    const text = typeof payload === "string" ? payload : JSON.stringify(payload);
    await this.client.publishAsync(topic, text, { qos: 1 });
  }

  async leave(): Promise<void> {
    await this.client.endAsync(true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  #hear(path: string, payload: string): void {
    const [, , kind, second, third] = path.split("/");
    if (kind === "event") this.events.push(JSON.parse(payload) as Heard);
    else if (kind === "command" && second === "result")
      this.#results.set(third ?? "", JSON.parse(payload) as ResultMessage);
    else if (payload === "") this.retained.delete(path);
    else this.retained.set(path, JSON.parse(payload));
  }
}
