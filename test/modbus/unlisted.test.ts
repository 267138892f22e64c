import { afterEach, describe, expect, test } from "vitest";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { exception, mbap, RawServer } from "./raw-server.ts";
import { RegisterBank } from "./register-bank.ts";
import { ModbusSite, type TestDevice } from "./site.ts";

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

describe("parts that nobody has entered, of", () => {
  /** A device of a built-in profile with these components in the site file. */
  async function carrier(profile: string, more: Pick<TestDevice, "components" | "address"> = {}) {
    const bank = new RegisterBank();
    const server = await RawServer.start("mbap", bank.answer);
    cleanUp.push(() => server.close());
    const site = new ModbusSite([{ id: "dut", profile, ...more }]);
    const driver = await site.driver("modbus-tcp", {
      host: "127.0.0.1",
      port: server.port,
      timeout: "300ms",
    });
    await driver.start(new RecordingIntake());
    cleanUp.push(() => driver.stop());
    const look = async (...ids: string[]) => {
      const read = await driver.read(0, AbortSignal.timeout(15_000));
      return ids.map((id) => read.find(({ channel }) => channel === id)?.value);
    };
    return { bank, server, look };
  }

  test("a gas controller: the third alarm of detector 812, beside a listed one in alarm", async () => {
    const { bank, look } = await carrier("igd-toc635", { components: { n7: { sensor: 7 } } });
    bank.set(3006, 0b001);
    expect(await look("unlisted_alarm", "n7.alarm1")).toEqual([0, 1]);
    bank.set(3811, 0b100);
    expect(await look("unlisted_alarm", "unlisted_address")).toEqual([1, 3812]);
  });

  test("a fire system with packed states: one bit of one zone, its neighbour in the word being listed", async () => {
    const { bank, look } = await carrier("siemens-dms8000-zones", { components: { z33: { zone: 33 } } });
    bank.set(21_002, 0b01);
    expect(await look("unlisted_fire", "unlisted_prealarm", "z33.fire")).toEqual([0, 0, 1]);
    bank.set(21_002, 0b11);
    expect(await look("unlisted_fire", "unlisted_address")).toEqual([1, 21_003]);
    bank.set(21_002, 0b00);
    bank.set(22_999, 0x8000);
    expect(await look("unlisted_fire", "unlisted_prealarm")).toEqual([0, 1]);
  });

  test("the same by elements, and an arc on a string of a photovoltaic plant", async () => {
    const elements = await carrier("siemens-dms8000-elements");
    elements.bank.set(10_999, 0x8000);
    expect(await elements.look("unlisted_active", "unlisted_address")).toEqual([1, 11_000]);
    const strings = await carrier("fonrich-frdcmg", { components: { s17: { input: 17 } } });
    strings.bank.set(0x42, 0b1);
    expect(await strings.look("unlisted_arc", "s17.arc")).toEqual([0, 1]);
    strings.bank.set(0x42, 0b11);
    expect(await strings.look("unlisted_arc")).toEqual([1]);
  });

  test("a panel whose states nobody can tell apart: anything but idle is for somebody to look at", async () => {
    const { bank, look } = await carrier("jade-bird-panel", { address: { upTo: { loop: 2 } } });
    expect(await look("unlisted_not_idle", "unlisted_address")).toEqual([0, 0]);
    bank.set(0x229, 7);
    expect(await look("unlisted_not_idle", "unlisted_address")).toEqual([1, 0x22a]);
  });

  test("a panel that goes no further: behind its last loop nothing is asked for", async () => {
    const { bank, server, look } = await carrier("jade-bird-panel", { address: { upTo: { loop: 2 } } });
    server.answer = (request, socket) => {
      if (request.address + request.count > 0x300) socket.write(exception("mbap", request, 2));
      else bank.answer(request, socket);
    };
    expect(await look("unlisted_not_idle")).toEqual([0]);
    expect(Math.max(...server.requests.map(({ address, count }) => address + count))).toBe(0x300);
  });
});
