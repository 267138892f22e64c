import { expect, test } from "vitest";
import { Reader, type ReaderOptions } from "../../gateway/journal/reader.ts";
import { sinkSchema } from "../../gateway/sinks/options.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { ConfigurationError } from "../../model/error.ts";
import { HOUR, MINUTE, SystemClock } from "../../model/time.ts";
import { eventNumber, Logged } from "../sinks/delivery-bench.ts";
import { MisbehavingServer } from "../sinks/misbehaving-server.ts";
import { parseLine } from "../sinks/parse-line.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { definition, WrittenJournal } from "./written-journal.ts";

const NOON = 1_779_336_000_000_000;
const QUICK = { linger: "0s", deadline: "10s", retry: { first: "10ms", longest: "40ms" }, batch: 50 };

class ReaderBench implements AsyncDisposable {
  readonly log = new Logged();
  readonly counters = new CounterRegistry();
  reader!: Reader;

  static async start(
    journal: WrittenJournal,
    sinks: Record<string, Record<string, unknown>> = {},
  ): Promise<ReaderBench> {
    const bench = new ReaderBench();
    bench.reader = await Reader.start(bench.options(journal, sinks));
    return bench;
  }

  options(journal: WrittenJournal, sinks: Record<string, Record<string, unknown>>): ReaderOptions {
    return {
      folder: journal.folder,
      site: "demo",
      sinks: Object.entries(sinks).map(([id, options]) => ({
        id,
        options: sinkSchema.parse({ ...QUICK, ...options }),
      })),
      secret: (reference) => {
        throw new ConfigurationError("SECRET_MISSING", `${reference} is not there`);
      },
      end: journal.next,
      clock: new SystemClock(),
      log: this.log,
      counters: this.counters,
    };
  }

  total(name: string, sink: string): number {
    for (const counter of this.counters)
      if (counter.name.name === name && counter.name.labels?.sink === sink) return counter.total;
    throw new Error(`no counter ${name} of ${sink}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader.close();
  }
}

const influxdb1 = (url: string) => ({ type: "influxdb1", url, database: "tocsin" });
const influxdb2 = (url: string) => ({ type: "influxdb2", url, org: "county", bucket: "tocsin" });

/** Value and time of each stored reading, once. */
function points(server: MisbehavingServer): string[] {
  const lines = server.stored.filter((line) => line.startsWith("water_level")).map(parseLine);
  return [...new Set(lines.map(({ tags, fields, time }) => `${tags.device} ${fields.value} ${time}`))];
}

test("what is in the journal, sealed, open and still to come, reaches all sinks, tagged from the dictionary; one of them is dead", async () => {
  using journal = new WrittenJournal();
  await using first = await MisbehavingServer.start();
  await using second = await MisbehavingServer.start();
  await using dead = await MisbehavingServer.start();
  await dead.stop();
  const [one, two] = journal.series(definition("river-1"), definition("river-2")) as [number, number];
  const expected: string[] = [];
  const write = (n: number) => {
    const time = NOON + n * MINUTE;
    expected.push(`river-1 ${n} ${time}`, `river-2 ${n + 0.5} ${time}`);
    return journal.write([
      { series: one, time, value: n },
      { series: two, time, value: n + 0.5 },
    ]);
  };
  for (let n = 0; n < 300; n++) write(n);
  journal.seal();
  for (let n = 300; n < 400; n++) write(n);
  await using bench = await ReaderBench.start(journal, {
    old: influxdb1(first.url),
    new: influxdb2(second.url),
    dead: influxdb1(dead.url),
  });
  for (let n = 400; n < 450; n++) bench.reader.grown(write(n));
  journal.seal();
  bench.reader.segmentsChanged();
  for (let n = 450; n < 500; n++) bench.reader.grown(write(n));
  for (const server of [first, second]) {
    await until("all are delivered", () => points(server).length === expected.length);
    expect(points(server).sort()).toEqual(expected.toSorted());
  }
  const status = await bench.reader.sinkStatus();
  expect(status.map(({ id, delivered, pending }) => ({ id, delivered, pending }))).toEqual([
    { id: "old", delivered: 1_000, pending: 0 },
    { id: "new", delivered: 1_000, pending: 0 },
    { id: "dead", delivered: 0, pending: 1_000 },
  ]);
  await until("the counters say so", () => bench.total("sink_delivered", "old") === 1_000);
  await until("and name the dead one", () => bench.total("sink_failures", "dead") > 0);
});

test("alarm events are delivered from the alarm log, also those that came while the gateway was down", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  journal.write([], [eventNumber(1), eventNumber(2)]);
  await using bench = await ReaderBench.start(journal, { sink: influxdb1(server.url) });
  await until("the first two are delivered", () => server.stored.length === 2);
  bench.reader.grown(journal.write([], [eventNumber(3)]));
  await until("the third is delivered", () => server.stored.length === 3);
  expect(server.stored.map((line) => parseLine(line).fields.seq)).toEqual([1, 2, 3]);
  expect((await bench.reader.events({ from: 2, to: 3, limit: 10 })).map(({ seq }) => seq)).toEqual([2, 3]);
  expect((await bench.reader.events({ from: 1, to: 99, limit: 2 })).map(({ seq }) => seq)).toEqual([1, 2]);
});

test("a segment that is trimmed before a sink has it is lost to that sink alone, counted, and somebody is told", async () => {
  using journal = new WrittenJournal();
  await using dead = await MisbehavingServer.start();
  await dead.stop();
  await using alive = await MisbehavingServer.start();
  const [series] = journal.series(definition("river-1")) as [number];
  for (let n = 0; n < 100; n++) journal.write([{ series, time: NOON + n, value: n }]);
  journal.seal();
  for (let n = 100; n < 120; n++) journal.write([{ series, time: NOON + n, value: n }]);
  await using bench = await ReaderBench.start(journal, {
    dead: influxdb1(dead.url),
    alive: influxdb1(alive.url),
  });
  await until("the living one has all", () => points(alive).length === 120);
  const losses: unknown[] = [];
  bench.reader.onLoss((loss) => losses.push(loss));
  journal.trim(1);
  bench.reader.trimmed({ first: 1, last: 100, readings: 100 });
  await until("the loss is told", () => losses.length > 0);
  expect(losses).toEqual([{ sink: "dead", records: 100 }]);
  expect(bench.total("sink_lost", "dead")).toBe(100);
  await dead.listen();
  await until("the rest is delivered", () => points(dead).length === 20);
});

test("a sink that starts from now gets nothing old; after a restart everyone goes on where they were", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  const [series] = journal.series(definition("river-1")) as [number];
  for (let n = 0; n < 10; n++) journal.write([{ series, time: NOON + n, value: n }]);
  const sinks = { sink: { ...influxdb1(server.url), start: "from-now" } };
  {
    await using bench = await ReaderBench.start(journal, sinks);
    bench.reader.grown(journal.write([{ series, time: NOON + 10, value: 10 }]));
    await until("the new one is delivered", () => points(server).length === 1);
    await bench.reader.setCursor("uplink/county", 41);
  }
  // While nobody runs, nothing comes; what was durable before the end of the process may not have been told.
  journal.write([{ series, time: NOON + 11, value: 11 }]);
  await using bench = await ReaderBench.start(journal, sinks);
  await until("the one since is delivered", () => points(server).length === 2);
  expect(points(server).map((point) => point.split(" ")[1])).toEqual(["10", "11"]);
  expect(server.stored).toHaveLength(2);
  expect(await bench.reader.cursor("uplink/county")).toBe(41);
  expect(await bench.reader.cursor("uplink/never")).toBe(0);
});

test("health and undecodable messages are kept and sent, as far as they can", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  await using bench = await ReaderBench.start(journal, { sink: influxdb2(server.url) });
  bench.reader.gatewayHealth({ uncommitted: 3, broken: Number.NaN });
  await until("it is there", () =>
    server.stored.some((line) => /^gateway,site=demo uncommitted=3 \d+$/.test(line)),
  );
  bench.reader.keepUndecodable({
    link: "broker",
    source: "a/b",
    error: "no JSON",
    payload: Uint8Array.of(1, 2),
  });
  const [kept] = await bench.reader.undecodable({ limit: 5 });
  expect(kept).toMatchObject({ link: "broker", source: "a/b", error: "no JSON" });
  expect([...kept!.payload]).toEqual([1, 2]);
});

test("history and trends come from the thread in columns; a question that fails says why with a code", async () => {
  using journal = new WrittenJournal();
  const [series] = journal.series(definition("river-1")) as [number];
  for (let n = 0; n < 100; n++) journal.write([{ series, time: NOON + n * MINUTE, value: n }]);
  await using bench = await ReaderBench.start(journal);
  const query = { series: [series], from: NOON, to: NOON + HOUR, order: "newest" as const, limit: 2 };
  const page = await bench.reader.history(query);
  expect([...page.value]).toEqual([59, 58]);
  expect(page.next).toEqual({ time: NOON + 58 * MINUTE, series });
  const answer = await bench.reader.trend({ series, from: NOON, to: NOON + 2 * HOUR, bucket: HOUR });
  expect([...answer.max]).toEqual([59, 99]);
  await bench.reader.close();
  await expect(bench.reader.history(query)).rejects.toMatchObject({ code: "JOURNAL_UNAVAILABLE" });
});

test("a folder that holds no journal, a secret that is missing: start fails with a code", async () => {
  using journal = new WrittenJournal();
  using empty = temporaryFolder("no-journal");
  const bench = new ReaderBench();
  const options = bench.options(journal, {});
  await expect(Reader.start({ ...options, folder: empty.path })).rejects.toMatchObject({
    code: "JOURNAL_UNAVAILABLE",
  });
  const sinks = { sink: { ...influxdb2("http://127.0.0.1:9"), tls: { ca: `${journal.folder}/none.pem` } } };
  await expect(Reader.start(bench.options(journal, sinks))).rejects.toMatchObject({
    code: "CONFIG_NOT_FOUND",
  });
});

test("a damaged block costs that block, and is told", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  const [series] = journal.series(definition("river-1")) as [number];
  for (let n = 0; n < 3; n++)
    journal.write([
      { series, time: NOON + 2 * n, value: 2 * n },
      { series, time: NOON + 2 * n + 1, value: 2 * n + 1 },
    ]);
  journal.spoil(3);
  await using bench = await ReaderBench.start(journal, { sink: influxdb1(server.url) });
  await until("the rest is delivered", () => points(server).length === 4);
  expect(
    points(server)
      .map((point) => point.split(" ")[1])
      .sort(),
  ).toEqual(["0", "1", "4", "5"]);
  const [status] = await bench.reader.sinkStatus();
  expect(status).toMatchObject({ delivered: 4, lost: 2, pending: 0 });
  const page = await bench.reader.history({
    series: [series],
    from: NOON,
    to: NOON + 10,
    order: "oldest",
    limit: 10,
  });
  expect([...page.value]).toEqual([0, 1, 4, 5]);
});

test("when the thread crashes, questions are refused, and a new one goes on from the cursors", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  const [series] = journal.series(definition("river-1")) as [number];
  await using bench = await ReaderBench.start(journal, { sink: influxdb1(server.url) });
  const write = (n: number) => bench.reader.grown(journal.write([{ series, time: NOON + n, value: n }]));
  for (let n = 0; n < 100; n++) write(n);
  await until("all are delivered", () => points(server).length === 100);
  const asked = bench.reader.trend({ series, from: NOON, to: NOON + HOUR, bucket: MINUTE });
  bench.reader.crash();
  for (let n = 100; n < 200; n++) write(n);
  await expect(asked).rejects.toMatchObject({ code: "JOURNAL_UNAVAILABLE" });
  for (let n = 200; n < 210; n++) write(n);
  await until("the new thread has delivered the rest", () => points(server).length === 210);
  expect(await bench.reader.cursor("any")).toBe(0);
  expect(bench.log.lines.some(({ level, message }) => level === "error" && message.includes("crashed"))).toBe(
    true,
  );
});

test("a reader thread that throws is started again, as one that ends is", async () => {
  using journal = new WrittenJournal();
  await using bench = await ReaderBench.start(journal);
  // Nothing of ours sends this; it stands for a fault that nobody caught.
  bench.reader.gatewayHealth(null as unknown as Record<string, number>);
  await until("the crash is noticed", () =>
    bench.log.lines.some(({ message }) => message.includes("crashed")),
  );
  await until("the new thread answers", async () => (await bench.reader.cursor("any")) === 0);
});

test("a site whose journal was let go while a sink was away counts what it lost when it comes back", async () => {
  using journal = new WrittenJournal();
  await using server = await MisbehavingServer.start();
  const [series] = journal.series(definition("river-1")) as [number];
  const sinks = { sink: influxdb1(server.url) };
  for (let n = 0; n < 10; n++) journal.write([{ series, time: NOON + n, value: n }]);
  {
    await using bench = await ReaderBench.start(journal, sinks);
    await until("the first ten are delivered", () => bench.total("sink_delivered", "sink") === 10);
    expect(bench.total("sink_lost", "sink")).toBe(0);
  }
  // The site does without it for a while.
  for (let n = 10; n < 60; n++) journal.write([{ series, time: NOON + n, value: n }]);
  journal.seal();
  for (let n = 60; n < 70; n++) journal.write([{ series, time: NOON + n, value: n }]);
  journal.trim(1);
  await using bench = await ReaderBench.start(journal, sinks);
  await until("what is left is delivered", async () => {
    const [status] = await bench.reader.sinkStatus();
    return status?.delivered === 20;
  });
  expect(points(server)).toHaveLength(20);
  const [status] = await bench.reader.sinkStatus();
  expect(status).toMatchObject({ delivered: 20, lost: 50 });
  const losses: unknown[] = [];
  bench.reader.onLoss((loss) => losses.push(loss));
  expect(losses).toEqual([{ sink: "sink", records: 50 }]);
});
