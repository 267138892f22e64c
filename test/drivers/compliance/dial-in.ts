import { stringify } from "yaml";
import { encodeUnit } from "../../../drivers/gb26875/encode-unit.ts";
import { TYPE } from "../../../drivers/gb26875/unit.ts";
import { writeReport } from "../../../drivers/sl651/body-writer.ts";
import { FUNCTION } from "../../../drivers/sl651/control.ts";
import { parseStationAddress } from "../../../drivers/sl651/station-address.ts";
import { AFN } from "../../../drivers/szy206/frame.ts";
import { LAYOUTS } from "../../../drivers/szy206/layouts.ts";
import { writeNumber } from "../../../drivers/szy206/numbers.ts";
import { zoneOf } from "../../../drivers/zone.ts";
import { HOUR, SystemClock } from "../../../model/time.ts";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import { SimulatedTransmitter } from "../../../simulators/gb26875-device.ts";
import { Hj212Logger } from "../../../simulators/hj212-logger.ts";
import { Sl651Station } from "../../../simulators/sl651-station.ts";
import { Szy206Terminal } from "../../../simulators/szy206-terminal.ts";
import { frameOf } from "../../gb26875/reading-frames.ts";
import { siteText as gb26875Site, SOURCE } from "../../gb26875/site.ts";
import { siteText as hj212Site, PROFILE as LOGGER, MN } from "../../hj212/site.ts";
import { OWN, siteText as szy206Site, TERMINAL } from "../../szy206/site.ts";
import { Caller, type Line } from "./caller.ts";
import type { Bench } from "./peer.ts";

/*
 * Devices that dial in over TCP, report, and wait for an answer.
 */

const clock = new SystemClock();
/** A flood is meant: the bounds on a connection's frames a second and on unread answers have their own tests. */
const FAST = { limits: { rate: 1_000_000 } };
const FAST_READER = { limits: { ...FAST.limits, outgoing: "64MiB" } };

async function transmitter(listening: string): Promise<Line> {
  const device = new SimulatedTransmitter({ clock, centre: parseEndpoint(listening), source: SOURCE });
  await device.connect();
  return {
    frame: (n) => {
      const object = {
        system: 1,
        systemAddress: 1,
        component: 40,
        address: 10 + 2 * 65_536,
        flags: n % 2 === 0 ? 1 : 3,
        time: Number.NaN,
      };
      return frameOf({
        serial: n,
        source: SOURCE,
        unit: encodeUnit(TYPE.componentState, [object], { zone: zoneOf("+08:00") }),
      });
    },
    send: (bytes) => device.raw(bytes),
    get acknowledged() {
      return device.confirmed.length;
    },
    close: () => device.disconnect(),
  };
}

const STATION = "0012345678";
const RIVER_STATION = 0x48;
/** Guide of a water level (table 58). */
const LEVEL = 0x39;

async function station(listening: string): Promise<Line> {
  const address = parseStationAddress(STATION)!;
  const device = new Sl651Station({ ...parseEndpoint(listening), address, clock });
  await device.connect();
  return {
    frame: (n) => {
      const groups = [{ observed: clock.wall(), elements: [{ guide: LEVEL, value: n / 100 }] }];
      const report = { stations: [{ address, category: RIVER_STATION, groups }] };
      const writing = { encoding: "hex", offset: 8 * HOUR } as const;
      return device.frame(FUNCTION.timed, writeReport({ ...report, serial: n, sent: clock.wall() }, writing));
    },
    send: (bytes) => device.send(bytes),
    get acknowledged() {
      return device.received.length;
    },
    close: () => device.close(),
  };
}

async function logger(listening: string): Promise<Line> {
  const device = new Hj212Logger({ ...parseEndpoint(listening), mn: MN, clock });
  await device.connect();
  return {
    frame: (n) => device.frame(device.segment(2011, `DataTime=20260521143000;a21028-Rtd=${n / 1000}`)),
    send: (bytes) => device.send(bytes),
    get acknowledged() {
      return device.received.length;
    },
    close: () => device.close(),
  };
}

async function terminal(listening: string): Promise<Line> {
  const device = new Szy206Terminal({ ...parseEndpoint(listening), address: TERMINAL, clock });
  await device.connect();
  const [flow, volume] = LAYOUTS[3]!;
  return {
    frame: (n) => {
      const values = Buffer.concat([writeNumber(n / 1000, flow!), writeNumber(n, volume!)]);
      return device.frame(AFN.report, 3, device.data({ code: 3, values }));
    },
    send: (bytes) => device.send(bytes),
    get acknowledged() {
      return device.received.length;
    },
    close: () => device.close(),
  };
}

const sl651Site = stringify({
  site: { id: "bench", name: "试验台" },
  http: { enabled: false },
  links: { rtu: { type: "sl651-server", listen: "127.0.0.1:0", ...FAST_READER } },
  points: { weir: { name: "水位站", domain: "water" } },
  devices: { river: { profile: "sl651-river", link: "rtu", point: "weir", address: { station: STATION } } },
});

const bench = (
  setting: { site: string; files?: Readonly<Record<string, string>> },
  dial: (listening: string) => Promise<Line>,
  more: Partial<Pick<Extract<Bench, { asks: false }>, "flood" | "tellsLoss">> = {},
): Bench => ({
  asks: false,
  flood: "slows",
  tellsLoss: false,
  ...more,
  set: () => Promise.resolve({ ...setting, peer: new Caller(dial) }),
});

/** Servers for the protocols of fire protection, hydrology, environment and water resources. */
export const dialInBenches: Readonly<Record<string, Bench>> = {
  "gb26875-server": bench({ site: gb26875Site({ link: FAST }) }, transmitter, {
    flood: "unacknowledged",
    tellsLoss: true,
  }),
  "sl651-server": bench({ site: sl651Site }, station),
  "hj212-server": bench(
    { site: hj212Site({ link: FAST_READER }), files: { "profiles/logger.yaml": LOGGER } },
    logger,
  ),
  "szy206-server": bench(
    { site: szy206Site({ link: FAST_READER }), files: { "profiles/own.yaml": OWN } },
    terminal,
  ),
};
