import { describe, expect, test } from "vitest";
import { ESC, FUNCTION } from "../../drivers/sl651/control.ts";
import { HOUR, MINUTE, type Micros, SECOND } from "../../model/time.ts";
import { Sl651Station } from "../../simulators/sl651-station.ts";
import { Stand } from "../gateway/stand.ts";
import { until } from "../support/until.ts";

/* A small river with four stages, watched by a station of SL 651-2014, as the whole gateway sees it. */

const SITE = `
site: { id: county, name: 示范县 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  rtu: { type: sl651-server, listen: "127.0.0.1:0", limits: { firstFrame: 1h, silence: 30d } }
points:
  shiyang: { name: 石羊沟断面, domain: water }
devices:
  river-1:
    profile: sl651-river
    link: rtu
    point: shiyang
    address: { station: "0012345678" }
    channels:
      discharge: { exclude: true }
      velocity: { exclude: true }
      rain_1h: { exclude: true }
      rain_5min: { exclude: true }
      rain_today: { exclude: true }
      rain_total: { exclude: true }
      voltage: { exclude: true }
      mains: { exclude: true }
      level_5min: { exclude: true }
      storage_fault: { exclude: true }
      door: { exclude: true }
      level_fault: { exclude: true }
rules:
  flood:
    name: 河道水位
    applies: { device: river-1, channel: level }
    above: { blue: 173.5, yellow: 174, orange: 175, red: 176 }
    deadband: 0.1
    basis: 水情预警信号
    guidance: 按预案转移
  gauge: { name: 测站自报水位超限, applies: { quantity: level_alarm }, equals: { orange: active }, basis: SL 651-2014, guidance: 核实水位 }
alarms: { startupGrace: 1m }
`;

const ADDRESS = 0x12345678;
const Z = 0x39;
const ZT = 0x45;

class River implements AsyncDisposable {
  readonly stand: Stand;
  rtu: Sl651Station;

  static async start(): Promise<River> {
    const stand = await Stand.start(SITE);
    const river = new River(stand);
    await river.rtu.connect();
    return river;
  }

  private constructor(stand: Stand) {
    this.stand = stand;
    this.rtu = this.#station();
  }

  /** A station that dials the gateway as it is now. */
  #station(): Sl651Station {
    const driver = [...this.stand.gateway.drivers.values()].find(({ bus }) => bus === undefined);
    const port = Number(driver?.listening?.split(":").at(-1));
    return new Sl651Station({
      host: "127.0.0.1",
      port,
      address: ADDRESS,
      clock: this.stand.clock,
      patience: 10 * MINUTE,
    });
  }

  async restart(): Promise<void> {
    this.rtu.close();
    await this.stand.stop();
    await this.stand.start();
    this.rtu = this.#station();
    await this.rtu.connect();
  }

  get now(): Micros {
    return Math.floor(this.stand.clock.wall() / MINUTE) * MINUTE;
  }

  /** Reports a level, observed now unless said otherwise. */
  level(
    value: number | null,
    { code = FUNCTION.additional as number, observed = this.now, status = 0 } = {},
  ): Promise<number> {
    const elements = [
      { guide: Z, value },
      { guide: ZT, value: status },
    ];
    return this.rtu.report(code, {
      stations: [{ address: ADDRESS, category: 0x48, groups: [{ observed, elements }] }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rtu.close();
    await this.stand[Symbol.asyncDispose]();
  }
}

const FLOOD = "flood river-1.level";

describe("a river rises through its stages", () => {
  test("each stage is told, doubt and old news clear nothing, and only a good lower level ends it", async () => {
    await using river = await River.start();
    const { stand } = river;
    expect(await river.level(173.2, { code: FUNCTION.timed })).toBe(ESC);
    stand.clock.jump(5 * MINUTE);
    expect(await river.level(174.35)).toBe(ESC);
    await stand.staff.hears(`raise ${FLOOD} yellow`);
    stand.clock.jump(5 * MINUTE);
    await river.level(176.4, { status: 0x04 });
    await stand.staff.hears(`upgrade ${FLOOD} red`, "raise gauge river-1.level_alarm orange");

    // The gauge has no value, an old report arrives at last, somebody tests the station: the water is where it was.
    stand.clock.jump(5 * MINUTE);
    await river.level(null, { status: 0x04 });
    await river.level(173.1, { code: FUNCTION.timed, observed: river.now - HOUR, status: 0x04 });
    await river.level(170, { code: FUNCTION.test, status: 0x04 });
    expect(stand.standing()).toContain(`${FLOOD} unacknowledged`);
    expect(stand.counted("readings_late")).toBeGreaterThan(0);

    stand.clock.jump(5 * MINUTE);
    await river.level(172.9);
    await stand.staff.hears(`return ${FLOOD} red`, "return gauge river-1.level_alarm orange");
    expect(stand.staff.event(`upgrade ${FLOOD} red`)).toMatchObject({ value: 176.4 });
  });

  test("the disk hangs: the alert goes out, the station is not told that all is well until it is", async () => {
    await using river = await River.start();
    const { stand } = river;
    await river.level(173.2);
    stand.gateway.journal.pause();
    let confirmed = false;
    const report = river.level(176.2).then(() => {
      confirmed = true;
    });
    await until("it has been evaluated", () => stand.standing().length > 0);
    stand.clock.jump(1 * SECOND);
    await stand.staff.hears(`raise ${FLOOD} red`);
    expect(confirmed).toBe(false);
    stand.gateway.journal.resume();
    await report;
    expect(confirmed).toBe(true);
  });

  test("a report whose confirmation a restart swallowed is no second report", async () => {
    await using river = await River.start();
    const { stand } = river;
    const elements = [{ guide: Z, value: 174.2 }];
    const groups = [{ observed: river.now, elements }];
    const again = { stations: [{ address: ADDRESS, category: 0x48, groups }] };
    await river.rtu.report(FUNCTION.additional, again);
    await river.restart();
    // The new connection begins with serial number 1 as the old one did, and says the same: that is what a repeat is.
    expect(await river.rtu.report(FUNCTION.additional, again)).toBe(ESC);
    expect(stand.counted("sl651_repeats")).toBe(1);
    expect(stand.standing()).toEqual([`${FLOOD} unacknowledged`]);
  });

  test("a station that falls silent at high water is missed, and its alarm stands", async () => {
    await using river = await River.start();
    const { stand } = river;
    await river.level(175.3);
    await stand.staff.hears(`raise ${FLOOD} orange`);
    for (let i = 0; i < 4; i++) stand.clock.jump(HOUR);
    await until("monitoring is lost", () => stand.standing().some((line) => line.startsWith("monitoring")));
    expect(stand.standing()).toContain(`${FLOOD} unacknowledged`);
  });
});
