import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing } from "./available.ts";
import { type Influxdb1, startInfluxdb1 } from "./influxdb1.ts";

describe.skipIf(missing("influxd"))("a real InfluxDB 1.x", () => {
  let influx: Influxdb1;
  beforeAll(async () => {
    influx = await startInfluxdb1();
  });
  afterAll(() => influx?.close());

  test("gives back what was written, in microseconds", async () => {
    await influx.write(["gas_lel,device=d1 value=12.5,quality=0i 1700000000000001"]);
    const rows = await influx.query('SELECT value, quality, device FROM "gas_lel"');
    expect(rows).toEqual([
      { measurement: "gas_lel", tags: {}, time: 1700000000000001, value: 12.5, quality: 0, device: "d1" },
    ]);
  });

  test("refuses a point whose field changes its type, and says so", async () => {
    await influx.write(["conflict value=1"]);
    await expect(influx.write(['conflict value="text"'])).rejects.toThrow(/400.*field type conflict/);
  });

  test("keeps its port and what it had stored over a restart and over a kill", async () => {
    await influx.write(["kept value=1 1"]);
    await influx.restart();
    await influx.write(["kept value=2 2"]);
    await influx.kill();
    await expect(influx.query("SHOW DATABASES")).rejects.toThrow();
    await influx.start();
    expect((await influx.query("SELECT value FROM kept")).map((row) => row.value)).toEqual([1, 2]);
  });

  test("two at a time do not share a port nor a folder", async () => {
    await using other = await startInfluxdb1();
    expect(other.port).not.toBe(influx.port);
    await other.write(["elsewhere value=1"]);
    expect(await influx.query("SELECT * FROM elsewhere")).toEqual([]);
  });
});
