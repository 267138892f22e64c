import { describe, expect, test } from "vitest";
import { writeTime } from "../../drivers/hj212/parameters.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { Hj212Logger } from "../../simulators/hj212-logger.ts";
import { Stand } from "../gateway/stand.ts";
import { until } from "../support/until.ts";
import { BEIJING } from "../tcp/driver-stand.ts";
import { MN } from "./site.ts";

/* Hydrogen sulfide at a slaughterhouse, reported by a data logger of HJ 212, as the whole gateway sees it. */

const SITE = `
site: { id: county, name: 示范县 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  loggers: { type: hj212-server, listen: "127.0.0.1:0", limits: { hello: 1h, idle: 30d } }
points:
  yard: { name: 屠宰场污水间, domain: gas }
devices:
  yard-1:
    profile: hj212-harmful-gas
    link: loggers
    point: yard
    address: { mn: ${MN} }
    channels:
      nh3_hour: { exclude: true }
      temperature: { exclude: true }
      humidity: { exclude: true }
      pressure: { exclude: true }
      wind_speed: { exclude: true }
      wind_direction: { exclude: true }
rules:
  h2s: { name: 硫化氢, applies: { device: yard-1, channel: h2s }, above: { yellow: 5, red: 10 }, deadband: 1, basis: GBZ 2.1-2019, guidance: 撤离并通风 }
alarms: { startupGrace: 1m }
`;

class Yard implements AsyncDisposable {
  readonly stand: Stand;
  logger: Hj212Logger;

  static async start(): Promise<Yard> {
    const yard = new Yard(await Stand.start(SITE));
    await yard.logger.connect();
    return yard;
  }

  private constructor(stand: Stand) {
    this.stand = stand;
    this.logger = this.#logger();
  }

  #logger(): Hj212Logger {
    const driver = [...this.stand.gateway.drivers.values()].find(({ bus }) => bus === undefined);
    const port = Number(driver?.listening?.split(":").at(-1));
    return new Hj212Logger({
      host: "127.0.0.1",
      port,
      mn: MN,
      clock: this.stand.clock,
      patience: 10 * MINUTE,
    });
  }

  async restart(): Promise<void> {
    this.logger.close();
    await this.stand.stop();
    await this.stand.start();
    this.logger = this.#logger();
    await this.logger.connect();
  }

  /** Reports hydrogen sulfide and ammonia, measured `ago` before now. */
  report(h2s: number | string, { flag = "N", ago = 0 } = {}): Promise<void> {
    const time = writeTime(this.stand.clock.wall() - ago, BEIJING);
    return this.logger.report(
      2011,
      `DataTime=${time};a21028-Rtd=${h2s},a21028-Flag=${flag};a21001-Rtd=0.2,a21001-Flag=N`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.logger.close();
    await this.stand[Symbol.asyncDispose]();
  }
}

const H2S = "h2s yard-1.h2s";

describe("hydrogen sulfide rises", () => {
  test("it is told; calibration, maintenance, faults and old news end nothing; a good lower value does", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    await yard.report(0.4);
    stand.clock.jump(MINUTE);
    await yard.report(12.5);
    await stand.staff.hears(`raise ${H2S} red`);
    for (const flag of ["C", "M", "F", "D", "B"]) {
      stand.clock.jump(MINUTE);
      await yard.report(0, { flag });
    }
    await yard.report("");
    await yard.report(0.1, { ago: 2 * HOUR });
    expect(stand.standing()).toContain(`${H2S} unacknowledged`);
    expect(stand.counted("readings_late")).toBeGreaterThan(0);
    stand.clock.jump(MINUTE);
    await yard.report(0.3);
    await stand.staff.hears(`return ${H2S} red`);
  });

  test("a detector that goes beyond its range is in alarm, whatever number it gives", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    await yard.report(0.4);
    stand.clock.jump(MINUTE);
    await yard.report("", { flag: "T" });
    await stand.staff.hears(`raise ${H2S} red`);
  });

  test("the disk hangs: the alert goes out, the logger is not answered until it has its report", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    await yard.report(0.4);
    stand.gateway.journal.pause();
    let answered = false;
    const report = yard.report(15).then(() => {
      answered = true;
    });
    await until("it has been evaluated", () => stand.standing().length > 0);
    stand.clock.jump(SECOND);
    await stand.staff.hears(`raise ${H2S} red`);
    expect(answered).toBe(false);
    stand.gateway.journal.resume();
    await report;
  });

  test("a report whose answer a restart swallowed is no second report", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    const time = writeTime(stand.clock.wall(), BEIJING);
    const segment = yard.logger.segment(2011, `DataTime=${time};a21028-Rtd=12,a21028-Flag=N`);
    yard.logger.send(yard.logger.frame(segment));
    await until("the answer", () => yard.logger.received.length === 1);
    await yard.restart();
    yard.logger.send(yard.logger.frame(segment));
    await until("another answer", () => yard.logger.received.length === 1);
    expect(stand.counted("hj212_repeats")).toBe(1);
    expect(stand.standing()).toEqual([`${H2S} unacknowledged`]);
  });

  test("a logger that falls silent in an alarm is missed, and its alarm stands", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    await yard.report(12);
    await stand.staff.hears(`raise ${H2S} red`);
    yard.logger.close();
    for (let i = 0; i < 4; i++) stand.clock.jump(5 * MINUTE);
    await until("monitoring is lost", () => stand.standing().some((line) => line.startsWith("monitoring")));
    expect(stand.standing()).toContain(`${H2S} unacknowledged`);
  });

  test("hourly means of a morning without a network come late: they are kept and change no alarm", async () => {
    await using yard = await Yard.start();
    const { stand } = yard;
    await yard.report(12);
    await stand.staff.hears(`raise ${H2S} red`);
    const hour = Math.floor(stand.clock.wall() / HOUR) * HOUR;
    for (let i = 5; i > 0; i--) {
      const time = writeTime(hour - i * HOUR, BEIJING);
      await yard.logger.report(2061, `DataTime=${time};a21028-Avg=0.${i},a21028-Flag=N`);
    }
    const last = stand.gateway.configuration.site.channels.find(({ key }) => key === "yard-1.h2s_hour")!;
    expect(stand.gateway.intake.lastValue(last.index)).toBe(0.1);
    expect(stand.standing()).toContain(`${H2S} unacknowledged`);
  });
});
