import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missing } from "./available.ts";
import { startVictoriaMetrics, type VictoriaMetrics } from "./victoria-metrics.ts";

describe.skipIf(missing("victoria-metrics"))("a real server of the InfluxDB 2.x write interface", () => {
  let victoria: VictoriaMetrics;
  beforeAll(async () => {
    victoria = await startVictoriaMetrics();
  });
  afterAll(() => victoria?.close());

  test("gives back what was written through /api/v2/write", async () => {
    await victoria.write(["gas_lel,device=d1 value=12.5,quality=0i 1700000000001000"]);
    const [series, ...others] = await victoria.export('{__name__="gas_lel_value"}');
    expect(others).toEqual([]);
    expect(series?.metric).toMatchObject({ device: "d1" });
    expect(series?.values).toEqual([12.5]);
    expect(series?.timestamps).toEqual([1700000000001]);
  });

  test("takes the 1.x interface, too", async () => {
    const response = await fetch(`${victoria.url}/write?db=tocsin&precision=u`, {
      method: "POST",
      body: "water_level value=3 1700000000000000",
    });
    expect(response.status).toBe(204);
    expect(await victoria.export('{__name__="water_level_value"}')).toHaveLength(1);
  });

  test("keeps what it had stored over a restart", async () => {
    await victoria.write(["kept value=7 1700000000000000"]);
    await victoria.restart();
    const [series] = await victoria.export('{__name__="kept_value"}');
    expect(series?.values).toEqual([7]);
  });
});
