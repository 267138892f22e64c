import { afterEach, describe, expect, test } from "vitest";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { exception, mbap, RawServer } from "./raw-server.ts";
import { RegisterBank } from "./register-bank.ts";
import { ModbusSite } from "./site.ts";

/*
 * Detectors of a panel that nobody has entered in the site file: their fire is a fire of the panel.
 */

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

const FIRE = 0x0810;
const at = (loop: number, number: number) => 400 * (loop - 1) + number - 1;

/** A panel with detectors 1 and 2 of loop 1 in the site file. */
async function panel() {
  const bank = new RegisterBank();
  const server = await RawServer.start("mbap", bank.answer);
  cleanUp.push(() => server.close());
  const site = new ModbusSite([
    {
      id: "fp",
      profile: "notifier-modbus-gw",
      components: { d1: { loop: 1, number: 1 }, d2: { loop: 1, number: 2 } },
    },
  ]);
  const options = { host: "127.0.0.1", port: server.port, timeout: "300ms" };
  const driver = await site.driver("modbus-tcp", options);
  const intake = new RecordingIntake();
  const start = async () => {
    await driver.start(intake);
    cleanUp.push(() => driver.stop());
  };
  const look = async () => {
    const read = await driver.read(0, AbortSignal.timeout(10_000));
    return Object.fromEntries(read.map(({ channel, value, reason }) => [channel, [value, reason]]));
  };
  return { bank, server, site, intake, start, look };
}

describe("a panel with detectors that the site does not list", () => {
  test("one of them burns: the panel's own channel says so, and where; the others stay as they are", async () => {
    const { bank, start, look, intake, site } = await panel();
    bank.set(at(7, 42), FIRE);
    await start();
    const found = await until("the panel was looked through", () =>
      intake.readings.find(({ channel }) => channel === site.index("fp", "unlisted_fire")),
    );
    expect(found).toMatchObject({ value: 1, reason: "good" });
    expect(await look()).toMatchObject({
      unlisted_fire: [1, 0],
      unlisted_address: [at(7, 42) + 1, 0],
      "d1.fire": [0, 0],
    });
  });

  test("a listed one burns: that is its own alarm and not the panel's", async () => {
    const { bank, start, look } = await panel();
    bank.set(at(1, 2), FIRE);
    await start();
    expect(await look()).toMatchObject({
      unlisted_fire: [0, 0],
      unlisted_address: [0, 0],
      "d2.fire": [1, 0],
    });
  });

  test("it ends when the panel is reset, and not while another one still burns", async () => {
    const { bank, start, look } = await panel();
    bank.set(at(7, 42), FIRE);
    bank.set(at(10, 159), 0x0814);
    await start();
    expect((await look()).unlisted_fire).toEqual([1, 0]);
    bank.set(at(7, 42), 0);
    expect(await look()).toMatchObject({ unlisted_fire: [1, 0], unlisted_address: [at(10, 159) + 1, 0] });
    bank.set(at(10, 159), 0);
    expect((await look()).unlisted_fire).toEqual([0, 0]);
  });

  test("what it does not let us look through is no silence: no fire is only said when all was read", async () => {
    const { bank, server, start, look } = await panel();
    server.answer = (request, socket) => {
      if (request.address >= 3600) socket.write(exception("mbap", request, 2));
      else bank.answer(request, socket);
    };
    await start();
    const before = server.requests.length;
    const { unlisted_fire: silent } = await look();
    expect(silent![0]).toBeNaN();
    expect(silent![1]).not.toBe(0);
    // Nothing is asked register by register: that would take the bus from the detectors.
    expect(server.requests.length - before).toBeLessThan(100);
    bank.set(at(3, 5), FIRE);
    expect((await look()).unlisted_fire).toEqual([1, 0]);
  });

  test("a number that the panel does not have burns nowhere", async () => {
    const { bank, server, start, look } = await panel();
    server.answer = (request, socket) => {
      const data = Buffer.alloc(request.count * 2);
      for (let i = 0; i < request.count; i++)
        data.writeUInt16BE(bank.holding.get(request.address + i) ?? 0x00ff, i * 2);
      socket.write(mbap(request, data));
    };
    await start();
    expect((await look()).unlisted_fire).toEqual([0, 0]);
  });
});
