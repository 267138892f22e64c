import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MINUTE } from "../../model/time.ts";
import { until } from "../support/until.ts";
import { Stand } from "./stand.ts";

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points:
  home: { name: 三楼301室, domain: fire }
  weir: { name: 堰, domain: water }
devices:
  sa-1: { profile: json-smoke-alarm, link: broker, point: home }
  sa-2: { profile: json-smoke-alarm, link: broker, point: home }
  sa-3: { profile: json-smoke-alarm, link: broker, point: home }
  wl-1: { profile: plain-value, link: broker, point: weir }
rules:
  fire: { name: 火警, applies: { quantity: smoke }, equals: { red: active }, basis: site, guidance: 立即核实 }
# A segment is closed after a minute of its life, a checkpoint is written every minute: a jump of the clock makes both happen.
journal: { segment: { age: 1m }, checkpoint: 1m }
`;

/** What a power cut in the middle of a day leaves behind. */
interface Remains {
  readonly folder: string;
  readonly series: readonly number[];
  readonly seq: number;
  readonly occurrences: Readonly<Record<string, string>>;
}

const STANDING = [
  "fire sa-1.smoke unacknowledged",
  "fire sa-2.smoke acknowledged",
  "fire sa-3.smoke unacknowledged",
];

/** The files of one kind, with what SQLite keeps beside them. */
const FILES: Record<string, (data: string) => string[]> = {
  "the open segment": (data) => inSegments(data, /\.open\.db(-wal)?$/),
  "a sealed segment": (data) => inSegments(data, /\.sealed\.db$/),
  "state.db": (data) => beside(data, "state.db"),
  "alarms.db": (data) => beside(data, "alarms.db"),
  "dictionary.db": (data) => beside(data, "dictionary.db"),
  "sinks.db": (data) => beside(data, "sinks.db"),
  "both checkpoints": (data) => [...beside(data, "checkpoint-0"), ...beside(data, "checkpoint-1")],
  "the open segment and both checkpoints": (data) => [
    ...inSegments(data, /\.open\.db(-wal)?$/),
    ...beside(data, "checkpoint-0"),
    ...beside(data, "checkpoint-1"),
  ],
};

function beside(data: string, name: string): string[] {
  return readdirSync(data)
    .filter((file) => file === name || file === `${name}-wal`)
    .map((file) => join(data, file));
}

function inSegments(data: string, pattern: RegExp): string[] {
  const folder = join(data, "segments");
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));
}

function databases(data: string): string[] {
  return [data, join(data, "segments")].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".db"))
      .map((name) => join(folder, name)),
  );
}

/** Brings what is still in a database's log into its file, so that damage meets it there. */
function fold(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/** Every so many bytes one is turned over: no page of a file stays whole. */
const STRIDE = 251;

const DAMAGES: Record<string, (bytes: Buffer) => Buffer> = {
  "is garbled": (bytes) => {
    for (let i = 7; i < bytes.length; i += STRIDE) bytes[i]! ^= 0xff;
    return bytes;
  },
  "is cut off in the middle": (bytes) => bytes.subarray(0, bytes.length >> 1),
};

describe("a gateway that finds a damaged file after a power cut", () => {
  let before: Stand;
  let remains: Remains;

  beforeAll(async () => {
    before = await Stand.start(SITE);
    const { staff, gateway, clock } = before;
    await staff.publish("devices/wl-1/depth", "1.0");
    await staff.publish("devices/sa-1/state", { smoke: true });
    await staff.publish("devices/sa-2/state", { smoke: true });
    await staff.hears("raise fire sa-1.smoke red", "raise fire sa-2.smoke red");
    // A jump over a commit would be a disk that hangs.
    await until("all of it is on disk", () => gateway.journal.inFlight.pages === 0);
    clock.jump(2 * MINUTE);
    await staff.publish("devices/wl-1/depth", "1.1");
    await until("the first segment is sealed", () => FILES["a sealed segment"]!(before.data).length > 0, {
      detail: () => readdirSync(join(before.data, "segments")).join(" ") + JSON.stringify(before.log),
    });
    await until("a checkpoint is written", () => existsSync(join(before.data, "checkpoint-0")));
    // From here on only the open segment and the alarm log know.
    await staff.publish("devices/sa-3/state", { smoke: true });
    await staff.hears("raise fire sa-3.smoke red");
    const result = await staff.command("bench", "acknowledge", {
      occurrence: staff.event("raise fire sa-2.smoke red").occurrence,
    });
    expect(result).toMatchObject({ accepted: true, durable: true });
    const seq = Math.max(...staff.events.map((event) => event.seq));
    await until("the alarm log has it", async () => {
      return (await gateway.journal.reader.events({ from: seq, to: seq + 1, limit: 1 })).length === 1;
    });
    expect(before.standing()).toEqual(STANDING);
    const folder = before.folder.join("remains");
    cpSync(before.data, folder, { recursive: true, filter: (path) => !path.includes("lock.db") });
    for (const path of databases(folder)) fold(path);
    remains = {
      folder,
      series: [...gateway.journal.series],
      seq,
      occurrences: Object.fromEntries(
        ["sa-1", "sa-2", "sa-3"].map((device) => [
          device,
          staff.event(`raise fire ${device}.smoke red`).occurrence,
        ]),
      ),
    };
  });
  afterAll(() => before?.[Symbol.asyncDispose]());

  const cases = Object.keys(FILES).flatMap((file) =>
    Object.keys(DAMAGES).map((damage) => [file, damage] as const),
  );

  test.each(cases)("%s %s: it starts, says so, and every alarm stands as it stood", async (file, damage) => {
    const data = before.folder.join(`${file} ${damage}`.replaceAll(" ", "-"));
    cpSync(remains.folder, data, { recursive: true });
    const files = FILES[file]!(data);
    expect(files, readdirSync(join(data, "segments")).join(" ")).not.toEqual([]);
    for (const path of files) writeFileSync(path, DAMAGES[damage]!(readFileSync(path)));

    await using stand = await Stand.start(SITE, { data });
    const { staff, gateway } = stand;
    await until("it is ready", () => gateway.ready);
    expect(stand.standing()).toEqual(STANDING);
    const told = stand.log.filter(({ level }) => level === "error");
    if (file !== "a sealed segment") {
      expect(told).not.toEqual([]);
      expect(readdirSync(join(data, "damaged")).length).toBeGreaterThan(0);
    }

    // No channel has got the id of another one, of before or of now.
    const highest = Math.max(...remains.series);
    gateway.journal.series.forEach((id, i) => {
      expect(id === remains.series[i] || id > highest).toBe(true);
    });
    expect(new Set(gateway.journal.series).size).toBe(gateway.journal.series.length);

    // It works, and goes on with the very occurrences of before, under new numbers.
    await staff.publish("devices/sa-1/state", { smoke: false });
    await staff.publish("devices/sa-2/state", { smoke: false });
    await staff.hears("return fire sa-1.smoke red", "return fire sa-2.smoke red");
    for (const device of ["sa-1", "sa-2"]) {
      const event = staff.event(`return fire ${device}.smoke red`);
      expect(event.occurrence).toBe(remains.occurrences[device]);
      expect(event.seq).toBeGreaterThan(remains.seq);
    }
    const state = stand.standing();
    expect(state).toEqual(["fire sa-1.smoke returned", "fire sa-3.smoke unacknowledged"]);
    const third = await staff.command("bench", "acknowledge", {
      occurrence: remains.occurrences["sa-3"]!,
    });
    expect(third).toMatchObject({ accepted: true, reason: null });
  });
});
