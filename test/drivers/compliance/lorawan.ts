import { stringify } from "yaml";
import { freePort } from "../../support/free-port.ts";
import { PassingBroker, VERSION } from "./passing-broker.ts";
import type { Bench } from "./peer.ts";

/*
 * A gauge whose uplinks a network server passes on, decoded by its vendor's codec.
 */

const EUI = "24e124136b502217";
const TOPIC = `application/1/device/${EUI}/event/up`;
const PORT = 85;
/** When report 0 was heard, Unix ms: one that is sent again says the same instant. */
const FIRST = Date.parse("2026-05-01T08:00:00Z");

/** Report `n` as ChirpStack says it: its frame counter, and the depth in cm. */
function uplink(n: number): string {
  const bytes = [0x03, 0x77, n & 0xff, n >> 8];
  return JSON.stringify({
    time: new Date(FIRST + 1_000 * n).toISOString(),
    deviceInfo: { devEui: EUI },
    devAddr: "01020304",
    fCnt: n,
    fPort: PORT,
    data: Buffer.from(bytes).toString("base64"),
  });
}

/** The client of a network server's broker. */
export const lorawanBenches: Readonly<Record<string, Bench>> = {
  lorawan: {
    asks: false,
    flood: "slows",
    tellsLoss: true,
    set: async () => {
      const port = await freePort();
      const backoff = { first: "50ms", greatest: "200ms" };
      return {
        site: stringify({
          site: { id: "bench", name: "试验台" },
          http: { enabled: false },
          links: { net: { type: "lorawan", url: `mqtt://127.0.0.1:${port}`, protocol: VERSION, backoff } },
          points: { weir: { name: "堰", domain: "water" } },
          devices: {
            gauge: { profile: "milesight-em500-swl", link: "net", point: "weir", address: { devEui: EUI } },
          },
        }),
        peer: new PassingBroker({ port, message: (n) => ({ topic: TOPIC, payload: uplink(n) }) }),
      };
    },
  },
};
