import type { MqttClient } from "mqtt";
import { ExternalBroker } from "../../../drivers/mqtt/client/external-broker.ts";
import { Gatekeeper } from "../../../drivers/mqtt/gatekeeper.ts";
import { DATA_TYPE } from "../../../drivers/sparkplug/data-type.ts";
import { asksForBirth } from "../../../drivers/sparkplug/node-control.ts";
import { PayloadError } from "../../../drivers/sparkplug/payload-reader.ts";
import { type WrittenMetric, writePayload } from "../../../drivers/sparkplug/payload-writer.ts";
import { hostState, stateTopic } from "../../../drivers/sparkplug/state.ts";
import { commandTopic, edgeTopic, SEQUENCE, type Verb } from "../../../drivers/sparkplug/topic.ts";
import { describe } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import { type Clock, MILLISECOND, type Micros, SECOND } from "../../../model/time.ts";
import { SinkUnavailable } from "../sink.ts";
import type { SparkplugSinkOptions } from "./options.ts";

/** Largest packet taken from the broker: commands and states are small. */
const PACKET_BYTES = 256 * 2 ** 10;
/** Acknowledgements are never held here; the connection wants a bound. */
const HELD = 1_000;
/** SUBACK codes from here on refuse (MQTT 3.1.1, 3.9.3; MQTT 5, table 3-8). */
const SUBACK_REFUSED = 0x80;
/** The word of our death gets this long when the gateway stops. */
const FAREWELL: Micros = SECOND / 4;

export interface EdgeSessionOptions {
  /** For logs. */
  readonly name: string;
  readonly clientId: string;
  readonly node: { readonly group: string; readonly node: string };
  readonly options: SparkplugSinkOptions;
  readonly password?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: {
    /** It can speak, or cannot any more; why not. */
    changed(why: SinkUnavailable | undefined): void;
    /** A host asks for the births. */
    rebirth(): void;
    /** A command that asks for nothing we do, or that cannot be read. */
    refused(): void;
  };
}

/** The node's connection: its death as the will, its numbers, its primary host, and commands to it. */
export class EdgeSession {
  readonly #o: EdgeSessionOptions;
  readonly #broker: ExternalBroker;
  readonly #keeper: Gatekeeper;
  readonly #commands: string;
  readonly #hostTopic: string | undefined;
  #listening = false;
  #host: { online: boolean; at: Micros | undefined } | undefined;
  #online = false;
  #born = false;
  #seq = 0;
  #bdSeq: number;
  /** Why a command was left last. */
  #refusal = "";
  /** Those that wait for the broker's word, which does not come when the connection is lost. */
  readonly #waiting = new Set<(lost: SinkUnavailable) => void>();

  /** @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read. */
  constructor(o: EdgeSessionOptions) {
    this.#o = o;
    const { options, clock } = o;
    this.#commands = commandTopic(o.node);
    this.#hostTopic = options.primaryHost && stateTopic(options.state, options.primaryHost);
    this.#keeper = new Gatekeeper(clock);
    // A process that is started again is not taken for the one before it, whose will may still come.
    this.#bdSeq = Math.floor(clock.wall() / SECOND) % SEQUENCE;
    this.#broker = new ExternalBroker({
      name: o.name,
      connection: { ...options, sessionExpiry: 0 },
      clientId: o.clientId,
      ...(o.password === undefined ? {} : { password: o.password }),
      will: () => {
        this.#bdSeq = (this.#bdSeq + 1) % SEQUENCE;
        return { topic: edgeTopic(o.node, "NDEATH", undefined), payload: this.#death(), retain: false };
      },
      clean: true,
      packetBytes: PACKET_BYTES,
      held: HELD,
      keeper: this.#keeper,
      clock,
      log: o.log,
      events: {
        dialling: (client) =>
          client.on("message", (topic, payload, { retain }) => this.#said(topic, payload, retain)),
        up: (client) => this.#connected(client),
        down: (why) => this.#lost(why),
      },
    });
  }

  /** Births may go out: the broker hears us, and the primary host is there if there is one. */
  get online(): boolean {
    return this.#online;
  }

  start(): void {
    this.#broker.start();
  }

  /** Says that the node dies, and disconnects; bounded. */
  async stop(): Promise<void> {
    if (this.#born) {
      const { clock } = this.#o;
      await new Promise<void>((resolve) => {
        const timer = clock.after(FAREWELL, resolve);
        this.#die(() => {
          timer.cancel();
          resolve();
        });
      });
    }
    this.#online = false;
    await this.#broker.stop();
    this.#keeper.stop();
    this.#release("the gateway stops");
  }

  /** The node's birth: numbers begin again. */
  bear(metrics: readonly WrittenMetric[]): void {
    this.#seq = 0;
    this.#born = this.#online;
    this.publish("NBIRTH", undefined, [
      { name: "bdSeq", timestamp: this.#now(), dataType: DATA_TYPE.int64, value: this.#bdSeq },
      ...metrics,
    ]);
  }

  /**
   * Publishes under the next number, with QoS 0 (tck-id-payloads-ndata-qos and its sisters): whether it arrived is asked afterwards.
   * @throws SinkUnavailable when there is no connection.
   */
  publish(
    verb: Exclude<Verb, "NDEATH">,
    device: string | undefined,
    metrics: readonly WrittenMetric[],
  ): void {
    const client = this.#client();
    const payload = writePayload({ timestamp: this.#now(), seq: this.#seq, metrics });
    this.#seq = (this.#seq + 1) % SEQUENCE;
    client.publish(edgeTopic(this.#o.node, verb, device), bufferOf(payload), { qos: 0, retain: false });
  }

  /**
   * Resolves when the broker has everything published so far: it reads one connection in order, and answers a subscription, here the
   * one it has already. @throws SinkUnavailable when the connection is lost first, or no answer comes within the deadline.
   */
  arrived(): Promise<void> {
    const client = this.#client();
    const { clock, options } = this.#o;
    return new Promise((resolve, reject) => {
      const fail = (lost: SinkUnavailable) => {
        timer.cancel();
        this.#waiting.delete(fail);
        reject(lost);
      };
      const timer = clock.after(options.deadline, () => {
        fail(new SinkUnavailable("the broker does not answer", { kind: "deadline" }));
        client.stream.destroy();
      });
      this.#waiting.add(fail);
      client.subscribe(this.#commands, { qos: 1 }, (_error, _grants, answer) => {
        if (!this.#waiting.has(fail)) return;
        if (answer === undefined) {
          fail(new SinkUnavailable("the connection to the broker was lost", { kind: "connection" }));
          return;
        }
        timer.cancel();
        this.#waiting.delete(fail);
        resolve();
      });
    });
  }

  #client(): MqttClient {
    const { client } = this.#broker;
    // Nothing follows its death but another birth.
    if (client === undefined || !this.#online || !this.#born) {
      throw new SinkUnavailable("the node is not connected", { kind: "connection" });
    }
    return client;
  }

  #connected(client: MqttClient): void {
    const filters = [this.#commands, ...(this.#hostTopic === undefined ? [] : [this.#hostTopic])];
    client.subscribe(filters, { qos: 1 }, (error, _grants, answer) => {
      // Without an answer the connection was lost; the next one asks again.
      if (error !== null && answer === undefined) return;
      const refused = filters.filter((_, index) => Number(answer?.granted[index] ?? 0) >= SUBACK_REFUSED);
      if (refused.length > 0) {
        this.#o.log.error(
          { topics: refused },
          "the MQTT broker refused subscriptions: commands or the primary host are not heard",
        );
      }
      if (this.#broker.client !== client) return;
      this.#listening = true;
      this.#judge();
    });
  }

  #said(topic: string, payload: Buffer, retained: boolean): void {
    if (topic === this.#hostTopic) this.#heardOfHost(payload);
    else if (topic !== this.#commands) return;
    // A kept command comes again with every subscription, and is of nobody knows when.
    else if (retained) this.#refuse("a command is retained");
    else this.#commanded(payload);
  }

  #heardOfHost(payload: Buffer): void {
    const state = hostState(this.#o.options.state, payload.toString());
    if (state === undefined) return;
    // The will of an earlier connection of the host, which has come back meanwhile (tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp).
    const known = this.#host?.at;
    if (known !== undefined && state.at !== undefined && state.at < known) return;
    this.#host = { online: state.online, at: state.at ?? known };
    const dies = !state.online && this.#born;
    this.#judge();
    // tck-id-message-flow-edge-node-birth-publish-phid-offline: it dies and comes back to wait, with another bdSeq.
    if (dies) this.#die(() => this.#broker.client?.end());
  }

  #commanded(payload: Buffer): void {
    try {
      if (asksForBirth(payload)) {
        this.#o.events.rebirth();
        return;
      }
      this.#refuse("a command asks for what this node does not do");
    } catch (thrown) {
      if (!(thrown instanceof PayloadError)) throw thrown;
      this.#refuse(`a command cannot be read: ${describe(thrown)}`);
    }
  }

  /** Counted each time; said again only when it is for another reason. */
  #refuse(why: string): void {
    this.#o.events.refused();
    if (why === this.#refusal) return;
    this.#refusal = why;
    this.#o.log.warn({ topic: this.#commands }, `left: ${why}`);
  }

  #judge(): void {
    const awaited = this.#hostTopic !== undefined && this.#host?.online !== true;
    const online = this.#listening && !awaited;
    if (online === this.#online) {
      if (this.#listening && awaited) this.#o.events.changed(this.#awaiting());
      return;
    }
    this.#online = online;
    if (online) this.#o.events.changed(undefined);
    else this.#offline(this.#awaiting());
  }

  #awaiting(): SinkUnavailable {
    return new SinkUnavailable(`the primary host ${this.#o.options.primaryHost} is not there`, {
      kind: "primary-host",
    });
  }

  #lost(why: string): void {
    this.#listening = false;
    this.#born = false;
    // What it said last may be out of date: the broker tells again, retained. Its times, too: a host whose clock was set back is back.
    this.#host = undefined;
    this.#online = false;
    this.#offline(new SinkUnavailable(why, { kind: "connection" }));
  }

  #offline(why: SinkUnavailable): void {
    this.#release(why.message);
    this.#o.events.changed(why);
  }

  #release(why: string): void {
    for (const fail of [...this.#waiting]) fail(new SinkUnavailable(why, { kind: "connection" }));
  }

  #die(then: () => void): void {
    this.#born = false;
    const { client } = this.#broker;
    if (client === undefined) then();
    else {
      const topic = edgeTopic(this.#o.node, "NDEATH", undefined);
      client.publish(topic, bufferOf(this.#death()), { qos: 1, retain: false }, () => then());
    }
  }

  /** A death has no number of its own, only that of its birth (tck-id-payloads-ndeath-seq). */
  #death(): Uint8Array {
    const metric = { name: "bdSeq", dataType: DATA_TYPE.int64, value: this.#bdSeq };
    return writePayload({ timestamp: this.#now(), metrics: [metric] });
  }

  #now(): number {
    return Math.floor(this.#o.clock.wall() / MILLISECOND);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
