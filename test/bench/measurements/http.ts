import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { freePort } from "../../support/free-port.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import type { Measurement, Row } from "../measurement.ts";
import { round3 } from "../table.ts";

const HOMES = 300;
const CONNECTIONS = 100;
/** Requests of one connection on their way. */
const WINDOW = 8;
const SECONDS = 8;
const WARM_UP_SECONDS = 2;
/** Messages of devices in one request. */
const SIZES = [1, 20];
/** Readings of one message: smoke, low battery, temperature. */
const READINGS = 3;
const TOKEN = "bench";

const imei = (n: number) => String(866_971_030_000_000 + n);

const SITE = (port: number) => `
site: { id: bench, name: { zh: 试验台, en: Bench } }
http: { enabled: false }
links:
  push:
    type: http-intake
    listen: "127.0.0.1:${port}"
    sources:
      cloud:
        token: { secret: "file:./token" }
        envelope: { messages: list, device: imei, id: [msgId] }
        rate: 100000
        held: 100000
points: { home: { name: { zh: 住户, en: Homes }, domain: fire } }
devices:
${Array.from({ length: HOMES }, (_, n) => `  sa-${n}: { profile: nb-iot-smoke, link: push, point: home, address: { source: cloud, id: "${imei(n)}" } }`).join("\n")}
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: bench, guidance: { zh: 核实, en: Verify } }
`;

/** Pushes of a vendor's cloud, each answered when all in it is on disk: one message of a device a request, and several. */
export const http: Measurement = {
  id: "http",
  run: async (progress) => {
    const rows: Row[] = [];
    for (const size of SIZES) {
      progress(`${CONNECTIONS} connections, ${size} messages a request`);
      rows.push(await pushed(size));
    }
    return rows;
  },
};

async function pushed(size: number): Promise<Row> {
  using folder = temporaryFolder("bench");
  const port = await freePort();
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE(port));
  writeFileSync(folder.join("token"), TOKEN);
  await using _gateway = await startGateway(file);
  const clouds = await Promise.all(
    Array.from({ length: CONNECTIONS }, (_, n) => Cloud.dial(port, { first: n, size })),
  );
  const sum = (of: (cloud: Cloud) => number) => clouds.reduce((total, cloud) => total + of(cloud), 0);
  await seconds(WARM_UP_SECONDS);
  const from = sum(({ taken }) => taken);
  const began = performance.now();
  await seconds(SECONDS);
  const rate = ((sum(({ taken }) => taken) - from) * 1_000) / (performance.now() - began);
  const refused = sum((cloud) => cloud.refused);
  for (const cloud of clouds) cloud.stop();
  const messages = rate * size;
  return {
    what: `HTTP intake: requests of ${size} ${size === 1 ? "message" : "messages"} accepted durably and answered`,
    goal: "none set, and none refused",
    measured: `${round3(rate)} requests/s, ${round3(messages * READINGS)} readings/s`,
    verdict: refused === 0 ? "for comparison" : "short",
    figures: { requests_per_second: rate, readings_per_second: messages * READINGS, refused },
  };
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}

/** A connection of a cloud that always has a window of requests on their way. */
class Cloud {
  /** Requests answered with 200, and with anything else. */
  taken = 0;
  refused = 0;
  readonly #socket: ReturnType<typeof connect>;
  readonly #first: number;
  readonly #size: number;
  #number = 0;
  #heard = "";
  #stopped = false;

  static async dial(port: number, options: { first: number; size: number }): Promise<Cloud> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new Cloud(socket, options);
  }

  private constructor(socket: ReturnType<typeof connect>, { first, size }: { first: number; size: number }) {
    this.#socket = socket;
    this.#first = first;
    this.#size = size;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => this.#answers(bytes.toString("latin1")));
    this.#push(WINDOW);
  }

  stop(): void {
    this.#stopped = true;
    this.#socket.destroy();
  }

  #answers(text: string): void {
    this.#heard += text;
    let done = 0;
    for (const [, status] of this.#heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
      if (status === "200") this.taken++;
      else this.refused++;
      done++;
    }
    // A status line that has only come in part is looked at again with its rest.
    this.#heard = this.#heard.slice(this.#heard.lastIndexOf("\n") + 1);
    if (!this.#stopped && done > 0) this.#push(done);
  }

  #push(count: number): void {
    this.#socket.write(Array.from({ length: count }, () => this.#request()).join(""));
  }

  #request(): string {
    const list = Array.from({ length: this.#size }, () => {
      const n = this.#number++;
      const home = (this.#first + n) % HOMES;
      return `{"imei":"${imei(home)}","msgId":"${this.#first}-${n}","status":"11","temperature":${20 + (n % 10)}}`;
    });
    const body = `{"list":[${list.join(",")}]}`;
    const head = [
      "POST /cloud HTTP/1.1",
      "Host: gateway",
      `Authorization: Bearer ${TOKEN}`,
      "Content-Type: application/json",
      `Content-Length: ${body.length}`,
    ];
    return `${head.join("\r\n")}\r\n\r\n${body}`;
  }
}
