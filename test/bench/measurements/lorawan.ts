import { join } from "node:path";
import { Codecs } from "../../../drivers/lorawan/codecs.ts";
import { SystemClock } from "../../../model/time.ts";
import { type Measurement, verdict } from "../measurement.ts";
import { round3 } from "../table.ts";

const GOAL = 3_000;
const UPLINKS = 30_000;
const WARM_UP = 2_000;
/** Uplinks that wait at a time. */
const WINDOW = 500;
const CODEC = join(import.meta.dirname, "../../../drivers/lorawan/codecs/milesight.js");
/** A tilt sensor's: battery and three angles. */
const BYTES = [...Buffer.from("01756403cf00000000282307", "hex")];

/** Uplinks through a vendor's codec in its sandbox, there and back across the thread. */
export const lorawan: Measurement = {
  id: "lorawan",
  run: async (progress) => {
    progress(`${UPLINKS} uplinks through a codec`);
    const codecs = new Codecs({
      files: [CODEC],
      bounds: { deadline: 1_000, memoryBytes: 16 * 2 ** 20, output: 65_536 },
      waiting: 10_000,
      clock: new SystemClock(),
      onRestart: () => {},
      onParked: () => {},
      onHealth: () => {},
    });
    codecs.start();
    // The thread of codecs keeps no process alive.
    const awake = setInterval(() => {}, 1_000);
    try {
      await decode(codecs, WARM_UP);
      const began = performance.now();
      const failed = await decode(codecs, UPLINKS);
      const rate = (UPLINKS * 1_000) / (performance.now() - began);
      return [
        {
          what: "LoRaWAN: uplinks decoded by a JavaScript codec in its sandbox",
          goal: `≥ ${GOAL} uplinks/s`,
          measured: `${round3(rate)} uplinks/s`,
          verdict: verdict(rate >= GOAL && failed === 0),
          figures: { uplinks_per_second: rate, failed },
        },
      ];
    } finally {
      clearInterval(awake);
      await codecs.stop();
    }
  },
};

/** How many gave nothing. */
function decode(codecs: Codecs, count: number): Promise<number> {
  return new Promise((resolve) => {
    let sent = 0;
    let done = 0;
    let failed = 0;
    const next = () => {
      const input = JSON.stringify({ bytes: BYTES, fPort: 85, recvTime: sent++ });
      codecs.decode(0, { input, device: 0 }, (outcome) => {
        if ("fault" in outcome) failed++;
        if (++done === count) resolve(failed);
        else if (sent < count) next();
      });
    };
    for (let i = 0; i < Math.min(WINDOW, count); i++) next();
  });
}
