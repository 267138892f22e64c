import { stringify } from "yaml";
import { freePort } from "../../support/free-port.ts";
import type { Bench } from "./peer.ts";

/*
 * Sparkplug B, so far without an edge node: its births enter as readings, and what was lost comes again by a rebirth, not as a
 * repeat. test/sparkplug has those situations.
 */

const PROFILE = stringify({
  id: "edge",
  vendor: "test",
  product: "test",
  class: "gas",
  name: "网关",
  source: "test",
  maturity: "documented",
  channels: { lel: { quantity: "gas_lel", period: "1m" } },
  sparkplug: { channels: { lel: { metric: "Gas/LEL" } } },
});

/** The host application, with no broker. */
export const sparkplugBenches: Readonly<Record<string, Bench>> = {
  sparkplug: {
    owes: "a device that is born, reports and dies",
    set: async () => ({
      site: stringify({
        site: { id: "bench", name: "试验台" },
        http: { enabled: false },
        profiles: ["./profiles"],
        links: { plant: { type: "sparkplug", url: `mqtt://127.0.0.1:${await freePort()}` } },
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
    }),
  },
};
