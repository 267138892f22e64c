import { mkdirSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { stringify } from "yaml";
import { encodeUnit } from "../../../drivers/gb26875/encode-unit.ts";
import { COMMAND, checksum, encodeFrame } from "../../../drivers/gb26875/frame.ts";
import { FrameReader } from "../../../drivers/gb26875/frame-reader.ts";
import { writeTime } from "../../../drivers/gb26875/timestamp.ts";
import { decodeUnit, TYPE } from "../../../drivers/gb26875/unit.ts";
import { zoneOf } from "../../../drivers/zone.ts";
import { MILLISECOND } from "../../../model/time.ts";
import { VECTORS } from "../../gb26875/vectors.ts";
import { freePort } from "../../support/free-port.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { type Measurement, type Row, verdict } from "../measurement.ts";
import { usageOf } from "../process-usage.ts";

const FRAMES_GOAL = 20_000;
const MUTATED = 1_000_000;
const CONNECTED = 2_000;
const STARTED_MS = 60_000;
const MEMORY_GOAL_MB = 300;
const DEVICES = 50;
/** Unconfirmed frames of one device at a time. */
const WINDOW = 200;
const SECONDS = 8;
/** A confirmation has no application unit. */
const CONFIRMATION_BYTES = 30;
const ZONE = zoneOf("+08:00");
const MB = 1_048_576;

/** Frames of fire transmission devices: accepted durably, mutated by the million, and many devices at once. */
export const gb26875: Measurement = {
  id: "gb26875",
  run: async (progress) => {
    progress(`${MUTATED} mutated frames`);
    const rows = [fuzz()];
    for (const kind of ["analog", "state"] as const) {
      progress(`${DEVICES} devices say one ${kind} a frame`);
      rows.push(await accept(kind));
    }
    progress(`${CONNECTED} devices connected`);
    rows.push(await manyDevices());
    return rows;
  },
};

/** A small generator with a seed. */
function dice(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function fuzz(): Row {
  const roll = dice(1);
  const found = { frames: 0, faults: 0, refused: 0, unexpected: 0, pending: 0 };
  const reader = new FrameReader({
    frame: ({ unit }) => {
      found.frames++;
      try {
        decodeUnit(unit, { zone: ZONE, shortComponents: true });
      } catch (thrown) {
        if ((thrown as { code?: string }).code === "DEVICE_UNDECODABLE") found.refused++;
        else found.unexpected++;
      }
    },
    fault: () => {
      found.faults++;
    },
    skipped: () => {},
  });
  const originals = VECTORS.map(({ hex }) => Buffer.from(hex, "hex"));
  const began = performance.now();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < MUTATED; i++) {
    const bytes = Buffer.from(originals[roll(originals.length)]!);
    for (let mutations = 1 + roll(4); mutations > 0; mutations--) bytes[roll(bytes.length)] = roll(256);
    if (roll(2) === 0) bytes[bytes.length - 3] = checksum(bytes, 2, bytes.length - 3);
    reader.feed(roll(10) === 0 ? bytes.subarray(0, roll(bytes.length)) : bytes);
    found.pending = Math.max(found.pending, reader.pending);
  }
  const seconds = (performance.now() - began) / 1_000;
  const grown = (process.memoryUsage().rss - before) / MB;
  return {
    what: "a million mutated frames",
    goal: "no crash, no hang, memory bounded",
    measured: `${seconds.toFixed(1)} s; ${found.frames} whole, ${found.refused} undecodable, ${found.faults} broken; at most ${found.pending} bytes pending, ${grown.toFixed(0)} MB more resident`,
    verdict: verdict(found.unexpected === 0 && found.pending <= 2_200),
    figures: { ...found, seconds, resident_mb_more: grown },
  };
}

/** Few channels, so that connections are what is measured. */
const SMALL_PROFILE = {
  id: "small",
  vendor: "bench",
  product: "small transmission device",
  class: "fire",
  name: "small",
  source: "bench",
  maturity: "documented",
  liveness: "1h",
  channels: {
    fire: { quantity: "fire", report: "on-change" },
    unlisted_fire: { quantity: "fire", report: "on-change" },
    heartbeat: { quantity: "count", report: "on-change" },
  },
  gb26875: {
    device: { unlisted_fire: { unlisted: "fire" }, heartbeat: { heartbeat: true } },
    components: { fire: { state: "fire" } },
  },
};

const GAS_RULE = {
  gas: {
    name: "gas",
    applies: { quantity: "gas_lel" },
    above: { red: 50 },
    basis: "bench",
    guidance: "bench",
  },
};

/** Writes a site of fire transmission devices that listens on `port`. */
function writeSite(
  folder: TemporaryFolder,
  site: { port: number; devices: number; profile: string },
): string {
  const { port, devices, profile } = site;
  const path = folder.join("site.yaml");
  mkdirSync(folder.join("profiles"));
  writeFileSync(folder.join("profiles", "small.yaml"), stringify(SMALL_PROFILE));
  const device = (source: number) => ({
    profile,
    link: "fire",
    point: "tower",
    address: { source },
    components: {
      d: { address: { system: 1, zone: 10, point: 2, type: 40 } },
      g: { address: { zone: 1, point: 7, type: 12 } },
    },
  });
  const limits = { connections: devices + 100, waiting: 2_000, rate: 1_000_000, held: 65_536 };
  writeFileSync(
    path,
    stringify({
      site: { id: "bench", name: "bench" },
      http: { listen: "127.0.0.1:0" },
      profiles: ["./profiles"],
      links: { fire: { type: "gb26875-server", listen: `127.0.0.1:${port}`, limits } },
      points: { tower: { name: "tower", domain: "fire" } },
      devices: Object.fromEntries(
        Array.from({ length: devices }, (_, i) => [`uitd-${i + 1}`, device(i + 1)]),
      ),
      rules: {
        ...(profile === SMALL_PROFILE.id ? {} : GAS_RULE),
        fire: {
          name: "fire",
          applies: { quantity: ["fire", "call_point"] },
          equals: { red: "active" },
          basis: "bench",
          guidance: "bench",
        },
      },
    }),
  );
  return path;
}

/** One device that keeps its window full of unconfirmed frames. */
class Sender {
  confirmed = 0;
  readonly socket: Socket;
  readonly #kind: "analog" | "state";
  readonly #source: number;
  #serial = 0;
  #bytes = 0;
  #stopped = false;

  constructor(port: number, source: number, kind: "analog" | "state") {
    this.#kind = kind;
    this.#source = source;
    this.socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.socket.on("data", (bytes) => {
      this.#bytes += bytes.length;
      const done = Math.floor(this.#bytes / CONFIRMATION_BYTES);
      const more = done - this.confirmed;
      this.confirmed = done;
      if (!this.#stopped && more > 0) this.send(more);
    });
  }

  send(count: number): void {
    const parts: Buffer[] = [];
    const now = Date.now() * MILLISECOND;
    const time = writeTime(now, ZONE);
    for (let i = 0; i < count; i++) {
      this.#serial = (this.#serial + 1) & 0xffff;
      const object =
        this.#kind === "state"
          ? { system: 1, systemAddress: 1, component: 40, address: 10 + 2 * 65_536, flags: 1, time: now }
          : {
              system: 1,
              systemAddress: 1,
              component: 12,
              address: 1 + 7 * 65_536,
              analog: 6,
              raw: this.#serial % 400,
              time: now,
            };
      const type = this.#kind === "state" ? TYPE.componentState : TYPE.componentAnalog;
      const unit = encodeUnit(type, [object], { zone: ZONE });
      parts.push(
        encodeFrame({
          serial: this.#serial,
          mainVersion: 1,
          userVersion: 1,
          time,
          source: this.#source,
          destination: 0,
          command: COMMAND.send,
          unit,
        }),
      );
    }
    this.socket.write(Buffer.concat(parts));
  }

  stop(): void {
    this.#stopped = true;
    this.socket.destroy();
  }
}

async function accept(kind: "analog" | "state"): Promise<Row> {
  using folder = temporaryFolder("bench");
  const port = await freePort();
  const path = writeSite(folder, { port, devices: DEVICES, profile: "gb26875-device" });
  await using gateway = await startGateway(path);
  const pid = gateway.child.process.pid!;
  const senders = Array.from({ length: DEVICES }, (_, i) => new Sender(port, i + 1, kind));
  for (const sender of senders) sender.send(WINDOW);
  const sum = () => senders.reduce((total, { confirmed }) => total + confirmed, 0);
  await until("the first confirmations", () => sum() > DEVICES * WINDOW);
  const from = { at: performance.now(), confirmed: sum(), cpu: usageOf(pid).cpu };
  await pause(SECONDS * 1_000);
  const seconds = (performance.now() - from.at) / 1_000;
  const frames = (sum() - from.confirmed) / seconds;
  const cpu = (usageOf(pid).cpu - from.cpu) / seconds;
  for (const sender of senders) sender.stop();
  await honest(gateway.http!);
  const readings = kind === "state" ? 9 : 1;
  return {
    what: `GB/T 26875.3 frames, one component ${kind} each (${readings} readings), decoded and confirmed once durable`,
    goal: "≥ 20,000 frames/s",
    measured: `${Math.round(frames)} frames/s, ${cpu.toFixed(2)} cores`,
    verdict: verdict(frames >= FRAMES_GOAL),
    figures: { frames_per_second: frames, readings_per_second: frames * readings, cores: cpu },
  };
}

/** That what was confirmed was new, and kept. @throws Error when a confirmation was cheap. */
async function honest(http: string): Promise<void> {
  const text = await (await fetch(`http://${http}/metrics`)).text();
  const total = (name: string): number => {
    const found = new RegExp(`^tocsin_gb26875_${name}(?:_total)?\\{[^}]*\\} (\\d+)`, "m").exec(text);
    return found === null ? 0 : Number(found[1]);
  };
  const cheap = ["repeats", "refused", "denied", "undecodable", "unlisted", "unmapped"].filter(
    (name) => total(name) > 0,
  );
  if (cheap.length > 0 || total("readings") < total("frames") || total("confirmed") === 0) {
    throw new Error(`frames were confirmed cheaply (${cheap.join(", ")}):\n${text.replace(/^#.*\n/gm, "")}`);
  }
}

async function manyDevices(): Promise<Row> {
  using folder = temporaryFolder("bench");
  const port = await freePort();
  const path = writeSite(folder, { port, devices: CONNECTED, profile: "small" });
  await using gateway = await startGateway(path, { withinMs: STARTED_MS });
  const pid = gateway.child.process.pid!;
  const before = usageOf(pid).resident / MB;
  const senders: Sender[] = [];
  for (let source = 1; source <= CONNECTED; source++) {
    const sender = new Sender(port, source, "state");
    senders.push(sender);
    sender.send(1);
    // The backlog of a listening socket is 511.
    if (source % 100 === 0)
      await until("they are heard", () => senders.every(({ confirmed }) => confirmed > 0));
  }
  await pause(2_000);
  const connected = senders.filter(({ socket }) => socket.readyState === "open").length;
  const resident = usageOf(pid).resident / MB;
  for (const sender of senders) sender.stop();
  return {
    what: `${CONNECTED} fire transmission devices connected at once, each with 2 components, 4 channels`,
    goal: `≤ ${MEMORY_GOAL_MB} MB`,
    measured: `${connected} connected, ${resident.toFixed(0)} MB (${before.toFixed(0)} MB before they came)`,
    verdict: verdict(connected === CONNECTED && resident <= MEMORY_GOAL_MB),
    figures: { connected, resident_mb: resident, resident_mb_before: before },
  };
}
