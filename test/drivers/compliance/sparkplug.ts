import type { IPublishPacket } from "mqtt-packet";
import { stringify } from "yaml";
import { DATA_TYPE } from "../../../drivers/sparkplug/data-type.ts";
import { asksForBirth } from "../../../drivers/sparkplug/node-control.ts";
import { type WrittenMetric, writePayload } from "../../../drivers/sparkplug/payload-writer.ts";
import { SEQUENCE } from "../../../drivers/sparkplug/topic.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";
import { PassingBroker, VERSION } from "./passing-broker.ts";
import type { Bench } from "./peer.ts";

/*
 * An edge node with one panel behind it. Sessions are clean, so that nothing is repeated by the broker: after a break the host asks
 * the node for its birth, and what the panel said last comes again with that.
 */

const METRIC = "Gas/LEL";
const COMMANDS = "spBv1.0/plant/NCMD/edge";

const PROFILE = stringify({
  id: "edge",
  vendor: "test",
  product: "test",
  class: "gas",
  name: "网关",
  source: "test",
  maturity: "documented",
  channels: { lel: { quantity: "gas_lel", period: "1m" } },
  sparkplug: { channels: { lel: { metric: METRIC } } },
});

/** The broker with the node behind it. */
class EdgeBehindBroker extends PassingBroker {
  #seq = 0;
  /** Births that the host has asked for. */
  #asked = 0;
  /** The panel has been born in this session of the node. */
  #born = false;

  constructor(port: number) {
    super({ port, session: false, message: (n) => this.#report(n) });
  }

  /** The node has lost the broker, too, and is born when it is back. */
  override async appear(): Promise<void> {
    await super.appear();
    this.#birthOfNode();
  }

  /** Only the host was away: it asks. */
  override async again(n: number): Promise<void> {
    const before = this.#asked;
    await this.interrupted();
    await until("the host asks for a birth", () => this.#asked > before);
    this.#birthOfNode();
    this.say(n);
  }

  override async babble(bytes: Buffer): Promise<void> {
    await super.babble(bytes);
    this.#birthOfNode();
  }

  protected override published(packet: IPublishPacket): void {
    if (packet.topic === COMMANDS && asksForBirth(packet.payload as Buffer)) this.#asked++;
  }

  #birthOfNode(): void {
    this.#seq = 0;
    this.#born = false;
    const payload = this.#payload([{ name: "bdSeq", dataType: DATA_TYPE.int64, value: 0 }]);
    this.pass({ topic: "spBv1.0/plant/NBIRTH/edge", payload });
  }

  /** The first report is the panel's birth, the others are data. */
  #report(n: number): { topic: string; payload: Buffer } {
    const verb = this.#born ? "DDATA" : "DBIRTH";
    this.#born = true;
    const metric = { name: METRIC, dataType: DATA_TYPE.double, value: n / 1000 };
    return { topic: `spBv1.0/plant/${verb}/edge/panel`, payload: this.#payload([metric]) };
  }

  #payload(metrics: readonly WrittenMetric[]): Buffer {
    const payload = writePayload({ timestamp: Date.now(), seq: this.#seq, metrics });
    this.#seq = (this.#seq + 1) % SEQUENCE;
    return Buffer.from(payload);
  }
}

/** The host application. */
export const sparkplugBenches: Readonly<Record<string, Bench>> = {
  sparkplug: {
    asks: false,
    flood: "slows",
    tellsLoss: true,
    set: async () => {
      const port = await freePort();
      const url = `mqtt://127.0.0.1:${port}`;
      const backoff = { first: "50ms", greatest: "200ms" };
      return {
        site: stringify({
          site: { id: "bench", name: "试验台" },
          http: { enabled: false },
          profiles: ["./profiles"],
          links: {
            plant: { type: "sparkplug", url, protocol: VERSION, backoff, rebirth: { interval: "1s" } },
          },
          points: { hall: { name: "厂房", domain: "gas" } },
          devices: {
            panel: {
              profile: "edge",
              link: "plant",
              point: "hall",
              address: { group: "plant", node: "edge", device: "panel" },
            },
          },
        }),
        files: { "profiles/edge.yaml": PROFILE },
        peer: new EdgeBehindBroker(port),
      };
    },
  },
};
