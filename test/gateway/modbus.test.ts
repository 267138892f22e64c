import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { GOOD, qualityOf, REASON_NAMES } from "../../model/quality.ts";
import { MINUTE } from "../../model/time.ts";
import { mbap, type RawRequest, RawServer } from "../modbus/raw-server.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

/** A detector that is asked ten times a second, so that a test sees many answers soon. */
const PROFILE = `
id: fast-lel
vendor: bench
product: fast detector
class: gas
name: 快速探测器
source: test
maturity: documented
channels:
  lel: { quantity: gas_lel, gas: CH4, range: { low: -5, high: 100 }, stale: 1s }
modbus:
  table: holding
  period: 100ms
  channels:
    lel: { address: 0, type: i16, unit: "%LEL", scale: 0.1 }
`;

/** Tenths of a %LEL: what the instruments measure, and what stands in answers that must not be believed. */
const CALM = 50;
const LEAK = 300;
const LIE = 900;

const registers = (value: number) => {
  const data = Buffer.alloc(2);
  data.writeInt16BE(value);
  return data;
};

/** How a server misbehaves; given the value that it measures. */
const ILLNESSES: Record<string, (request: RawRequest, socket: Socket, value: number) => void> = {
  "resets-connections": (_, socket) => socket.resetAndDestroy(),
  "says-nothing": () => {},
  "answers-for-another-unit": (request, socket) =>
    socket.write(mbap({ ...request, unit: 9 }, registers(LIE))),
  "answers-too-late": (request, socket) =>
    socket.write(mbap({ ...request, transaction: (request.transaction - 1) & 0xffff }, registers(LIE))),
  "answers-in-fragments": (request, socket, value) => {
    for (const byte of mbap(request, registers(value))) socket.write(Buffer.from([byte]));
  },
  "breaks-off-in-the-middle": (request, socket) => {
    socket.write(mbap(request, registers(LIE)).subarray(0, 8));
    socket.end();
  },
};

/** These get through all the same. */
const ROBUST = new Set(["answers-in-fragments"]);

test("Modbus servers that reset, stall, fragment, come too late or answer for another: nothing of theirs is believed, nobody else suffers, and they are heard again", {
  timeout: 60_000,
}, async () => {
  const names = ["well", ...Object.keys(ILLNESSES)];
  await using pile = new AsyncDisposableStack();
  let ill = false;
  let value = CALM;
  const ports: Record<string, number> = {};
  for (const name of names) {
    const server = await RawServer.start("mbap", (request, socket) => {
      const illness = ill ? ILLNESSES[name] : undefined;
      if (illness === undefined) socket.write(mbap(request, registers(value)));
      else illness(request, socket, value);
    });
    pile.use(server);
    ports[name] = server.port;
  }
  await using stand = await Stand.start(
    `
site: { id: bench, name: 试验台 }
profiles: [./profiles]
http: { enabled: false }
links:
  broker: { type: mqtt-broker, listen: "127.0.0.1:0" }
${names.map((name) => `  ${name}: { type: modbus-tcp, host: 127.0.0.1, port: ${ports[name]}, timeout: 200ms }`).join("\n")}
points: { well: { name: 3号阀门井, domain: gas } }
devices:
${names.map((name) => `  ${name}: { profile: fast-lel, link: ${name}, point: well, address: { unit: 1 } }`).join("\n")}
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { orange: 25, red: 50 }, deadband: 2, basis: site, guidance: 处置 }
`,
    { files: { "profiles/fast-lel.yaml": PROFILE } },
  );
  const { staff, gateway } = stand;
  const channel = (name: string) =>
    gateway.engine.channel(
      gateway.configuration.site.channels.find(({ key }) => key === `${name}.lel`)!.index,
    );
  const good = (name: string, wanted: number) => {
    const { value: seen, reason } = channel(name);
    return qualityOf(reason) === GOOD && Math.abs(seen - wanted / 10) < 1e-9;
  };
  await until("all are read", () => names.every((name) => good(name, CALM)));

  // They fall ill, and at the same time gas leaks.
  ill = true;
  const blind = Object.keys(ILLNESSES).filter((name) => !ROBUST.has(name));
  await until("those that cannot be read say so", () =>
    blind.every((name) => qualityOf(channel(name).reason) !== GOOD),
  );
  value = LEAK;
  await staff.hears("raise leak well.lel orange", "raise leak answers-in-fragments.lel orange");
  // At the link where nothing goes through, at the device where the link stands and only that device cannot be read.
  const lost = () => staff.lines().filter((line) => line.startsWith("raise monitoring-lost"));
  await until("their blindness is told", () => lost().length >= blind.length, {
    detail: () => lost().join("\n"),
  });
  for (const name of blind) {
    expect(REASON_NAMES[channel(name).reason]).toMatch(
      /^(not_connected|no_communication|communication_error)$/,
    );
  }
  expect(lost()).toHaveLength(blind.length);
  expect(staff.lines().filter((line) => line.startsWith("raise leak"))).toHaveLength(2);

  // They are well again: the leak is seen by all, and the blindness is over.
  ill = false;
  await staff.hears(...names.map((name) => `raise leak ${name}.lel orange`));
  await until("nobody is blind any more", () =>
    stand.standing().every((line) => !/^monitoring-lost .*(un)?acknowledged$/.test(line)),
  );

  // Of the lies none was ever a reading, not even a doubtful one.
  gateway.intake.flush();
  await until("it is on disk", () => gateway.journal.inFlight.pages === 0);
  const page = await gateway.journal.reader.history({
    series: [...gateway.journal.series],
    from: 0,
    to: stand.clock.now() + MINUTE,
    order: "oldest",
    limit: 10_000,
  });
  const values = new Set([...page.value.subarray(0, page.length)].filter((one) => !Number.isNaN(one)));
  expect([...values].sort((a, b) => a - b)).toEqual([CALM / 10, LEAK / 10]);
  expect(staff.lines().filter((line) => line.endsWith(" red"))).toEqual([]);
});
