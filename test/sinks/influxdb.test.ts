import { describe, expect, test } from "vitest";
import { digestLine } from "../../gateway/sinks/line.ts";
import { missing } from "../servers/available.ts";
import { startInfluxdb1 } from "../servers/influxdb1.ts";
import { startVictoriaMetrics } from "../servers/victoria-metrics.ts";
import { until } from "../support/until.ts";
import { DeliveryBench, eventNumber, START } from "./delivery-bench.ts";

const QUICK = { linger: "10ms", deadline: "5s", retry: { first: "20ms", longest: "200ms" } };

describe.skipIf(missing("influxd"))("a real InfluxDB 1.x", () => {
  test("readings and events are there with tags, fields and times as documented", async () => {
    await using influx = await startInfluxdb1();
    await using bench = await DeliveryBench.start({
      type: "influxdb1",
      url: influx.url,
      database: "tocsin",
      ...QUICK,
    });
    bench.record(120);
    bench.event(eventNumber(1));
    bench.event({ ...eventNumber(2), transition: "return", to: "returned" });
    bench.delivery.health("gateway,site=demo uncommitted=3 1779345000000000");
    const chain = "0f".repeat(32);
    const digest = { date: "2026-05-21", at: START, position: 9, chain, seq: 2, trimmed: 0 };
    for (let times = 0; times < 2; times++) bench.delivery.digest(digestLine(digest, "demo"));
    await until("all are delivered", () => bench.idle);
    const rows = await influx.query(`SELECT * FROM water_level WHERE device = 'device-7' ORDER BY time`);
    expect(rows.map(({ time, value, quality, reason }) => ({ time, value, quality, reason }))).toEqual(
      [7, 57, 107].map((n) => ({ time: START + n * 1_000, value: n, quality: 0, reason: "good" })),
    );
    expect(rows[0]).toMatchObject({ site: "demo", point: "point-7", channel: "level", domain: "water" });
    const types = await influx.query("SHOW FIELD KEYS FROM water_level");
    expect(Object.fromEntries(types.map((row) => [row.fieldKey, row.fieldType]))).toEqual({
      value: "float",
      quality: "integer",
      reason: "string",
    });
    const events = await influx.query("SELECT * FROM alarm_event");
    // The same alarm in the same microsecond, and still two points.
    expect(events).toHaveLength(2);
    expect(events.map((row) => row.transition)).toEqual(["raise", "return"]);
    expect(events[0]).toMatchObject({
      seq: 1,
      rule: "flood",
      severity: "red",
      class: "danger",
      subject: "device-1.level",
    });
    await until(
      "its health is there",
      async () => (await influx.query("SELECT * FROM gateway")).length === 1,
    );
    expect(await influx.query("SELECT * FROM alarm_digest")).toMatchObject([
      { time: START, site: "demo", date: "2026-05-21", position: 9, chain, seq: 2, trimmed: 0 },
    ]);
  });

  test("stopped, killed and frozen under load: nothing is lost, and every point is there once", async () => {
    await using influx = await startInfluxdb1();
    await using bench = await DeliveryBench.start({
      type: "influxdb1",
      url: influx.url,
      database: "tocsin",
      ...QUICK,
      deadline: "500ms",
      batch: 500,
    });
    let recorded = 0;
    const load = setInterval(() => {
      bench.record(100);
      recorded += 100;
    }, 5);
    const more = async (count: number) => {
      const goal = recorded + count;
      await until(`${count} more are recorded`, () => recorded >= goal);
    };
    try {
      await more(1_000);
      await influx.stop();
      await until("the outage is noticed", () => bench.status.outage !== undefined);
      await more(3_000);
      await influx.start();
      await until("it delivers again", () => bench.status.outage === undefined);
      await more(1_000);
      await influx.kill();
      await until("the outage is noticed", () => bench.status.outage !== undefined);
      await influx.start();
      await until("it delivers again", () => bench.status.outage === undefined);
      influx.server.pause();
      await until("the outage is noticed", () => bench.status.outage !== undefined);
      influx.server.resume();
      await more(1_000);
    } finally {
      clearInterval(load);
    }
    await until("all are delivered", () => bench.idle, { withinMs: 20_000 });
    const [count] = await influx.query("SELECT count(value), min(value), max(value) FROM water_level");
    // A value a number, each at a time of its own: as many points as numbers is all of them, once.
    expect(count).toMatchObject({ count: recorded, min: 0, max: recorded - 1 });
    expect(bench.status).toMatchObject({ lost: 0, quarantined: 0 });
  }, 60_000);

  test("a row whose field has another type over there is quarantined in the server's words; the others are stored", async () => {
    await using influx = await startInfluxdb1();
    // Series 7 has its own measurement, in which somebody has made `value` a string.
    await influx.write([`seized value="text" ${START}`]);
    await using bench = await DeliveryBench.start({
      type: "influxdb1",
      url: influx.url,
      database: "tocsin",
      ...QUICK,
    });
    bench.source.quantityOf = (series) => (series === 7 ? "seized" : "water_level");
    bench.record(200);
    await until("all are dealt with", () => bench.idle);
    expect(bench.status).toMatchObject({ delivered: 196, quarantined: 4 });
    const rows = bench.quarantined();
    expect(rows.map((row) => row.sequence).sort((a, b) => a - b)).toEqual([7, 57, 107, 157]);
    expect(rows[0]?.words).toContain("field type conflict");
    const [count] = await influx.query("SELECT count(value) FROM water_level");
    expect(count?.count).toBe(196);
  });

  test("a database that does not exist yet gets everything once it does", async () => {
    await using influx = await startInfluxdb1();
    await using bench = await DeliveryBench.start({
      type: "influxdb1",
      url: influx.url,
      database: "later",
      ...QUICK,
    });
    bench.record(30);
    await until("the outage is noticed", () => bench.status.outage !== undefined);
    expect(bench.status.outage?.message).toContain("database not found");
    await influx.query('CREATE DATABASE "later"');
    await until("all are delivered", () => bench.idle);
    const [count] = await influx.query('SELECT count(value) FROM "later".."water_level"');
    expect(count?.count).toBe(30);
  });
});

describe.skipIf(missing("victoria-metrics"))(
  "a real VictoriaMetrics, through the interface of InfluxDB 2.x",
  () => {
    const options = (url: string) => ({ type: "influxdb2", url, org: "county", bucket: "tocsin", ...QUICK });

    test("readings are there with their tags and times", async () => {
      await using server = await startVictoriaMetrics();
      await using bench = await DeliveryBench.start(options(server.url));
      bench.record(120);
      await until("all are delivered", () => bench.idle);
      const [series] = await server.export('{__name__="water_level_value",device="device-7"}');
      expect(series?.values).toEqual([7, 57, 107]);
      expect(series?.timestamps).toEqual([7, 57, 107].map((n) => START / 1_000 + n));
      expect(series?.metric).toMatchObject({
        site: "demo",
        point: "point-7",
        channel: "level",
        domain: "water",
      });
    });

    test("restarted under load: every point is there", async () => {
      await using server = await startVictoriaMetrics();
      await using bench = await DeliveryBench.start({ ...options(server.url), batch: 500 });
      let recorded = 0;
      const load = setInterval(() => {
        bench.record(100);
        recorded += 100;
      }, 5);
      try {
        await until("some are recorded", () => recorded >= 1_000);
        await server.stop();
        await until("the outage is noticed", () => bench.status.outage !== undefined);
        await until("more are recorded", () => recorded >= 3_000);
        await server.start();
        await until("it delivers again", () => bench.status.outage === undefined);
      } finally {
        clearInterval(load);
      }
      await until("all are delivered", () => bench.idle, { withinMs: 20_000 });
      const series = await server.export('{__name__="water_level_value"}');
      // It stores what is sent twice twice: once means distinct times within a series.
      const distinct = series.flatMap(({ metric, timestamps }) =>
        [...new Set(timestamps)].map((time) => `${metric.device} ${time}`),
      );
      expect(distinct).toHaveLength(recorded);
    }, 60_000);
  },
);
