import { expect, test } from "vitest";
import { Journal } from "../../gateway/journal/journal.ts";
import { journalOptionsSchema } from "../../gateway/journal/options.ts";
import { pageEnd } from "../../gateway/journal/page.ts";
import { sinkSchema } from "../../gateway/sinks/options.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SystemClock } from "../../model/time.ts";
import { alarmEvent, definitions, pageOf } from "../journal/journal-fixture.ts";
import { missing } from "../servers/available.ts";
import { startInfluxdb1 } from "../servers/influxdb1.ts";
import { startVictoriaMetrics } from "../servers/victoria-metrics.ts";
import { Logged } from "../sinks/delivery-bench.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

const CHANNELS = 40;
/** Where the readings' times begin: recent, so that no retention policy is in the way. */
const BEGIN = Math.floor(Date.now() / 1_000) * 1_000_000 - 3_600_000_000;
const QUICK = { linger: "5ms", deadline: "2s", retry: { first: "20ms", longest: "100ms" }, batch: 700 };

test.skipIf(missing("influxd", "victoria-metrics"))(
  "two sinks on a journal under load: one stops and starts, segments are sealed, the gateway restarts; each has every reading and every event once",
  async () => {
    using folder = temporaryFolder("journal-to-influxdb");
    await using influx = await startInfluxdb1();
    await using victoria = await startVictoriaMetrics();
    const log = new Logged();
    const sinks = {
      old: { type: "influxdb1", url: influx.url, database: "tocsin", ...QUICK },
      new: { type: "influxdb2", url: victoria.url, org: "county", bucket: "tocsin", ...QUICK },
    };
    const open = () =>
      Journal.open({
        folder: folder.path,
        options: {
          ...journalOptionsSchema.parse({}),
          segment: { size: 64 * 1024, age: Number.MAX_SAFE_INTEGER },
        },
        series: definitions(CHANNELS),
        clock: new SystemClock(),
        log,
        counters: new CounterRegistry(),
        sinks: Object.entries(sinks).map(([id, options]) => ({ id, options: sinkSchema.parse(options) })),
        secret: () => "",
      });
    let readings = 0;
    let events = 0;
    let next = 0;
    /** Commits pages of five rounds over all channels, each with an alarm event, until `done` says so. */
    const load = async (journal: Journal, done: () => boolean) => {
      next = Math.max(next, journal.recovery.lastSequence + 1);
      const goOn = setInterval(() => {
        // What waits for the disk is the intake's to bound; here a page at a time is enough.
        if (journal.inFlight.pages > 2) return;
        const messages = Array.from({ length: 5 }, () =>
          Array.from(journal.series, (series) => [series, readings] as const),
        );
        const page = pageOf(next, {
          messages,
          received: BEGIN + readings * 10,
          events: [alarmEvent(++events, { time: BEGIN, since: BEGIN })],
        });
        readings += page.readings;
        next = pageEnd(page);
        journal.commit(page, "now");
      }, 2);
      try {
        await until("enough has been recorded", done, { withinMs: 20_000 });
      } finally {
        clearInterval(goOn);
      }
    };
    {
      const journal = await open();
      try {
        await load(journal, () => readings > 10_000);
        await influx.stop();
        await until("its outage is noticed", async () => {
          const status = await journal.reader.sinkStatus();
          return status.find(({ id }) => id === "old")?.outage !== undefined;
        });
        await load(journal, () => readings > 40_000);
      } finally {
        await journal.close();
      }
    }
    await influx.start();
    const journal = await open();
    try {
      await load(journal, () => readings > 60_000);
      await until(
        "all is delivered",
        async () => {
          const status = await journal.reader.sinkStatus();
          return status.every((sink) => sink.pending + sink.events === 0);
        },
        { withinMs: 20_000 },
      );
      const status = await journal.reader.sinkStatus();
      for (const sink of status) expect(sink).toMatchObject({ lost: 0, quarantined: 0 });
    } finally {
      await journal.close();
    }
    const perChannel = await influx.query("SELECT count(value) FROM gas_lel GROUP BY device");
    expect(perChannel).toHaveLength(CHANNELS);
    for (const row of perChannel) expect(row.count).toBe(readings / CHANNELS);
    const [stored] = await influx.query("SELECT count(seq) FROM alarm_event");
    expect(stored?.count).toBe(events);
    const series = await victoria.export('{__name__="gas_lel_value"}');
    // It keeps milliseconds: several readings of a channel within one are told apart by their values.
    const distinct = series.flatMap(({ metric, values }) =>
      [...new Set(values)].map((value) => `${metric.device} ${value}`),
    );
    expect(distinct.length).toBe((readings / (CHANNELS * 5)) * CHANNELS);
  },
  60_000,
);
