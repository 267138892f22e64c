import { stringify } from "yaml";
import { freePort } from "../../support/free-port.ts";
import type { Bench } from "./peer.ts";

/*
 * LoRaWAN, so far without a network server: what was sent again is known by its frame counter. test/lorawan has those situations.
 */

const PROFILE = stringify({
  id: "node",
  vendor: "test",
  product: "test",
  class: "level",
  name: "节点",
  source: "test",
  maturity: "documented",
  channels: { depth: { quantity: "water_depth", period: "1m" } },
  lorawan: { messages: [{ channels: { depth: { path: "depth", unit: "m" } } }] },
});

/** The client of a network server's broker, which is not there. */
export const lorawanBenches: Readonly<Record<string, Bench>> = {
  lorawan: {
    owes: "a network server that passes uplinks on",
    set: async () => ({
      site: stringify({
        site: { id: "bench", name: "试验台" },
        http: { enabled: false },
        profiles: ["./profiles"],
        links: { net: { type: "lorawan", url: `mqtt://127.0.0.1:${await freePort()}` } },
        points: { weir: { name: "堰", domain: "water" } },
        devices: {
          gauge: { profile: "node", link: "net", point: "weir", address: { devEui: "24E124136B502217" } },
        },
      }),
      files: { "profiles/node.yaml": PROFILE },
    }),
  },
};
