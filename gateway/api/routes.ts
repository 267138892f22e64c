import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { z } from "zod";
import { MODES } from "../../model/domain.ts";
import { asTocsinError, ConfigurationError, type Fault } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import { REASON_NAMES } from "../../model/quality.ts";
import { HOUR, MILLISECOND, type Micros } from "../../model/time.ts";
import type { BuiltInRuleId } from "../../rules/built-in.ts";
import type { ComputedView } from "../../rules/computed.ts";
import type { Refusal } from "../alerts/command-schemas.ts";
import { selfTestJson } from "../alerts/status.ts";
import { collect } from "../report/collect.ts";
import { reportJson } from "../report/json.ts";
import { LONGEST_PERIOD, STANDARD_PERIOD } from "../report/period.ts";
import { offeredRequests, requestJson } from "../requests.ts";
import { VERSION } from "../version.ts";
import { connectionRate, connections } from "./connection.ts";
import { gauges } from "./gauges.ts";
import type { Identities } from "./identities.ts";
import { renderMetrics } from "./metrics.ts";
import type { Observed } from "./observed.ts";
import { outsideRoutes } from "./outside-routes.ts";
import { statusJson, strangerJson, strangersOf } from "./status.ts";
import {
  alarmJson,
  channelJson,
  computedJson,
  deviceJson,
  eventJson,
  finite,
  instant,
  linkJson,
  pointJson,
  qualityJson,
  routeJson,
  shelvedJson,
  siteJson,
} from "./views.ts";

/** Rows a single answer may have; `next` leads on. */
const MOST_ROWS = 10_000;
const DEFAULT_ROWS = 1_000;
/** A polled read waits for its turn on the bus and for the device's own deadline. */
const READ_DEADLINE_MS = 30_000;

const instantSchema = z.string().transform((text, context): Micros => {
  const time = Date.parse(text) * MILLISECOND;
  if (Number.isNaN(time))
    context.addIssue({ code: "custom", message: "write a time as 2026-05-21T06:30:00Z" });
  return time;
});
const limitSchema = z.coerce.number().int().min(1).max(MOST_ROWS).default(DEFAULT_ROWS);

const historySchema = z.object({
  channel: z.string().min(1),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  order: z.enum(["oldest", "newest"]).default("newest"),
  limit: limitSchema,
});
const eventsSchema = z.object({
  from: z.coerce.number().int().min(1).default(1),
  to: z.coerce.number().int().min(1).default(Number.MAX_SAFE_INTEGER),
  limit: limitSchema,
});

const reportQuerySchema = z.object({
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  mode: z.enum(MODES).default("live"),
});

/** Registers as they are; the driver knows the bounds. */
const rawQuerySchema = z.object({
  unit: z.coerce.number().int().min(0).max(255),
  table: z.enum(["holding", "input", "coil", "discrete"]).default("holding"),
  address: z.coerce.number().int().min(0).default(0),
  count: z.coerce.number().int().min(1).default(1),
});

const computedSchema = z.object({
  rule: z.string().optional(),
  subject: z.string().optional(),
  limit: limitSchema,
});

const STATUS_OF: Readonly<Record<Fault, 400 | 500 | 502 | 503 | 504>> = {
  configuration: 400,
  device: 504,
  network: 502,
  host: 503,
  internal: 500,
};

/** A longer body is no command. */
const MOST_COMMAND_BYTES = 8_192;

/** The status that goes with a refused command: the call is wrong, comes too often, or does not fit what stands now. */
function refusalStatus(reason: Refusal | null): 400 | 409 | 429 | 503 {
  switch (reason) {
    case "invalid":
    case "not-supported":
    case "expired":
      return 400;
    case "too-many":
      return 429;
    case "busy":
    case "failed":
      return 503;
    default:
      return 409;
  }
}

/** The HTTP interface: health, metrics, the state of the site as JSON, and commands of people who are known by name. */
export function routes(
  app: Hono,
  observed: Observed,
  { log, identities }: { log: Log; identities: Identities },
): void {
  const { configuration, engine, journal } = observed;
  const { site } = configuration;
  const reader = journal.reader;

  app.onError((thrown, context) => {
    if (thrown instanceof z.ZodError) {
      return context.json({ error: { code: "COMMAND_USAGE", message: z.prettifyError(thrown) } }, 400);
    }
    const error = asTocsinError(thrown);
    if (error.fault === "internal") log.error({ err: error, path: context.req.path }, "a request failed");
    const { code, message, hint } = error;
    return context.json({ error: { code, message, hint } }, STATUS_OF[error.fault]);
  });
  app.notFound((context) =>
    context.json(
      { error: { code: "CONFIG_NOT_FOUND", message: `there is nothing at ${context.req.path}` } },
      404,
    ),
  );

  app.get("/health", (context) => {
    const failure = journal.failure;
    const body = {
      status: failure === undefined ? "ok" : "journal-failed",
      site: site.id,
      version: VERSION,
      since: instant(observed.startedAt),
      ...(failure === undefined ? {} : { failure: failure.message }),
    };
    return context.json(body, failure === undefined ? 200 : 503);
  });
  app.get("/ready", (context) =>
    context.json({ ready: observed.ready, site: site.id }, observed.ready ? 200 : 503),
  );
  app.get("/metrics", async (context) =>
    context.text(await renderMetrics(observed.counters, gauges(observed)), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    }),
  );

  app.get("/api/status", async (context) => context.json(await statusJson(observed)));
  app.get("/api/site", (context) => context.json(siteJson(configuration)));
  app.get("/api/points", (context) => {
    const alarms = [...engine.alarms()];
    const known = connections(site, engine.channels());
    return context.json({
      points: site.points.map((point) => pointJson(site, point, { alarms, connection: known[point.index] })),
    });
  });
  app.get("/api/connection", (context) => {
    const known = connections(site, engine.channels());
    return context.json({
      ...connectionRate(site.points, known),
      groups: site.groups.map(({ id, points }) => ({
        id,
        ...connectionRate(
          points.map((index) => site.points[index]!),
          known,
        ),
      })),
    });
  });
  app.get("/api/silences", (context) => {
    const alarms = [...engine.alarms()];
    const of = (rule: BuiltInRuleId) => alarms.filter((alarm) => alarm.rule === rule).map(alarmJson);
    return context.json({
      shelved: Array.from(engine.shelved(), shelvedJson),
      outOfService: of("out-of-service"),
      suppressed: of("inhibition"),
      permits: of("permit-open"),
    });
  });
  app.get("/api/devices", (context) =>
    context.json({ devices: site.devices.map((device) => deviceJson(site, device)) }),
  );
  app.get("/api/links", (context) => {
    const alarms = [...engine.alarms()];
    return context.json({ links: site.links.map((link) => linkJson(link, alarms)) });
  });
  app.get("/api/channels", (context) => {
    const views = [...engine.channels()];
    return context.json({
      channels: site.channels.map((channel) => channelJson(site, channel, views[channel.index])),
    });
  });
  app.get("/api/alarms", (context) => context.json({ alarms: [...engine.alarms()].map(alarmJson) }));
  app.get("/api/self-test", (context) => {
    const { running, last } = engine.selfTest;
    return context.json({
      running: running === undefined ? null : { since: instant(running.began), until: instant(running.due) },
      last: selfTestJson(last),
    });
  });
  app.get("/api/cases", (context) => context.json(observed.alerts.cases()));
  app.get("/api/computed", (context) => {
    const { rule, subject, limit } = computedSchema.parse(context.req.query());
    const fits = (view: ComputedView) =>
      (rule === undefined || view.rule === rule) && (subject === undefined || view.subject === subject);
    const found = [...engine.computed()].filter(fits);
    return context.json({ computed: found.slice(0, limit).map(computedJson) });
  });
  app.get("/api/events", async (context) => {
    const query = eventsSchema.parse(context.req.query());
    return context.json({ events: (await reader.events(query)).map(eventJson) });
  });
  app.get("/api/report", async (context) => {
    const { from, to, mode } = reportQuerySchema.parse(context.req.query());
    const end = to ?? observed.now();
    const period = { from: from ?? end - STANDARD_PERIOD, to: end };
    if (period.from >= period.to || period.to - period.from > LONGEST_PERIOD) {
      throw new ConfigurationError("COMMAND_USAGE", "the period is empty, or longer than ten years");
    }
    const comparison = await collect((query) => reader.events(query), { period, mode });
    return context.json(reportJson(comparison, { site: site.id, timeZone: site.timeZone, mode }));
  });
  app.get("/api/history", async (context) => await history(context, observed));
  app.get("/api/sinks", async (context) => context.json({ sinks: await reader.sinkStatus() }));
  app.get("/api/routes", (context) => context.json({ routes: observed.routes.status.map(routeJson) }));
  app.get("/api/strangers", (context) =>
    context.json({ strangers: strangersOf(observed.drivers).map(strangerJson) }),
  );
  app.get("/api/quarantine", async (context) => {
    const { limit } = z.object({ limit: limitSchema }).parse(context.req.query());
    const [rows, messages] = await Promise.all([
      reader.quarantined({ limit }),
      reader.undecodable({ limit }),
    ]);
    return context.json({
      rows,
      messages: messages.map(({ payload, at, ...message }) => ({
        ...message,
        at: instant(at),
        payload: Buffer.from(payload).toString("base64"),
      })),
    });
  });
  const limit = bodyLimit({
    maxSize: MOST_COMMAND_BYTES,
    onError: (context) =>
      context.json({ error: { code: "COMMAND_USAGE", message: "that is too long for a command" } }, 413),
  });
  app.post("/api/command/:verb", limit, async (context) => {
    const user = identities.userOf(context.req);
    if (user === undefined) {
      const message = "commands need a caller who is known by name: see http.users";
      return context.json({ error: { code: "LINK_REFUSED", message } }, 403);
    }
    // A page of somebody else's in a browser on this machine cannot send this type without asking first, and nobody answers.
    if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
      const message = "send the command as application/json";
      return context.json({ error: { code: "COMMAND_USAGE", message } }, 415);
    }
    const payload = new Uint8Array(await context.req.arrayBuffer());
    const result = await observed.alerts.ask({ user, verb: context.req.param("verb"), payload });
    return context.json(result, result.accepted ? 200 : refusalStatus(result.reason));
  });
  app.get("/api/raw/:link", async (context) => {
    const request = rawQuerySchema.parse(context.req.query());
    const driver = observed.drivers.get(context.req.param("link"));
    if (driver?.readRaw === undefined)
      return unknown(context, "no open link of that name can be asked for registers");
    const bytes = await driver.readRaw(request);
    return context.json({ bytes: Buffer.from(bytes).toString("hex") });
  });
  app.get("/api/identify/:link", async (context) => {
    const { unit } = rawQuerySchema.pick({ unit: true }).parse(context.req.query());
    const driver = observed.drivers.get(context.req.param("link"));
    if (driver?.identify === undefined)
      return unknown(context, "no open link of that name can be asked who is there");
    return context.json({ identity: await driver.identify({ unit }) });
  });
  app.get("/api/requests/:device", (context) => {
    const id = context.req.param("device");
    const device = site.devices.find((candidate) => candidate.id === id);
    if (device === undefined) return unknown(context, `no device is called ${JSON.stringify(id)}`);
    return context.json({ requests: offeredRequests(configuration, device).map(requestJson) });
  });
  outsideRoutes(app, observed, { identities, limit });
  app.get("/api/read/:device", async (context) => {
    const id = context.req.param("device");
    const device = site.devices.find((candidate) => candidate.id === id);
    if (device === undefined) return unknown(context, `no device is called ${JSON.stringify(id)}`);
    const driver = observed.drivers.get(site.links[device.link]!.id);
    if (driver === undefined) return unknown(context, `the link of ${id} is not open`);
    const values = await driver.read(device.index, AbortSignal.timeout(READ_DEADLINE_MS));
    return context.json({
      device: id,
      values: values.map((value) => ({
        ...value,
        value: finite(value.value),
        reason: REASON_NAMES[value.reason] ?? "bad",
      })),
    });
  });
}

async function history(context: Context, observed: Observed): Promise<Response> {
  const query = historySchema.parse(context.req.query());
  const { site } = observed.configuration;
  const channel = site.channels.find((candidate) => candidate.key === query.channel);
  if (channel === undefined) return unknown(context, `no channel is called ${JSON.stringify(query.channel)}`);
  const to = query.to ?? observed.now();
  const page = await observed.journal.reader.history({
    series: [observed.journal.series[channel.index]!],
    from: query.from ?? to - HOUR,
    to,
    order: query.order,
    limit: query.limit,
  });
  const rows = Array.from({ length: page.length }, (_, i) => ({
    time: instant(page.time[i]!),
    value: finite(page.value[i]!),
    ...qualityJson(page.reason[i]!),
  }));
  return context.json({ channel: channel.key, unit: channel.unit, rows, more: page.next !== undefined });
}

function unknown(context: Context, message: string): Response {
  return context.json({ error: { code: "CONFIG_NOT_FOUND", message } }, 404);
}
