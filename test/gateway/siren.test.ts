import { describe, expect, test } from "vitest";
import { auditLog } from "../../gateway/journal/audit.ts";
import type { CommandRecord } from "../../gateway/journal/command-record.ts";
import { RawServer } from "../modbus/raw-server.ts";
import { RegisterBank } from "../modbus/register-bank.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

/** First of the two registers of a relay's pulse: mode 2, and tenths of a second. */
const PULSES = new Map([
  [3, 0],
  [8, 1],
]);
const SOUNDER = 0;
const BEACON = 1;
const BUTTON = 0;

/** A relay board whose relays do as they are told; pulses do not end by themselves. */
function relayBoard() {
  const bank = new RegisterBank();
  bank.inputs.set(BUTTON, 0);
  bank.onWrite = (address, [mode]) => {
    const coil = PULSES.get(address);
    if (coil !== undefined && mode === 2) bank.coils.set(coil, 1);
  };
  return bank;
}

function siteWith(port: number, more = "silence: relays.input_1") {
  return `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
  lan: { type: modbus-tcp, host: 127.0.0.1, port: ${port}, timeout: 300ms, reconnect: 200ms }
points:
  room: { name: 值班室, domain: system }
  well: { name: 老街阀井, domain: gas }
devices:
  relays:
    { profile: lc-technology-relay-8, link: lan, point: room, address: { unit: 1, period: 50ms },
      writes: { allow: [relay_1, pulse_1, relay_2, pulse_2] } }
  gd-1: { profile: json-gas, link: broker, point: well }
  gd-2: { profile: json-gas, link: broker, point: well }
rules:
  gas: { name: 可燃气体, applies: { quantity: gas_lel }, above: { red: 50 }, basis: site, guidance: 撤离 }
routes:
  horn:
    { type: siren, device: relays, hold: 2s, every: 1s, retry: { first: 50ms, longest: 200ms },
      sounder: { output: relay_1, pulse: pulse_1 }, beacon: { output: relay_2, pulse: pulse_2 }, ${more} }
`;
}

async function measure(stand: Stand, detector: string, value: number) {
  const said = { gas: { value, unit: "%LEL" }, state: "normal", ts: Date.now() / 1000 };
  await stand.staff.publish(`devices/${detector}/gas`, said);
}

async function acknowledge(stand: Stand, line: string) {
  const { rule, where, occurrence } = stand.staff.event(line);
  const done = await stand.staff.command("bench", "acknowledge", {
    rule: rule.id,
    subject: where.subject,
    occurrence,
  });
  expect(done).toMatchObject({ accepted: true });
}

const RAISED = "raise gas gd-1.lel red";

describe("a siren on a relay board", { timeout: 60_000 }, () => {
  test("sounds while nobody has acknowledged, falls silent at the button, and is heard again for the next alarm", async () => {
    const bank = relayBoard();
    await using server = await RawServer.start("mbap", bank.answer);
    await using stand = await Stand.start(siteWith(server.port));
    const shows = (sounder: number, beacon: number) =>
      until(`sounder ${sounder}, beacon ${beacon}`, () => {
        return bank.coils.get(SOUNDER) === sounder && bank.coils.get(BEACON) === beacon;
      });
    await shows(0, 0);
    await measure(stand, "gd-1", 62);
    await shows(1, 1);
    expect(bank.writes).toContainEqual({ code: 16, address: 3, values: [2, 20] });
    // Begun again and again: the board's own timer never ends it while we live.
    const pulses = () => bank.writes.filter(({ address }) => address === 3).length;
    const before = pulses();
    await until("the pulse is begun anew", () => pulses() >= before + 2);

    bank.inputs.set(BUTTON, 1);
    await shows(0, 1);
    const silenced = await until("it is in the alarm log", () => {
      const commands: CommandRecord[] = [];
      auditLog({
        folder: stand.data,
        digests: [],
        onRow: ({ command }) => {
          if (command?.verb === "silence") commands.push(command);
        },
      });
      return commands[0];
    });
    expect(silenced).toMatchObject({
      user: "local panel",
      accepted: true,
      said: { route: "horn", channel: "relays.input_1", alarms: 1 },
    });
    bank.inputs.set(BUTTON, 0);
    // It passes, and comes again: that is heard.
    await measure(stand, "gd-1", 1);
    await stand.staff.hears("return gas gd-1.lel red");
    await measure(stand, "gd-1", 63);
    await shows(1, 1);
    bank.inputs.set(BUTTON, 1);
    await shows(0, 1);
    bank.inputs.set(BUTTON, 0);

    await measure(stand, "gd-2", 70);
    await shows(1, 1);
    await stand.staff.hears(RAISED, "raise gas gd-2.lel red");
    await acknowledge(stand, "raise gas gd-2.lel red");
    // The one that was silenced at the button stays so.
    await shows(0, 1);
    await acknowledge(stand, RAISED);
    await measure(stand, "gd-1", 1);
    await measure(stand, "gd-2", 1);
    await shows(0, 0);
    expect(stand.standing()).toEqual([]);
  });

  test("that does not switch is an alarm; nobody waits for it, and it sounds when it is mended", async () => {
    const bank = relayBoard();
    await using server = await RawServer.start("mbap", bank.answer);
    await using stand = await Stand.start(siteWith(server.port));
    await until("it is known to be quiet", () => bank.coils.get(SOUNDER) === 0);
    // The board confirms, and the relay does not move.
    const works = bank.onWrite;
    bank.onWrite = () => bank.coils.set(SOUNDER, 0);
    await measure(stand, "gd-1", 62);
    await stand.staff.hears(RAISED, "raise write-failed output@relays.pulse_1 orange");
    expect(stand.gateway.routes.status[0]).toMatchObject({ state: "failing" });
    expect(stand.gateway.routes.status[0]!.lastError).toContain("sounder (pulse_1)");
    bank.onWrite = works;
    await stand.staff.hears("return write-failed output@relays.pulse_1 orange");
    expect(bank.coils.get(SOUNDER)).toBe(1);
    await until("the route works", () => stand.gateway.routes.status[0]!.state === "up");
  });

  test("whose board does not answer holds up no alarm", async () => {
    const bank = relayBoard();
    await using server = await RawServer.start("mbap", bank.answer);
    await using stand = await Stand.start(siteWith(server.port, "lostAfter: 1s"));
    await until("it is known to be quiet", () => bank.coils.get(SOUNDER) === 0);
    server.answer = () => {};
    await measure(stand, "gd-1", 62);
    await stand.staff.hears(RAISED, "raise alert-route-lost route@horn orange");
    server.answer = bank.answer;
    await until("it sounds", () => bank.coils.get(SOUNDER) === 1, { withinMs: 20_000 });
    await stand.staff.hears("return alert-route-lost route@horn orange");
  });

  test("follows the alarms that stand when the gateway is back, and switches off what nobody wants", async () => {
    const bank = relayBoard();
    await using server = await RawServer.start("mbap", bank.answer);
    // Somebody has switched it on by hand.
    bank.coils.set(SOUNDER, 1);
    await using stand = await Stand.start(siteWith(server.port));
    await until("it is quiet", () => bank.coils.get(SOUNDER) === 0);
    await measure(stand, "gd-1", 62);
    await until("it sounds", () => bank.coils.get(SOUNDER) === 1);
    await stand.stop();
    // The pulse has run out meanwhile.
    bank.coils.set(SOUNDER, 0);
    await stand.start();
    await until("it sounds again", () => bank.coils.get(SOUNDER) === 1);
  });

  test("wired the other way round is held quiet, and let go for an alarm", async () => {
    const bank = relayBoard();
    await using server = await RawServer.start("mbap", bank.answer);
    await using stand = await Stand.start(siteWith(server.port, "wiring: inverted"));
    await until("it is held", () => bank.coils.get(SOUNDER) === 1 && bank.coils.get(BEACON) === 1);
    const held = bank.writes.filter(({ address }) => address === 3).length;
    await until("it is held on", () => bank.writes.filter(({ address }) => address === 3).length > held);
    await measure(stand, "gd-1", 62);
    await until("it is let go", () => bank.coils.get(SOUNDER) === 0 && bank.coils.get(BEACON) === 0);
    await stand.staff.hears(RAISED);
    await acknowledge(stand, RAISED);
    await until("it is held again", () => bank.coils.get(SOUNDER) === 1);
    expect(bank.coils.get(BEACON)).toBe(0);
  });
});
