import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { DeliveryBench, eventNumber } from "./delivery-bench.ts";
import { type Arrival, type Behaviour, MisbehavingServer } from "./misbehaving-server.ts";
import { parseLine } from "./parse-line.ts";

const QUICK = { linger: "0s", deadline: "10s", retry: { first: "10ms", longest: "40ms" } };

/** Both kinds of sink, on the same server. */
const KINDS = [
  { kind: "influxdb1", options: (url: string) => ({ type: "influxdb1", url, database: "tocsin", ...QUICK }) },
  {
    kind: "influxdb2",
    options: (url: string) => ({
      type: "influxdb2",
      url,
      org: "county",
      bucket: "tocsin",
      token: "env:TOKEN",
      ...QUICK,
    }),
  },
] as const;

/** Values of the stored readings, in order of arrival. */
function values(server: MisbehavingServer): number[] {
  return server.stored
    .filter((line) => line.startsWith("water_level"))
    .map((line) => Number(parseLine(line).fields.value));
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

function sorted(list: Iterable<number>): number[] {
  return [...new Set(list)].sort((a, b) => a - b);
}

describe.each(KINDS)("$kind", ({ options }) => {
  /** Fails the first requests in a given way, and works from then on. */
  function failing(server: MisbehavingServer, times: number, behaviour: Behaviour): void {
    let left = times;
    server.behave = () => (left-- > 0 ? behaviour : undefined);
  }

  test("readings arrive once each while the server works", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    for (let i = 0; i < 10; i++) bench.record(77);
    await until("all are delivered", () => bench.idle);
    expect(values(server).sort((a, b) => a - b)).toEqual(numbers(0, 770));
    expect(bench.status).toMatchObject({ delivered: 770, quarantined: 0, lost: 0, failures: 0 });
  });

  test.each<[string, Behaviour]>([
    ["answers 500", { kind: "answer", status: 500, body: '{"error":"timeout","message":"timeout"}' }],
    ["answers 503 for a moment", { kind: "answer", status: 503, headers: { "retry-after": "0" } }],
    [
      "does not know the database yet",
      { kind: "answer", status: 404, body: '{"error":"database not found","message":"bucket not found"}' },
    ],
    [
      "refuses the credentials",
      { kind: "answer", status: 401, body: '{"error":"unauthorized","message":"unauthorized"}' },
    ],
    [
      "is a proxy with a page of its own",
      { kind: "answer", status: 400, body: "<html>plain HTTP on an HTTPS port</html>" },
    ],
    ["never answers", { kind: "hang" }],
    ["breaks the connection", { kind: "reset" }],
    ["breaks the connection within its answer", { kind: "half" }],
  ])("a server that %s gets everything later, and people hear of it once", async (_, behaviour) => {
    await using server = await MisbehavingServer.start();
    failing(server, 4, behaviour);
    const deadline = behaviour.kind === "hang" ? "200ms" : "10s";
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 50, deadline });
    bench.record(230);
    await until("all are delivered", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(0, 230));
    expect(bench.status).toMatchObject({ delivered: 230, quarantined: 0, lost: 0 });
    expect(bench.status.failures).toBeGreaterThan(0);
    expect(bench.status.outage).toBeUndefined();
    expect(bench.log.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(bench.log.lines.filter(({ message }) => message.startsWith("delivers again"))).toHaveLength(1);
  });

  test("a server that asks for time is given it", async () => {
    await using server = await MisbehavingServer.start();
    let asked = 0;
    let asks = true;
    server.behave = () => {
      if (!asks) return undefined;
      asked++;
      return { kind: "answer", status: 429, headers: { "retry-after": "3600" } };
    };
    await using bench = await DeliveryBench.start(options(server.url));
    bench.record(10);
    await until("it is told to wait", () => bench.status.outage?.code === "SINK_UNAVAILABLE");
    asks = false;
    // Ten times the longest of our own waits: the hour that was asked for is not over.
    const before = performance.now();
    await until("time has passed", () => performance.now() - before > 400);
    expect(asked).toBe(1);
    expect(bench.status).toMatchObject({ delivered: 0, pending: 10, backlog: 0 });
  });

  test("a poison row is quarantined with the server's words, and all others are delivered", async () => {
    await using server = await MisbehavingServer.start();
    const poison = new Set([0, 13, 14, 499, 731]);
    const isPoison = (line: string) => poison.has(Number(parseLine(line).fields.value));
    server.behave = ({ lines }) => {
      if (!lines.some(isPoison)) return undefined;
      const words = "field type conflict: value is a string over here";
      return {
        kind: "answer",
        status: 422,
        body: JSON.stringify({ code: "invalid", error: words, message: words }),
      };
    };
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 200 });
    bench.record(1_000);
    await until("all are dealt with", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(0, 1_000).filter((n) => !poison.has(n)));
    expect(bench.status).toMatchObject({ delivered: 995, quarantined: 5, lost: 0 });
    const rows = bench.quarantined();
    expect(sorted(rows.map((row) => row.sequence))).toEqual([...poison].sort((a, b) => a - b));
    for (const row of rows) {
      expect(row.words).toContain("field type conflict");
      expect(parseLine(row.line).fields.value).toBe(row.sequence);
    }
    // Not one of them is tried again.
    const requests = server.arrivals.length;
    bench.record(1);
    await until("the next one is delivered", () => bench.idle);
    expect(server.arrivals.length).toBe(requests + 1);
  });

  test("a request that is too large is halved, and no row is blamed", async () => {
    await using server = await MisbehavingServer.start();
    server.behave = ({ lines }) =>
      lines.length > 60 ? { kind: "answer", status: 413, body: '{"error":"too large"}' } : undefined;
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 200 });
    bench.record(200);
    await until("all are delivered", () => bench.idle);
    server.arrivals.length = 0;
    bench.record(150);
    await until("all are delivered", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(0, 350));
    expect(bench.status).toMatchObject({ delivered: 350, quarantined: 0 });
    // The lesson is kept.
    expect(Math.max(...server.arrivals.map(({ lines }) => lines.length))).toBeLessThanOrEqual(60);
  });

  test("after an outage alarm events come first, then the newest readings, then the backlog from its oldest", async () => {
    await using server = await MisbehavingServer.start();
    await server.stop();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.record(3_000);
    bench.event(eventNumber(1));
    await until("the outage is noticed", () => (bench.status.outage?.attempts ?? 0) >= 2);
    bench.record(40);
    await server.listen();
    await until("all are delivered", () => bench.idle);
    const [first, second] = server.arrivals;
    expect(first?.lines[0]).toMatch(/^alarm_event,/);
    const newest = second?.lines.map((line) => Number(parseLine(line).fields.value));
    expect(newest).toContain(3_039);
    const order = values(server);
    expect(order.indexOf(3_039)).toBeLessThan(order.indexOf(0));
    const backlog = order.filter((n) => n < 2_900);
    expect(backlog).toEqual([...backlog].sort((a, b) => a - b));
    expect(sorted(order)).toEqual(numbers(0, 3_040));
  });

  test("a daily digest waits for the sink, however many lines of health push each other out meanwhile", async () => {
    await using server = await MisbehavingServer.start();
    await server.stop();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.delivery.digest("alarm_digest,site=demo position=9i 5");
    for (let n = 0; n < 200; n++) bench.delivery.health(`gateway,site=demo a=${n} ${n}`);
    await until("the outage is noticed", () => bench.status.outage !== undefined);
    await server.listen();
    await until("the digest is there", () =>
      server.arrivals.some(({ lines }) => lines.includes("alarm_digest,site=demo position=9i 5")),
    );
    expect(bench.status.healthDropped).toBe(200 - 64);
  });

  test("a line of health that comes while the one before is on its way goes with the next request", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    let late: string | undefined = "gateway,site=demo a=2 2";
    server.behave = () => {
      if (late !== undefined) bench.delivery.health(late);
      late = undefined;
      return undefined;
    };
    bench.delivery.health("gateway,site=demo a=1 1");
    await until("both are there", () => server.stored.length === 2);
    expect(server.stored).toEqual(["gateway,site=demo a=1 1", "gateway,site=demo a=2 2"]);
    expect(bench.status.healthDropped).toBe(0);
  });

  test("health that the server refuses for good is given up, and counted", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    server.behave = () => ({
      kind: "answer",
      status: 400,
      body: '{"error":"partial write: field type conflict","code":"invalid","message":"field type conflict"}',
    });
    bench.delivery.health("gateway,site=demo a=1 1");
    await until("it is counted", () => bench.status.healthDropped === 1);
  });

  test("new readings do not wait for a backlog that the server is slow with", async () => {
    await using server = await MisbehavingServer.start();
    await server.stop();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.record(5_000);
    await until("the outage is noticed", () => bench.status.outage !== undefined);
    const holdsBacklog = ({ lines }: Arrival) =>
      lines.some((line) => Number(parseLine(line).fields.value) < 1_000);
    server.behave = (arrival) => (holdsBacklog(arrival) ? { kind: "hang" } : undefined);
    await server.listen();
    await until("the backlog hangs", () => server.arrivals.some(holdsBacklog));
    bench.record(10);
    await until("the new ones are there", () => values(server).includes(5_009));
  });

  test("a backlog whose sink goes out while nothing new comes is delivered when the sink is back", async () => {
    await using server = await MisbehavingServer.start();
    await server.stop();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 50 }, 120);
    await until("the outage is noticed", () => bench.status.outage !== undefined);
    await server.listen();
    await until("all are delivered", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(0, 120));
  });

  test("readings wait for company, up to a batch; an alarm event does not", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 10, linger: "1m" });
    bench.record(1);
    await until("the first is delivered", () => bench.idle);
    for (let i = 0; i < 5; i++) bench.record(1);
    bench.event(eventNumber(1));
    await until("the event is delivered", () => bench.status.events === 0);
    expect(bench.status).toMatchObject({ pending: 5, delivered: 2 });
    bench.record(5);
    await until("the batch is full and goes", () => bench.idle);
    expect(server.arrivals.map(({ lines }) => lines.length)).toEqual([1, 1, 10]);
  });

  test("over HTTPS to a server whose certificate is trusted by the site file, and to no other", async () => {
    const path = (name: string) => fileURLToPath(new URL(`./certificate/${name}`, import.meta.url));
    const cert = readFileSync(path("certificate.pem"), "utf8");
    await using server = await MisbehavingServer.start({ cert, key: readFileSync(path("key.pem"), "utf8") });
    await using trusting = await DeliveryBench.start({
      ...options(server.url),
      tls: { ca: path("certificate.pem") },
    });
    await using wary = await DeliveryBench.start(options(server.url));
    trusting.record(7);
    wary.record(7);
    await until("it is delivered", () => trusting.idle);
    await until("the other refuses", () => wary.status.outage !== undefined);
    expect(wary.status.outage?.message).toContain("self-signed");
    expect(values(server)).toHaveLength(7);
  });

  test("a connection that the server closed in a quiet time is no outage", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start(options(server.url));
    bench.record(5);
    await until("the first are delivered", () => bench.idle);
    server.closeIdle();
    bench.record(5);
    await until("the next are delivered", () => bench.idle);
    expect(bench.status.failures).toBe(0);
    expect(bench.log.lines).toEqual([]);
  });

  test("after a restart delivery goes on where it was, and counts go on", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.record(500);
    bench.event(eventNumber(1));
    await until("all are delivered", () => bench.idle);
    await bench.restart();
    bench.record(20);
    bench.event(eventNumber(2));
    await until("the new ones are delivered", () => bench.idle);
    expect(values(server)).toHaveLength(520);
    expect(server.stored.filter((line) => line.startsWith("alarm_event"))).toHaveLength(2);
    expect(bench.status.delivered).toBe(522);
  });

  test("what the journal lets go before it was delivered is lost, counted, and not asked for", async () => {
    await using server = await MisbehavingServer.start();
    await server.stop();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.record(1_000);
    await until("the outage is noticed", () => bench.status.outage !== undefined);
    expect(bench.delivery.trimmed(0, 400, 390)).toBe(390);
    await server.listen();
    await until("the rest is delivered", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(400, 1_000));
    expect(bench.status).toMatchObject({ delivered: 600, lost: 390 });
    expect(bench.log.lines.filter(({ level }) => level === "error")).toHaveLength(1);
  });

  test("records that the journal cannot read are lost, counted, and stop nothing", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), batch: 100 });
    bench.source.damaged = { from: 150, to: 180 };
    bench.record(400);
    await until("the rest is delivered", () => bench.idle);
    expect(sorted(values(server))).toEqual(numbers(0, 400).filter((n) => n < 150 || n >= 180));
    expect(bench.status).toMatchObject({ delivered: 370, lost: 30 });
  });

  test("a damaged sinks.db is set aside, loudly, and everything is delivered again from the oldest", async () => {
    await using server = await MisbehavingServer.start();
    await using bench = await DeliveryBench.start({ ...options(server.url), start: "from-now" });
    bench.record(50);
    await until("all are delivered", () => bench.idle);
    server.stored.length = 0;
    await bench.restart(() =>
      writeFileSync(join(bench.folder, "sinks.db"), "this is no database".repeat(500)),
    );
    await until("all are delivered again", () => bench.idle && server.stored.length > 0);
    expect(sorted(values(server))).toEqual(numbers(0, 50));
    expect(
      bench.log.lines.some(({ level, message }) => level === "error" && message.includes("set aside")),
    ).toBe(true);
  });
});

test("1.x stores the sound lines of a partial write: the refused one is found, quarantined, and never sent again", async () => {
  await using server = await MisbehavingServer.start();
  server.behave = ({ lines }) => {
    const good = lines.filter((line) => Number(parseLine(line).fields.value) !== 66);
    if (good.length === lines.length) return undefined;
    server.stored.push(...good);
    return {
      kind: "answer",
      status: 400,
      body: '{"error":"partial write: field type conflict dropped=1"}\n',
    };
  };
  await using bench = await DeliveryBench.start({ ...KINDS[0].options(server.url), batch: 128 });
  bench.record(128);
  await until("all are dealt with", () => bench.idle);
  expect(sorted(values(server))).toEqual(numbers(0, 128).filter((n) => n !== 66));
  expect(bench.status).toMatchObject({ delivered: 127, quarantined: 1 });
  expect(bench.quarantined()).toMatchObject([
    { sequence: 66, words: "HTTP 400: partial write: field type conflict dropped=1" },
  ]);
});

test("1.x drops a whole batch (older than the retention policy): one request says it, and all rows are in quarantine", async () => {
  await using server = await MisbehavingServer.start();
  server.behave = ({ lines }) => ({
    kind: "answer",
    status: 400,
    body: JSON.stringify({ error: `partial write: points beyond retention policy dropped=${lines.length}` }),
  });
  await using bench = await DeliveryBench.start({ ...KINDS[0].options(server.url), batch: 500 });
  bench.record(500);
  await until("all are dealt with", () => bench.idle);
  expect(server.arrivals).toHaveLength(1);
  expect(bench.status).toMatchObject({ delivered: 0, quarantined: 500 });
});

test("1.x with much poison: what is not told apart is counted all the same, in a bounded number of requests", async () => {
  await using server = await MisbehavingServer.start();
  const isPoison = (line: string) => Number(parseLine(line).fields.value) % 2 === 0;
  server.behave = ({ lines }) => {
    const good = lines.filter((line) => !isPoison(line));
    server.stored.push(...good);
    const dropped = lines.length - good.length;
    if (dropped === 0) return { kind: "answer", status: 204 };
    return {
      kind: "answer",
      status: 400,
      body: JSON.stringify({ error: `partial write: field type conflict dropped=${dropped}` }),
    };
  };
  await using bench = await DeliveryBench.start({
    ...KINDS[0].options(server.url),
    batch: 4_000,
    deadline: "10s",
  });
  bench.record(4_000);
  await until("all are dealt with", () => bench.idle);
  expect(sorted(values(server))).toEqual(numbers(0, 4_000).filter((n) => n % 2 === 1));
  expect(bench.status).toMatchObject({ delivered: 2_000, quarantined: 2_000 });
  expect(server.arrivals.length).toBeLessThan(600);
});

test("the quarantine is bounded: the oldest rows leave it, the count stays", async () => {
  await using server = await MisbehavingServer.start();
  server.behave = () => ({ kind: "answer", status: 400, body: '{"error":"no"}' });
  await using bench = await DeliveryBench.start({ ...KINDS[1].options(server.url), batch: 8, quarantine: 5 });
  for (let i = 1; i <= 4; i++) {
    bench.record(8);
    await until("all are dealt with", () => bench.idle);
  }
  expect(bench.quarantined().map((row) => row.sequence)).toEqual([31, 30, 29, 28, 27]);
  expect(bench.status.quarantined).toBe(32);
});

test("the dead sink of two changes nothing for the other", async () => {
  await using alive = await MisbehavingServer.start();
  await using hanging = await MisbehavingServer.start();
  hanging.behave = () => ({ kind: "hang" });
  await using first = await DeliveryBench.start({ ...KINDS[0].options(hanging.url) });
  await using second = await DeliveryBench.start(KINDS[1].options(alive.url));
  first.record(1_000);
  second.record(1_000);
  await until("the living one has all", () => second.idle);
  expect(first.status).toMatchObject({ delivered: 0, pending: 1_000, backlog: 0 });
});

test("credentials travel as each version wants them, and bodies of 2.x are compressed", async () => {
  await using server = await MisbehavingServer.start();
  await using one = await DeliveryBench.start({
    ...KINDS[0].options(server.url),
    retentionPolicy: "a year",
    username: "zhao",
    password: "env:PASSWORD",
  });
  one.record(1);
  await until("it is delivered", () => one.idle);
  expect(server.arrivals[0]).toMatchObject({ path: "/write" });
  expect(Object.fromEntries(server.arrivals[0]!.query)).toEqual({
    db: "tocsin",
    precision: "u",
    rp: "a year",
  });
  expect(server.arrivals[0]!.headers.authorization).toBe(
    `Basic ${Buffer.from("zhao:secret of env:PASSWORD").toString("base64")}`,
  );
  await using two = await DeliveryBench.start(KINDS[1].options(server.url));
  two.record(100);
  await until("it is delivered", () => two.idle);
  expect(server.arrivals[1]).toMatchObject({ path: "/api/v2/write" });
  expect(Object.fromEntries(server.arrivals[1]!.query)).toEqual({
    org: "county",
    bucket: "tocsin",
    precision: "us",
  });
  expect(server.arrivals[1]!.headers).toMatchObject({
    authorization: "Token secret of env:TOKEN",
    "content-encoding": "gzip",
  });
});
