import { type Child, runChild, startChild } from "../support/child.ts";
import { defaultDeadlineMs, until } from "../support/until.ts";
import { requireProgram } from "./available.ts";

/** Where a client connects, and as whom. */
export interface MqttAddress {
  host: string;
  port: number;
  user?: string;
  password?: string;
  /** Client id; a subscriber with one can keep its session (`keepSession`). */
  id?: string;
  /** Protocol version; 3.1.1 unless told otherwise. */
  version?: "311" | "5";
}

/** A message as a subscriber got it. */
export interface MqttMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retained: boolean;
}

/** Options of {@link publish}. */
export interface PublishOptions {
  qos?: 0 | 1 | 2;
  retain?: boolean;
  /** How long the broker may take to acknowledge. */
  withinMs?: number;
}

/**
 * Publishes one message with `mosquitto_pub` and waits until it has ended, that is, with QoS 1 or 2, until the broker
 * has acknowledged it. An empty payload clears a retained message.
 *
 * @throws {Error} with the program's words when it is refused or not acknowledged in time.
 */
export async function publish(
  address: MqttAddress,
  {
    topic,
    payload,
    qos = 1,
    retain = false,
    withinMs,
  }: { topic: string; payload: string | Buffer } & PublishOptions,
): Promise<void> {
  const content = payload.length > 0 ? ["-m", payload.toString()] : ["-n"];
  const args = [
    ...addressArguments(address),
    "-t",
    topic,
    "-q",
    `${qos}`,
    ...(retain ? ["-r"] : []),
    ...content,
  ];
  const result = await runChild(
    requireProgram("mosquitto_pub"),
    args,
    withinMs === undefined ? {} : { withinMs },
  );
  if (result.code !== 0) {
    throw new Error(
      `mosquitto_pub ended with ${result.code}: ${[...result.stdout, ...result.stderr].join("; ")}`,
    );
  }
}

/**
 * Publishes many messages on one topic over one connection, each as soon as the line has been read.
 *
 * @throws {Error} with the program's words when it is refused or not done in time.
 */
export async function publishLines(
  address: MqttAddress,
  { topic, lines, qos = 1, withinMs }: { topic: string; lines: readonly string[] } & PublishOptions,
): Promise<void> {
  const args = [...addressArguments(address), "-t", topic, "-q", `${qos}`, "-l"];
  const input = lines.map((line) => `${line}\n`).join("");
  const options = withinMs === undefined ? { input } : { input, withinMs };
  const result = await runChild(requireProgram("mosquitto_pub"), args, options);
  if (result.code !== 0)
    throw new Error(`mosquitto_pub ended with ${result.code}: ${result.stderr.join("; ")}`);
}

/** Options of {@link subscribe}. */
export interface SubscribeOptions {
  qos?: 0 | 1 | 2;
  /** Keep the session after the end, so that the broker queues for this client id. */
  keepSession?: boolean;
}

/** A line of ours among the program's debugging output: retained, QoS, payload in hex, topic. */
const messageLine = /^=([01]) ([012]) ([0-9a-fA-F]*) (.*)$/;

const messageFormat = "=%r %q %x %t";

/** How many messages a subscription keeps; beyond it, the oldest are forgotten and counted. */
const keptMessages = 100_000;

/**
 * Subscribes with `mosquitto_sub` and waits until the broker has confirmed.
 *
 * @throws {Error} with the program's words when it is refused.
 */
export async function subscribe(
  address: MqttAddress,
  topics: readonly string[],
  { qos = 1, keepSession = false }: SubscribeOptions = {},
): Promise<Subscription> {
  const args = [
    ...addressArguments(address),
    ...topics.flatMap((topic) => ["-t", topic]),
    ...["-q", `${qos}`, "-F", messageFormat, "-d", ...(keepSession ? ["-c"] : [])],
  ];
  // Into a pipe it would hold its "Subscribed" back until a block is full: stdbuf (coreutils) sends each line.
  const child = startChild("stdbuf", ["-oL", requireProgram("mosquitto_sub"), ...args]);
  const subscription = new Subscription(child);
  try {
    await child.waitForLine(/^Subscribed \(mid: /);
    return subscription;
  } catch (failure) {
    await child.kill();
    throw failure;
  }
}

/** A running `mosquitto_sub`: all messages in the order of arrival. Made by {@link subscribe}. */
export class Subscription implements AsyncDisposable {
  /** The messages so far, oldest first. */
  readonly messages: MqttMessage[] = [];
  /** Messages forgotten because there were too many. */
  forgotten = 0;
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
    child.onLine(({ stream, text }) => {
      const parts = stream === "stdout" ? messageLine.exec(text) : null;
      if (parts === null) return;
      const [, retained, qos, payload = "", topic = ""] = parts;
      this.messages.push({
        topic,
        payload: Buffer.from(payload, "hex"),
        qos: Number(qos) as 0 | 1 | 2,
        retained: retained === "1",
      });
      if (this.messages.length > keptMessages) {
        this.messages.shift();
        this.forgotten++;
      }
    });
  }

  /**
   * Waits for a message, one that is already there included.
   *
   * @throws {Error} with the topics that did arrive, when the deadline passes.
   */
  async waitFor(
    predicate: (message: MqttMessage) => boolean,
    withinMs = defaultDeadlineMs,
  ): Promise<MqttMessage> {
    return await until("the message arrives", () => this.messages.find(predicate), {
      withinMs,
      detail: () =>
        `${this.messages.length} others: ${[...new Set(this.messages.map(({ topic }) => topic))].join(", ")}`,
    });
  }

  /**
   * Waits until so many messages are there, and returns them all.
   *
   * @throws {Error} when the deadline passes.
   */
  async waitForCount(count: number, withinMs = defaultDeadlineMs): Promise<MqttMessage[]> {
    return await until(`${count} messages arrive`, () => this.messages.length >= count && this.messages, {
      withinMs,
      detail: () => `${this.messages.length} have arrived`,
    });
  }

  /** Ends the subscription with a DISCONNECT. */
  async stop(): Promise<void> {
    await this.child.stop();
  }

  /** Ends it without a DISCONNECT, so that the broker notices only by the lost connection. */
  async kill(): Promise<void> {
    await this.child.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function addressArguments({ host, port, user, password, id, version = "311" }: MqttAddress): string[] {
  return [
    ...["-h", host, "-p", `${port}`, "-V", version === "5" ? "mqttv5" : "mqttv311"],
    ...(user === undefined ? [] : ["-u", user]),
    ...(password === undefined ? [] : ["-P", password]),
    ...(id === undefined ? [] : ["-i", id]),
  ];
}
