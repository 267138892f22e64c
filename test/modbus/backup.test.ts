import { afterEach, describe, expect, test } from "vitest";
import { RecordingIntake } from "../support/recording-intake.ts";
import { until } from "../support/until.ts";
import { mbap, RawServer } from "./raw-server.ts";
import { ModbusSite } from "./site.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

/** Two ways to one device; registers say which way it was read: 1 by the first address, 2 by the backup. */
async function twoWays() {
  const [first, backup] = await Promise.all(
    [1, 2].map(async (number) => {
      const server = await RawServer.start("mbap", (request, socket) =>
        socket.write(mbap(request, Buffer.from([0, number]))),
      );
      cleanUp.push(() => server.close());
      return server;
    }),
  );
  const site = new ModbusSite([
    { id: "a", profile: { modbus: { period: "50ms", channels: { way: { address: 7 } } } } },
  ]);
  const intake = new RecordingIntake();
  const start = async () => {
    const driver = await site.driver("modbus-tcp", {
      host: "127.0.0.1",
      port: first!.port,
      backup: { host: "127.0.0.1", port: backup!.port },
      returnAfter: "1s",
      timeout: "100ms",
      reconnect: "200ms",
    });
    await driver.start(intake);
    cleanUp.push(() => driver.stop());
  };
  const way = (number: number) =>
    until(`read by way ${number}`, () => intake.readings.at(-1)?.value === number, { withinMs: 15_000 });
  const links = () => intake.health.filter(({ thing }) => thing === "link").map(({ up }) => up);
  return { first: first!, backup: backup!, start, way, links, intake };
}

describe("a device that is reached by two addresses", () => {
  test("is read by the backup while the first is away, and by the first again when it is back", async () => {
    const { first, start, way, links } = await twoWays();
    await start();
    await way(1);
    await first.close();
    await way(2);
    await first.listen();
    await way(1);
    expect(links()).toEqual([true]);
  });

  test("is read by the backup when the first was never there", async () => {
    const { first, start, way, links } = await twoWays();
    await first.close();
    await start();
    await way(2);
    expect(links()).toEqual([true]);
  });

  test("is read by the backup when the first accepts connections and says nothing", async () => {
    const { first, start, way } = await twoWays();
    first.answer = () => {};
    await start();
    await way(2);
  });

  test("is lost when neither can be reached", async () => {
    const { first, backup, start, way, links } = await twoWays();
    await start();
    await way(1);
    await Promise.all([first.close(), backup.close()]);
    await until("the link is down", () => links().at(-1) === false);
    await backup.listen();
    await way(2);
    expect(links()).toEqual([true, false, true]);
  });
});
