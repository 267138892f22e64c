import { describe, expect, test } from "vitest";
import type { Stranger } from "../../drivers/driver.ts";
import { FUNCTION } from "../../drivers/sl651/control.ts";
import { parseStationAddress } from "../../drivers/sl651/station-address.ts";
import { Twins, type Way } from "../../drivers/tcp/twins.ts";
import { MILLISECOND } from "../../model/time.ts";
import * as gb26875 from "../gb26875/site.ts";
import * as hj212 from "../hj212/site.ts";
import * as sl651 from "../sl651/site.ts";
import { until } from "../support/until.ts";
import * as szy206 from "../szy206/site.ts";

/** Two addresses of one machine. */
const [HERE, THERE] = ["127.0.0.1", "127.0.0.2"];

describe("two devices that call themselves the same", () => {
  const way = (address: string): Way & { open: boolean } => ({ address, open: true });

  test("are found when they speak by turns", () => {
    const twins = new Twins();
    const [a, b] = [way(HERE), way(THERE)];
    expect([a, b, a, a, b].map((one) => twins.heard("uitd", one))).toEqual([
      undefined,
      undefined,
      b,
      undefined,
      a,
    ]);
  });

  test.each([
    [
      "a device that dials in anew, from wherever, and leaves its old connection",
      [way(HERE), way(THERE), way(HERE)],
    ],
    ["a relay that spreads the frames of its devices over two connections", relay()],
    ["one that comes back because its other connection has ended", ended()],
  ])("%s is one device", (_, ways) => {
    const twins = new Twins();
    for (const one of ways) expect(twins.heard("uitd", one)).toBeUndefined();
  });

  function relay(): Way[] {
    const [a, b] = [way(HERE), way(HERE)];
    return [a, b, a, b];
  }

  function ended(): Way[] {
    const [a, b] = [way(HERE), { ...way(THERE), open: false }];
    return [a, b, a];
  }
});

/** A driver with a device that has dialled in twice: from here, and from there. */
interface Bench extends AsyncDisposable {
  readonly driver: { strangers(): readonly Stranger[] };
  /** The one here, or the one there, says something. */
  speaks(who: 0 | 1): Promise<unknown>;
  turns(): number;
}

const NOW = "DataTime=20260521143005;a21028-Rtd=0.031";
const LEVEL = {
  stations: [
    {
      address: parseStationAddress("0012345678")!,
      category: 0x48,
      groups: [{ observed: Date.UTC(2026, 4, 21) * MILLISECOND, elements: [] }],
    },
  ],
};
const FLOW = { code: 3, values: Buffer.alloc(10) };

const PROTOCOLS: readonly { name: string; device: string; address: string; open(): Promise<Bench> }[] = [
  {
    name: "GB/T 26875.3",
    device: "uitd-1",
    address: `{ source: ${gb26875.SOURCE} }`,
    open: async () => {
      const stand = await gb26875.Stand.start();
      const [here, there] = [
        await stand.transmitter({ from: HERE }),
        await stand.transmitter({ from: THERE }),
      ];
      return {
        driver: stand.driver,
        speaks: (who) => [here, there][who]!.heartbeat(),
        turns: () => stand.count("twins"),
        [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "SL 651",
    device: "river",
    address: '{ station: "0012345678" }',
    open: async () => {
      const stand = await sl651.Stand.open();
      const [here, there] = [await stand.call({ from: HERE }), await stand.call({ from: THERE })];
      return {
        driver: stand.driver,
        speaks: (who) => [here, there][who]!.report(FUNCTION.timed, LEVEL),
        turns: () => stand.total("sl651_twins"),
        [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "HJ 212",
    device: "logger",
    address: `{ mn: "${hj212.MN}" }`,
    open: async () => {
      const stand = await hj212.Stand.open();
      const [here, there] = [await stand.call({ from: HERE }), await stand.call({ from: THERE })];
      return {
        driver: stand.inner.driver,
        speaks: (who) => [here, there][who]!.report(2011, NOW),
        turns: () => stand.inner.total("hj212_twins"),
        [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: "SZY 206",
    device: "intake",
    address: `{ terminal: "${szy206.TERMINAL}" }`,
    open: async () => {
      const stand = await szy206.Stand.open();
      const [here, there] = [await stand.call({ from: HERE }), await stand.call({ from: THERE })];
      return {
        driver: stand.inner.driver,
        speaks: (who) => [here, there][who]!.report(FLOW),
        turns: () => stand.inner.total("szy206_twins"),
        [Symbol.asyncDispose]: () => stand[Symbol.asyncDispose](),
      };
    },
  },
];

describe.each(PROTOCOLS)(
  "a second device that is a copy of the first: $name",
  ({ device, address, open }) => {
    test("is counted, and shown with where both call from", async () => {
      await using bench = await open();
      for (const who of [0, 1] as const) await bench.speaks(who);
      expect(bench.turns()).toBe(0);
      expect(bench.driver.strangers()).toEqual([]);
      await bench.speaks(0);
      await until("it is noticed", () => bench.turns() === 1);
      expect(bench.driver.strangers()).toMatchObject([
        {
          address,
          twin: device,
          peer: expect.stringContaining(HERE),
          said: `calls itself ${device}, as ${THERE} does`,
        },
      ]);
    });
  },
);
