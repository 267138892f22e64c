import { once } from "node:events";
import { connect } from "node:net";
import { stringify } from "yaml";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import { RawClient } from "../../mqtt/raw-client.ts";
import { freePort } from "../../support/free-port.ts";
import { PassingBroker, VERSION } from "./passing-broker.ts";
import type { Bench, Reporter } from "./peer.ts";

/*
 * A gauge that says its depth on a topic: to the embedded broker, or to a broker that the driver is a client of.
 */

const TOPIC = "devices/gauge/depth";
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
        peer: new PassingBroker({ port, message: (n) => ({ topic: TOPIC, payload: depth(n) }) }),
      };
    },
  },
};
