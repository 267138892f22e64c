import { once } from "node:events";
import { connect } from "node:net";
import { stringify } from "yaml";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import { Caller, type Line } from "./caller.ts";
import type { Bench } from "./peer.ts";

/*
 * A smoke alarm at home that a vendor's cloud pushes for, over one connection, without waiting for its answers.
 */

const IMEI = "866971030000001";
const ACCEPTED = /HTTP\/1\.1 200 /g;

const site = stringify({
  site: { id: "bench", name: "试验台" },
  http: { enabled: false },
  links: {
    cloud: {
      type: "http-intake",
      listen: "127.0.0.1:0",
      sources: { cloud: { envelope: { device: "imei", id: ["msgId"] }, rate: 100_000, held: 100_000 } },
    },
  },
  points: { home: { name: "住户", domain: "fire" } },
  devices: {
    alarm: { profile: "nb-iot-smoke", link: "cloud", point: "home", address: { source: "cloud", id: IMEI } },
  },
});

async function cloud(listening: string): Promise<Line> {
  const socket = connect(parseEndpoint(listening));
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  let heard = "";
  let acknowledged = 0;
  socket.on("data", (bytes: Buffer) => {
    heard += bytes.toString("latin1");
    acknowledged += heard.match(ACCEPTED)?.length ?? 0;
    // Only the beginning of an answer may be missing still.
    heard = heard.slice(heard.lastIndexOf("\n") + 1);
  });
  return {
    frame: (n) => {
      const body = JSON.stringify({ imei: IMEI, msgId: `m${n}`, status: n % 2 === 0 ? "11" : "01" });
      const head = [
        "POST /cloud HTTP/1.1",
        "Host: gateway",
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
      ];
      return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
    },
    send: (bytes) => socket.write(bytes),
    get acknowledged() {
      return acknowledged;
    },
    close: async () => {
      if (socket.destroyed) return;
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}

/** What is pushed over HTTP. */
export const httpBenches: Readonly<Record<string, Bench>> = {
  "http-intake": {
    asks: false,
    // Every request gets its answer: what cannot be kept now is 503, and comes again.
    flood: "unacknowledged",
    tellsLoss: false,
    set: () => Promise.resolve({ site, peer: new Caller(cloud) }),
  },
};
