import { expect, test } from "vitest";
import { AFN } from "../../drivers/szy206/frame.ts";
import { LAYOUTS } from "../../drivers/szy206/layouts.ts";
import { writeLabel, writeNumber } from "../../drivers/szy206/numbers.ts";
import { HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import { Szy206Terminal } from "../../simulators/szy206-terminal.ts";
import { Stand as GatewayStand } from "../gateway/stand.ts";
import { profiles } from "../simulators/play.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";
import { BEIJING } from "../tcp/driver-stand.ts";
import { Stand, TERMINAL } from "./site.ts";

const LEVEL = LAYOUTS[2]![0]!;

test("a reservoir rises: its level alarms, AA and old news end nothing, the terminal's own alarm is told, a lower level ends it", async () => {
  await using stand = await GatewayStand.start(`
site: { id: county, name: 示范县 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  water: { type: szy206-server, listen: "127.0.0.1:0", limits: { hello: 1h, idle: 30d } }
points:
  dam: { name: 石板溪水库, domain: water }
devices:
  dam-1:
    profile: szy206-level
    link: water
    point: dam
    address: { terminal: ${TERMINAL} }
    channels: { rain: { exclude: true }, door: { exclude: true }, meter_fault: { exclude: true }, mains: { exclude: true }, battery_low: { exclude: true } }
rules:
  flood: { name: 水库水位, applies: { device: dam-1, channel: level }, above: { yellow: 174, red: 176 }, deadband: 0.1, guidance: 按预案转移 }
  gauge: { name: 终端自报水位超限, applies: { quantity: level_alarm }, equals: { orange: active }, guidance: 核实水位 }
alarms: { startupGrace: 1m }
`);
  const driver = [...stand.gateway.drivers.values()].find(({ bus }) => bus === undefined);
  const port = Number(driver?.listening?.split(":").at(-1));
  const { clock } = stand;
  const terminal = new Szy206Terminal({
    host: "127.0.0.1",
    port,
    address: TERMINAL,
    clock,
    patience: 10 * MINUTE,
  });
  await terminal.connect();
  const report = (level: number | null, alarm = 0) =>
    terminal.report({ code: 2, values: writeNumber(level, LEVEL), alarm });

  await report(173);
  clock.jump(5 * MINUTE);
  await report(176.4, 0b100);
  await stand.staff.hears("raise flood dam-1.level red", "raise gauge dam-1.level_alarm orange");
  clock.jump(5 * MINUTE);
  await report(null, 0b100);
  // An hour-old report arrives at last.
  const late = Buffer.concat([
    writeNumber(170, LEVEL),
    Buffer.from("04000000", "hex"),
    writeLabel(clock.wall() - HOUR, BEIJING),
  ]);
  terminal.send(terminal.frame(AFN.report, 2, late));
  await until("it is taken", () => stand.counted("readings_late") > 0);
  expect(stand.standing()).toEqual(expect.arrayContaining(["flood dam-1.level unacknowledged"]));

  // The disk hangs: the alert has gone out, the confirmation waits.
  stand.gateway.journal.pause();
  clock.jump(MINUTE);
  let confirmed = false;
  const down = report(173.2).then(() => {
    confirmed = true;
  });
  await until(
    "it has been evaluated",
    () => !stand.standing().some((line) => line.includes("flood") && !line.includes("returned")),
  );
  clock.jump(SECOND);
  expect(confirmed).toBe(false);
  stand.gateway.journal.resume();
  await down;
  await stand.staff.hears("return flood dam-1.level red", "return gauge dam-1.level_alarm orange");
  terminal.close();
});

test("a scenario's terminal dials in, reports by the clock, tells a change at once, and is away when it is dead", async () => {
  const clock = new JumpingClock();
  await using stand = await Stand.open({ profile: "szy206-flow" }, { clock });
  const simulation = await runScenario({
    scenario: parseScenario(
      `
tick: 1s
links: { water: { type: szy206, server: "127.0.0.1:${stand.inner.port}" } }
devices:
  intake:
    profile: szy206-flow
    link: water
    address: { terminal: "${TERMINAL}" }
    every: 5m
    channels: { flow: 1.25, volume: 106182 }
story:
  - { at: 1m, set: { intake.mains: failed, intake.flow: -0.5 } }
  - { at: 2m, for: 1m, faults: [{ kind: dead, on: intake }] }
`,
      { file: "/scenario.yaml", shown: "scenario.yaml" },
    ),
    profiles,
    clock,
    onEvent: () => {},
  });
  const { channels } = stand.inner.configuration.site;
  const last = (key: string) =>
    stand.inner.intake.readings.findLast(({ channel }) => channels[channel]!.key === key)?.value;
  const goOn = (what: string, condition: () => boolean) =>
    until(what, () => {
      clock.jump(SECOND);
      return condition();
    });
  await goOn("the first report", () => last("intake.flow") === 1.25);
  expect(last("intake.volume")).toBe(106_182);
  // The door is closed, which the terminal says with a 1.
  expect(last("intake.door")).toBe(0);
  await goOn("the change", () => last("intake.mains") === 1);
  expect(last("intake.flow")).toBe(-0.5);
  await goOn("it is gone", () => stand.inner.driver.connections === 0);
  await goOn("it is back", () => stand.inner.driver.connections === 1);
  expect(simulation.devices[0]!.where).toContain(TERMINAL);
  await simulation.stop();
});
