import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Driver } from "../../../drivers/driver.ts";
import { ModbusLink } from "../../../drivers/modbus/link.ts";
import { HOUR, MILLISECOND, SECOND, SystemClock } from "../../../model/time.ts";
import { RTU_FRAMING } from "../../../simulators/modbus-frame.ts";
import { ModbusModem } from "../../../simulators/modbus-modem.ts";
import { modbusLine } from "../../../simulators/modbus-session.ts";
import type { ModbusUnit } from "../../../simulators/modbus-unit.ts";
import { Stage } from "../../../simulators/stage.ts";
import { mbap, RawServer } from "../../modbus/raw-server.ts";
import { ModbusSite, type TestDevice } from "../../modbus/site.ts";
import { VirtualBus } from "../../modbus/virtual-bus.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { RecordingIntake } from "../../support/recording-intake.ts";
import { until } from "../../support/until.ts";
import { type Measurement, type Row, verdict } from "../measurement.ts";
import { mebibytes, round3 } from "../table.ts";

/** Heap that may be held beyond what was held when everything had happened at least once. */
const GOAL_GROWTH = 8 * 2 ** 20;
const GOAL_RECONNECTS = 2_000;

const LINKS = 25;
const MODEMS = 25;
/** Answers before a server resets its connection: what a bad radio network makes of it. */
const ANSWERS = 3;
const WARM_MS = 6_000;
const SECONDS = 20;

const COMPRESSED_HOURS = 6;
const WARM_HOURS = 1;
const DEVICES = 30;

/** Modbus for a long time: thousands of reconnections on real sockets, and hours on a clock that runs fast. Memory must not grow. */
export const modbusSoak: Measurement = {
  id: "modbus-soak",
  run: async (progress) => {
    progress(`${LINKS} servers that reset connections and ${MODEMS} modems that vanish, ${SECONDS} s`);
    const sockets = await reconnections();
    progress(`${COMPRESSED_HOURS} hours of a bus of ${DEVICES} devices, 3 of them dead`);
    return [sockets, await hours()];
  },
};

/** Heap in use once everything that can be freed is. */
function heap(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

function device(id: string, unit: number, address: object = {}): TestDevice {
  return { id, unit, address, profile: { modbus: { period: "100ms", channels: { r7: { address: 7 } } } } };
}

async function reconnections(): Promise<Row> {
  const drivers: Driver[] = [];
  const servers: RawServer[] = [];
  const sites: ModbusSite[] = [];
  const modems: ModbusModem[] = [];
  const intake = new RecordingIntake();
  intake.counting = true;
  const begin = async (site: ModbusSite, type: string, options: object) => {
    const driver = await site.driver(type, { timeout: "500ms", ...options });
    sites.push(site);
    drivers.push(driver);
    await driver.start(intake);
    return driver;
  };
  for (let i = 0; i < LINKS; i++) {
    let answers = 0;
    const server = await RawServer.start("mbap", (request, socket) => {
      server.requests.length = 0;
      if (++answers % ANSWERS === 0) socket.resetAndDestroy();
      else socket.write(mbap(request));
    });
    servers.push(server);
    await begin(new ModbusSite([device("a", 1)]), "modbus-tcp", { host: "127.0.0.1", port: server.port });
  }
  const names = Array.from({ length: MODEMS }, (_, i) => `m-${i}`);
  const dialIn = await begin(
    new ModbusSite(names.map((modem) => device(`d-${modem}`, 1, { modem }))),
    "modbus-dial-in",
    {
      listen: "127.0.0.1:0",
      modems: Object.fromEntries(names.map((modem) => [modem, { text: `DTU-${modem}` }])),
      away: "10s",
    },
  );
  const stage = new Stage({ clock: new SystemClock(), division: { tick: SECOND, repeat: undefined } });
  for (const name of names) {
    const modem = new ModbusModem(
      modbusLine({ framing: RTU_FRAMING, units: new Map([[1, unit]]), unknownUnit: "silent", stage }),
      {
        server: { host: "127.0.0.1", port: Number(dialIn.listening!.split(":").at(-1)) },
        registration: Buffer.from(`DTU-${name}`),
        heartbeat: undefined,
        redial: 50 * MILLISECOND,
      },
    );
    modem.start();
    modems.push(modem);
  }
  const shake = setInterval(() => {
    for (const modem of modems) if (modem.connected) modem.reset();
  }, 700);
  const count = (name: string) => sites.reduce((sum, site) => sum + site.count(name), 0);
  const reconnects = () => count("modbus_reconnects");
  await pause(WARM_MS);
  const before = { heap: heap(), reconnects: reconnects(), entered: intake.entered };
  await pause(SECONDS * 1_000);
  const grown = heap() - before.heap;
  const made = reconnects() - before.reconnects;
  const entered = intake.entered - before.entered;
  clearInterval(shake);
  for (const modem of modems) modem.stop();
  await Promise.all(drivers.map((driver) => driver.stop()));
  await Promise.all(servers.map((server) => server.close()));
  await until("everything is closed", () => true);
  return {
    what: `Modbus soak: ${LINKS} links reset every ${ANSWERS} answers, ${MODEMS} modems that dial in again and again`,
    goal: `≥ ${GOAL_RECONNECTS} reconnections, heap flat`,
    measured: `${made} reconnections in ${SECONDS} s, ${round3(entered / SECONDS)} readings/s, heap ${grown >= 0 ? "+" : "−"}${mebibytes(Math.abs(grown))}`,
    verdict: verdict(made >= GOAL_RECONNECTS && grown <= GOAL_GROWTH),
    figures: { reconnections: made, heap_growth_bytes: grown, readings_per_second: entered / SECONDS },
  };
}

const unit: ModbusUnit = {
  faults: () => [],
  memory: { writable: false, read: (_, { count }) => new Uint16Array(count), write: () => false },
};

async function hours(): Promise<Row> {
  const site = new ModbusSite(
    Array.from({ length: DEVICES }, (_, i) => ({
      id: `d${i + 1}`,
      unit: i + 1,
      profile: { modbus: { period: "10s", channels: { value: { address: 0 } } } },
    })),
  );
  const clock = new ManualClock();
  const intake = new RecordingIntake();
  intake.counting = true;
  let sessions = 0;
  const link = new ModbusLink(
    site.context("modbus-rtu", { path: "virtual", timeout: "1s" }, { clock }),
    {
      open: () => {
        sessions++;
        const bus = new VirtualBus(clock, 20 * MILLISECOND);
        for (const dead of [5, 15, 25]) bus.dead.add(dead);
        // The line is lost again and again, with a question on its way as often as not.
        clock.after(11 * SECOND, () => bus.lose());
        return Promise.resolve(bus);
      },
      inFlight: 1,
      untagged: true,
      frameGap: 0,
      mayBeDeaf: false,
    },
    () => 0.5,
  );
  await link.start(intake);
  const step = 50 * MILLISECOND;
  await clock.run(WARM_HOURS * HOUR, step);
  const before = { heap: heap(), entered: intake.entered, sessions };
  const began = performance.now();
  await clock.run((COMPRESSED_HOURS - WARM_HOURS) * HOUR, step);
  const took = (performance.now() - began) / 1_000;
  const grown = heap() - before.heap;
  const spent = COMPRESSED_HOURS - WARM_HOURS;
  const polls = (intake.entered - before.entered) / ((spent * HOUR) / (10 * SECOND)) / (DEVICES - 3);
  await link.stop();
  return {
    what: `Modbus soak: ${spent} hours of a bus that is lost every 11 s, 3 of ${DEVICES} devices dead`,
    goal: "≥ 1000 sessions, heap flat",
    measured: `${sessions - before.sessions} sessions in ${round3(took)} s, ${round3(polls)} readings a due poll of the living, heap ${grown >= 0 ? "+" : "−"}${mebibytes(Math.abs(grown))}`,
    verdict: verdict(grown <= GOAL_GROWTH && sessions - before.sessions >= 1_000),
    figures: {
      sessions: sessions - before.sessions,
      heap_growth_bytes: grown,
      hours: spent,
    },
  };
}
