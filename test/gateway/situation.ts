import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ModbusRTU from "modbus-serial";
import { connectAsync, type MqttClient } from "mqtt";
import { parse } from "yaml";
import { z } from "zod";
import { signatureOf } from "../../drivers/http/signature.ts";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { SILENT } from "../../model/log.ts";
import { REASON_NAMES } from "../../model/quality.ts";
import { MILLISECOND, parseDuration, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { RawClient } from "../mqtt/raw-client.ts";
import { published, replayed } from "../replay/replayed.ts";
import { freePort } from "../support/free-port.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { edgeStepSchema, SituationEdge } from "./edge-steps.ts";

/*
 * A situation is a folder: `site.yaml` (PORT_<link> stands for a free port, FREE_<name> for one where nobody listens yet; another `*.site.yaml` is what somebody made of it
 * later; other files stand beside it), `wire.yaml` (what comes over the wire, and when) and `expected.yaml`. Everything is real but the hours: a gateway, its broker, Modbus servers, clients; the clock jumps.
 */

const duration = z.string().transform((text, context) => {
  const span = parseDuration(text);
  if (span !== undefined) return span;
  context.addIssue({ code: "custom", message: `not a duration: ${text}` });
  return z.NEVER;
});

const stepSchema = z.union([
  /** A QoS 1 publication; the step ends with its PUBACK. `$ms-1h` stands for that instant in Unix milliseconds, `$iso` in RFC 3339. */
  z.strictObject({
    publish: z.string(),
    payload: z.unknown().optional(),
    /** Instead of a payload: these very characters. */
    text: z.string().optional(),
    /** The step ends once it is sent: its PUBACK may never come. */
    unacknowledged: z.literal(true).optional(),
  }),
  /** A platform's push to a link; `signed`: with HMAC by this key, under a nonce of its own. Ends with this answer. */
  z.strictObject({
    post: z.string(),
    link: z.string(),
    payload: z.unknown(),
    signed: z.string().optional(),
    status: z.int(),
  }),
  /** A QoS 1 publication with this very packet id, marked DUP or not, of the client `instrument`; ends with its PUBACK. */
  z.strictObject({
    packet: z.int().min(1).max(65_535),
    dup: z.boolean().default(false),
    topic: z.string(),
    payload: z.unknown(),
  }),
  edgeStepSchema,
  /** Time passes at once. */
  z.strictObject({ jump: duration }),
  /** Time passes in steps of a second, and in each the polled devices have answered. */
  z.strictObject({ poll: duration, channel: z.string() }),
  /** Registers of a Modbus link's server. */
  z.strictObject({ set: z.string(), unit: z.int().default(1), registers: z.record(z.string(), z.int()) }),
  /** A Modbus link's server goes away, or comes back. */
  z.strictObject({ down: z.string() }),
  z.strictObject({ up: z.string() }),
  /** Waits until a counter, summed over its labels, has come so far. */
  z.strictObject({ count: z.string(), reaches: z.int() }),
  /** Waits until a channel says so. */
  z.strictObject({ await: z.string(), value: z.number().optional(), reason: z.string().optional() }),
  /** A command over MQTT, for the occurrence raised last unless told otherwise (`none`: for no occurrence); `body`: what else it says. */
  z.strictObject({
    command: z.string(),
    rule: z.string().optional(),
    subject: z.string().optional(),
    occurrence: z.string().default("$last"),
    body: z.record(z.string(), z.unknown()).default({}),
    accepted: z.boolean(),
    refusal: z.string().optional(),
  }),
  /** Asks for every event since the beginning again, over MQTT: those of a restart come before anybody can listen. */
  z.strictObject({ resend: z.literal(true) }),
  /** The disk hangs, and works again. */
  z.strictObject({ disk: z.enum(["stalls", "works"]) }),
  /** The gateway is stopped and started again, with the same data folder; with another site file when one is named. */
  z.strictObject({ restart: z.union([z.literal(true), z.string()]) }),
  /** Somebody, or NTP, sets the wall clock ahead. */
  z.strictObject({ wall: duration }),
  /** Waits until so many events have been published. */
  z.strictObject({ events: z.int() }),
]);

const expectedSchema = z.strictObject({
  /** Every event, in order: `transition rule subject severity`. */
  events: z.array(z.string()),
  /** Those that must have gone out before the disk had them. A slow disk may add others. */
  uncommitted: z.array(z.string()).default([]),
  /** Channels at the end: value and reason. */
  channels: z
    .record(z.string(), z.strictObject({ value: z.number().nullable(), reason: z.string() }))
    .default({}),
  /** Counters at the end, summed over their labels. */
  counters: z.record(z.string(), z.number()).default({}),
  /** Alarms standing at the end: `rule subject state`. */
  standing: z.array(z.string()).default([]),
  /** Distinct times in the history, by channel. */
  stored: z.record(z.string(), z.int()).default({}),
});

export interface Outcome {
  readonly events: string[];
  readonly uncommitted: string[];
  readonly channels: Record<string, { value: number | null; reason: string }>;
  readonly counters: Record<string, number>;
  readonly standing: string[];
  readonly stored: Record<string, number>;
}

interface Seen {
  readonly seq: number;
  readonly line: string;
  readonly uncommitted: boolean;
  readonly occurrence: string;
}

/** What the alarm log has, and what a replay of the journal brings forth: an event a line, to the microsecond. */
export interface Twice {
  readonly live: readonly string[];
  readonly replayed: readonly string[];
}

/** What really happens in a situation, beside what should; and what happens when its journal is replayed. */
export async function play(
  folder: string,
): Promise<{ happened: Outcome; expected: Outcome; twice: Twice | undefined }> {
  const steps = z.array(stepSchema).parse(parse(readFileSync(join(folder, "wire.yaml"), "utf8")));
  const expected = expectedSchema.parse(parse(readFileSync(join(folder, "expected.yaml"), "utf8")));
  await using stage = await Stage.open(folder);
  for (const [i, step] of steps.entries()) {
    try {
      await stage.step(step);
    } catch (cause) {
      throw new Error(
        `step ${i + 1} ${JSON.stringify(step)}: ${String(cause)}; events so far:\n${stage.lines().join("\n")}`,
        { cause },
      );
    }
  }
  if (expected.events.length > stage.lines().length) {
    await until(
      `${expected.events.length} events`,
      () => stage.lines().length >= expected.events.length,
    ).catch(() => {});
  }
  return { happened: await stage.outcome(expected), expected, twice: await stage.twice() };
}

function toTheMicrosecond({ seq, time, transition, rule, subject, severity, occurrence, value }: AlarmEvent) {
  return `${seq} ${time} ${transition} ${rule} ${subject} ${severity} o${occurrence} ${value}`;
}

class Stage implements AsyncDisposable {
  readonly #folder = temporaryFolder("situation");
  #site: string;
  readonly #clock = new JumpingClock();
  readonly #began = this.#clock.wall();
  readonly #servers: Map<string, RegisterServer>;
  readonly #seen: Seen[] = [];
  readonly #results = new Map<string, { accepted: boolean; refusal: string | undefined }>();
  #gateway!: Gateway;
  #client!: MqttClient;
  #edge: SituationEdge | undefined;
  #nextRequest = 1;
  #changed = false;

  static async open(folder: string): Promise<Stage> {
    const servers = new Map<string, RegisterServer>();
    const free = new Map<string, number>();
    const sites: Record<string, string> = {};
    for (const name of readdirSync(folder).filter((file) => /^(.+\.)?site\.yaml$/.test(file))) {
      let text = readFileSync(join(folder, name), "utf8");
      for (const [placeholder, link] of new Set(
        [...text.matchAll(/PORT_([a-z0-9_-]+)/g)].map((match) => [match[0], match[1]!] as const),
      )) {
        const server = servers.get(link) ?? new RegisterServer(await freePort());
        await server.up();
        servers.set(link, server);
        text = text.replaceAll(placeholder, String(server.port));
      }
      for (const placeholder of new Set(text.match(/FREE_[a-z0-9_-]+/g))) {
        const port = free.get(placeholder) ?? (await freePort());
        free.set(placeholder, port);
        text = text.replaceAll(placeholder, String(port));
      }
      sites[name] = text;
    }
    const stage = new Stage(folder, { sites, servers });
    await stage.#start();
    return stage;
  }

  private constructor(
    folder: string,
    { sites, servers }: { sites: Readonly<Record<string, string>>; servers: Map<string, RegisterServer> },
  ) {
    cpSync(folder, this.#folder.path, { recursive: true });
    for (const [name, text] of Object.entries(sites)) writeFileSync(this.#folder.join(name), text);
    this.#site = this.#folder.join("site.yaml");
    this.#servers = servers;
  }

  lines(): string[] {
    return this.#seen.map(({ line }) => line);
  }

  async #start(): Promise<void> {
    const configuration = loadConfiguration(this.#site);
    this.#gateway = await Gateway.start({ configuration, clock: this.#clock, log: SILENT });
    this.#client = await connectAsync(`mqtt://${this.#gateway.addresses.mqtt}`, { reconnectPeriod: 0 });
    this.#client.on("message", (topic, payload) => this.#message(topic, payload.toString()));
    await this.#client.subscribeAsync(["tocsin/+/event/#", "tocsin/+/command/result/+"], { qos: 1 });
  }

  #message(topic: string, payload: string): void {
    const message = JSON.parse(payload) as Record<string, unknown>;
    if (topic.includes("/command/result/")) {
      const { id, accepted, reason } = message as { id: string; accepted: boolean; reason: string | null };
      this.#results.set(id, { accepted, refusal: reason ?? undefined });
      return;
    }
    const event = message as {
      seq: number;
      transition: string;
      occurrence: string;
      severity: string;
      uncommitted: boolean;
      resent: boolean;
      rule: { id: string };
      where: { subject: string };
    };
    // What comes again by request counts once; what comes twice by itself does not go unseen.
    if (event.resent && this.#seen.some(({ seq }) => seq === event.seq)) return;
    const words = [event.transition, event.rule?.id, event.where?.subject, event.severity].filter(Boolean);
    this.#seen.push({
      seq: event.seq,
      line: words.join(" "),
      uncommitted: event.uncommitted,
      occurrence: event.occurrence,
    });
  }

  async step(step: z.output<typeof stepSchema>): Promise<void> {
    if ("publish" in step) {
      const payload = step.text ?? JSON.stringify(this.#timed(step.payload));
      const acknowledged = this.#client.publishAsync(step.publish, payload, { qos: 1 });
      if (step.unacknowledged) acknowledged.catch(() => {});
      else await acknowledged;
    } else if ("post" in step) {
      await this.#post(step);
    } else if ("packet" in step) {
      await this.#packet(step);
    } else if ("edge" in step) {
      this.#edge ??= new SituationEdge(`mqtt://${this.#gateway.addresses.mqtt}`, this.#clock);
      await this.#edge.step(step);
    } else if ("jump" in step) {
      this.#clock.jump(step.jump);
    } else if ("poll" in step) {
      for (let left = step.poll; left > 0; left -= SECOND) {
        const before = this.#channel(step.channel).received;
        this.#clock.jump(Math.min(SECOND, left));
        await until(`${step.channel} is polled`, () => this.#channel(step.channel).received !== before);
      }
    } else if ("set" in step) {
      for (const [address, value] of Object.entries(step.registers)) {
        this.#server(step.set).set(step.unit, Number(address), value);
      }
    } else if ("down" in step) {
      await this.#server(step.down).down();
    } else if ("up" in step) {
      await this.#server(step.up).up();
    } else if ("count" in step) {
      await until(`${step.count} reaches ${step.reaches}`, () => this.#total(step.count) >= step.reaches);
    } else if ("await" in step) {
      await until(`${step.await} says ${step.value ?? step.reason}`, () => {
        const { value, reason } = this.#channel(step.await);
        if (step.value !== undefined && Math.abs(value - step.value) > 1e-9) return false;
        return step.reason === undefined || REASON_NAMES[reason] === step.reason;
      });
    } else if ("command" in step) {
      await this.#command(step);
    } else if ("resend" in step) {
      await this.#resend();
    } else if ("disk" in step) {
      if (step.disk === "stalls") this.#gateway.journal.pause();
      else this.#gateway.journal.resume();
    } else if ("restart" in step) {
      await this.#client.endAsync(true);
      await this.#gateway.stop();
      if (step.restart !== true) {
        this.#site = this.#folder.join(step.restart);
        this.#changed = true;
      }
      await this.#start();
    } else if ("wall" in step) {
      this.#clock.setWallBy(step.wall);
    } else {
      await until(`${step.events} events`, () => this.#seen.length >= step.events);
    }
  }

  async #packet({
    packet: id,
    dup,
    topic,
    payload,
  }: {
    packet: number;
    dup: boolean;
    topic: string;
    payload: unknown;
  }) {
    const port = Number(this.#gateway.addresses.mqtt?.split(":").at(-1));
    await using instrument = await RawClient.connect(port, { clientId: "instrument", clean: false });
    instrument.publish(topic, JSON.stringify(this.#timed(payload)), { id, dup });
    await until("its PUBACK", () => instrument.acknowledged.includes(id));
  }

  async #post(step: {
    post: string;
    link: string;
    payload: unknown;
    signed?: string | undefined;
    status: number;
  }): Promise<void> {
    const listening = this.#gateway.drivers.get(step.link)?.listening;
    const body = JSON.stringify(this.#timed(step.payload));
    const timestamp = String(Math.floor(this.#clock.wall() / SECOND));
    const nonce = `nonce-${this.#nextRequest++}`;
    const signing = { signed: ["timestamp", "nonce", "body"], encoding: "hex" } as const;
    const request = { timestamp, nonce, method: "POST", path: step.post, body };
    const signature =
      step.signed === undefined
        ? {}
        : {
            "x-timestamp": timestamp,
            "x-nonce": nonce,
            "x-signature": signatureOf(request, signing, step.signed),
          };
    const answer = await fetch(`http://${listening}${step.post}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...signature },
      body,
    });
    const text = await answer.text();
    if (answer.status !== step.status) throw new Error(`answered ${answer.status}: ${text}`);
  }

  async #resend(): Promise<void> {
    const id = `request-${this.#nextRequest++}`;
    const { engine, configuration } = this.#gateway;
    const request = { id, from: 1, to: engine.nextSeq - 1 };
    await this.#client.publishAsync(
      `tocsin/${configuration.site.id}/command/resend`,
      JSON.stringify(request),
      { qos: 1 },
    );
    await until(`the result of ${id}`, () => this.#results.get(id));
  }

  async #command(step: {
    command: string;
    rule?: string | undefined;
    subject?: string | undefined;
    occurrence: string;
    body: Record<string, unknown>;
    accepted: boolean;
    refusal?: string | undefined;
  }): Promise<void> {
    const id = `request-${this.#nextRequest++}`;
    const occurrence = step.occurrence === "$last" ? this.#seen.at(-1)?.occurrence : step.occurrence;
    const site = this.#gateway.configuration.site.id;
    const request = {
      id,
      rule: step.rule,
      subject: step.subject,
      ...(step.occurrence === "none" ? {} : { occurrence }),
      ...step.body,
    };
    await this.#client.publishAsync(`tocsin/${site}/command/${step.command}`, JSON.stringify(request), {
      qos: 1,
    });
    const result = await until(`the result of ${id}`, () => this.#results.get(id));
    if (result.accepted !== step.accepted || result.refusal !== step.refusal) {
      throw new Error(`command ${step.command}: ${JSON.stringify(result)}`);
    }
  }

  async outcome(wanted: Outcome): Promise<Outcome> {
    const { engine, journal, configuration } = this.#gateway;
    const stored: Record<string, number> = {};
    for (const key of Object.keys(wanted.stored)) {
      const channel = configuration.site.channels.find((candidate) => candidate.key === key);
      const series = journal.series[channel?.index ?? -1]!;
      const page = await journal.reader.history({
        series: [series],
        from: 0,
        to: this.#clock.now() + 1e12,
        order: "oldest",
        limit: 10_000,
      });
      stored[key] = new Set(page.time.subarray(0, page.length)).size;
    }
    return {
      events: [...this.#seen].sort((a, b) => a.seq - b.seq).map(({ line }) => line),
      uncommitted: this.#seen
        .filter(({ uncommitted, line }) => uncommitted && wanted.uncommitted.includes(line))
        .map(({ line }) => line),
      channels: Object.fromEntries(
        Object.keys(wanted.channels).map((key) => {
          const { value, reason } = this.#channel(key);
          return [key, { value: Number.isFinite(value) ? value : null, reason: REASON_NAMES[reason] ?? "?" }];
        }),
      ),
      counters: Object.fromEntries(Object.keys(wanted.counters).map((name) => [name, this.#total(name)])),
      standing: [...engine.alarms()].map(({ rule, subject, state }) => `${rule} ${subject} ${state}`).sort(),
      stored,
    };
  }

  /** Undefined where another site file came in between: that is another computation. */
  async twice(): Promise<Twice | undefined> {
    await this.#gateway.stop();
    if (this.#changed) return undefined;
    const data = this.#gateway.configuration.dataFolder;
    const { outcome, events } = replayed(this.#site, data);
    return {
      live: published(data).map(toTheMicrosecond),
      replayed: [
        ...events.map(toTheMicrosecond),
        ...outcome.remarks.map(({ kind, examples }) => `${kind}: ${examples.join()}`),
      ],
    };
  }

  #total(counter: string): number {
    let sum = 0;
    for (const { name, total } of this.#gateway.counters) if (name.name === counter) sum += total;
    return sum;
  }

  #channel(key: string) {
    const channel = this.#gateway.configuration.site.channels.find((candidate) => candidate.key === key);
    if (channel === undefined) throw new Error(`the site has no channel ${key}`);
    return this.#gateway.engine.channel(channel.index);
  }

  #server(link: string): RegisterServer {
    const server = this.#servers.get(link);
    if (server === undefined) throw new Error(`site.yaml names no PORT_${link}`);
    return server;
  }

  /** Puts instants in place of `$ms`, `$s` and `$iso` (now) `$start` and `$startiso` (the beginning), each with an optional distance. */
  #timed(value: unknown): unknown {
    if (typeof value === "string") {
      const match = /^\$(ms|s|iso|start|startiso)(?:([+-])(\w+))?$/.exec(value);
      if (match === null) return value;
      const distance = match[3] === undefined ? 0 : (parseDuration(match[3]) ?? Number.NaN);
      const from = match[1]!.startsWith("start") ? this.#began : this.#clock.wall();
      const at = from + (match[2] === "-" ? -distance : distance);
      if (match[1]!.endsWith("iso")) return new Date(at / MILLISECOND).toISOString();
      return Math.floor(at / (match[1] === "s" ? SECOND : MILLISECOND));
    }
    if (Array.isArray(value)) return value.map((entry) => this.#timed(entry));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.#timed(entry)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gateway.journal.resume();
    await this.#edge?.close();
    await this.#client.endAsync(true);
    await this.#gateway.stop();
    for (const server of this.#servers.values()) await server.down();
    this.#folder[Symbol.dispose]();
  }
}

/** A Modbus TCP server (the library's own) whose registers a test sets; what was never set is 0. */
class RegisterServer {
  readonly port: number;
  readonly #registers = new Map<string, number>();
  #server: ModbusRTU.ServerTCP | undefined;

  constructor(port: number) {
    this.port = port;
  }

  set(unit: number, address: number, value: number): void {
    this.#registers.set(`${unit}:${address}`, value);
  }

  async up(): Promise<void> {
    if (this.#server !== undefined) return;
    const read = (address: number, unit: number) => this.#registers.get(`${unit}:${address}`) ?? 0;
    const server = new ModbusRTU.ServerTCP(
      { getHoldingRegister: read, getInputRegister: read },
      { host: "127.0.0.1", port: this.port, unitID: 255 },
    );
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.on("initialized", () => resolve());
      server.on("serverError", reject);
    });
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      // Its "close" waits for masters to leave by themselves; a dead server does not.
      for (const socket of (server as unknown as { socks: Map<{ destroy(): void }, unknown> }).socks.keys())
        socket.destroy();
      server.close(() => resolve());
    });
  }
}
