import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { CodecOutcome } from "../../drivers/lorawan/codec-messages.ts";
import { Codecs } from "../../drivers/lorawan/codecs.ts";
import { SystemClock } from "../../model/time.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";

/* What vendors wrote, as it is, and what somebody else may have made of it. */

const folder = temporaryFolder("codecs");
const MILESIGHT = join(import.meta.dirname, "../../drivers/lorawan/codecs/milesight.js");
const opened: Codecs[] = [];

afterEach(async () => {
  for (const codecs of opened.splice(0)) await codecs.stop();
});

class Lab {
  readonly codecs: Codecs;
  readonly files: readonly string[];
  readonly parked: string[] = [];
  readonly health: string[] = [];
  restarts = 0;

  /** Sources of codecs, or names of files; each is for two devices. */
  constructor(...sources: string[]) {
    this.files = sources.map((source, index) => {
      if (source.startsWith("/")) return source;
      const file = folder.join(`codec-${opened.length}-${index}-${sources.length}.js`);
      writeFileSync(file, source);
      return file;
    });
    this.codecs = new Codecs({
      files: this.files,
      devices: this.files.map(() => 2),
      bounds: { deadline: 100, memoryBytes: 8 * 2 ** 20, output: 4_096 },
      waiting: 1_000,
      clock: new SystemClock(),
      onRestart: () => {
        this.restarts++;
      },
      onParked: (file) => this.parked.push(file),
      onHealth: (index, problem) => this.health.push(`${index} ${problem?.split(":")[0] ?? "works"}`),
    });
    opened.push(this.codecs);
    this.codecs.start();
  }

  run(bytes: string, { codec = 0, fPort = 85, device = 0 } = {}): Promise<CodecOutcome> {
    const input = JSON.stringify({
      bytes: [...Buffer.from(bytes, "hex")],
      fPort,
      recvTime: 1_700_000_000_000,
    });
    return new Promise((resolve) => this.codecs.decode(codec, { input, device }, resolve));
  }

  /** The data that it makes, or why none. */
  async data(bytes: string, options: Parameters<Lab["run"]>[1] = {}): Promise<unknown> {
    const outcome = await this.run(bytes, options);
    return "fault" in outcome ? outcome.fault : (JSON.parse(outcome.json) as { data: unknown }).data;
  }
}

describe("the forms that codecs come in", () => {
  test.each([
    ["decodeUplink", "function decodeUplink(i) { return { data: { a: i.bytes[0], p: i.fPort } }; }"],
    ["an arrow", "const decodeUplink = ({ bytes, fPort }) => ({ data: { a: bytes[0], p: fPort } });"],
    ["Decoder", "function Decoder(bytes, port) { return { a: bytes[0], p: port }; }"],
    ["Decode", "function Decode(fPort, bytes, variables) { return { a: bytes[0], p: fPort }; }"],
    ["exports.", "exports.decodeUplink = function (i) { return { data: { a: i.bytes[0], p: i.fPort } }; };"],
    [
      "module.exports",
      "'use strict'; module.exports = { decodeUplink: (i) => ({ data: { a: i.bytes[0], p: i.fPort } }) };",
    ],
  ])("%s runs unmodified", async (_, source) => {
    expect(await new Lab(source).data("2a", { fPort: 7 })).toEqual({ a: 42, p: 7 });
  });

  test("recvTime is a Date, console says nothing, and nothing of Node is there", async () => {
    const lab = new Lab(
      "function decodeUplink(i) { console.log(i); return { data: { year: i.recvTime.getUTCFullYear(), node: [typeof process, typeof require, typeof fetch, typeof setTimeout, typeof WebAssembly].join() } }; }",
    );
    expect(await lab.data("00")).toEqual({
      year: 2023,
      node: "undefined,undefined,undefined,undefined,undefined",
    });
  });
});

describe("Milesight, by the samples of devices.md", () => {
  test.each([
    [
      "03cf00000000282307",
      { tilt_x: 0, tilt_y: 0, tilt_z: 90, moved_x: 1, moved_y: 1, moved_z: 1, moved: 1 },
    ],
    ["01756403770200", { battery: 100, depth_cm: 2 }],
    ["037b0a00", { pressure_kpa: 10 }],
    ["058e01060100070101", { gas: 1, valve: 0, relay: 1 }],
    ["ff3f02", { event: 2 }],
    [
      "03cfffff000000000000".slice(0, 18),
      { tilt_x: -0.01, tilt_y: 0, tilt_z: 0, moved_x: 0, moved_y: 0, moved_z: 0, moved: 0 },
    ],
  ])("%s", async (bytes, data) => {
    expect(await new Lab(MILESIGHT).data(bytes)).toEqual(data);
  });

  test.each(["0377", "037702", "ee0100", "05"])("%s is no frame of it", async (bytes) => {
    const outcome = await new Lab(MILESIGHT).run(bytes);
    expect("json" in outcome && (JSON.parse(outcome.json) as object)).toHaveProperty("errors");
  });
});

const GOOD = "function decodeUplink(i) { return { data: { n: i.bytes[0] } }; }";

describe("hostile and broken codecs cost their message and nobody else's", () => {
  test.each([
    ["an endless loop", "function decodeUplink() { for (;;) {} }", "deadline"],
    [
      "a getter that never returns",
      "function decodeUplink() { return { get data() { for (;;) {} } }; }",
      "deadline",
    ],
    [
      "a toJSON that never returns",
      "function decodeUplink() { return { data: { toJSON() { for (;;) {} } } }; }",
      "deadline",
    ],
    ["an exception", "function decodeUplink() { throw new Error('no'); }", "threw"],
    [
      "an exception that cannot be read",
      "function decodeUplink() { throw { get message() { for (;;) {} } }; }",
      "threw",
    ],
    ["a Proxy thrown", "function decodeUplink() { throw new Proxy({}, { get() { throw 1; } }); }", "threw"],
    ["recursion without end", "function decodeUplink(i) { return decodeUplink(i); }", "threw"],
    [
      "a memory bomb",
      "function decodeUplink() { const a = []; for (;;) a.push('x'.repeat(100000) + a.length); }",
      "memory",
    ],
    ["a huge output", "function decodeUplink() { return { data: { a: 'x'.repeat(5000) } }; }", "output"],
    ["a circle", "function decodeUplink() { const a = {}; a.a = a; return { data: a }; }", "threw"],
    ["nothing returned", "function decodeUplink() {}", "threw"],
    ["a syntax error", "function decodeUplink( {", "broken"],
    ["no function", "var x = 1;", "broken"],
    ["an endless loop on loading", "for (;;) {}", "broken"],
  ])("%s", async (_, source, fault) => {
    const lab = new Lab(source, GOOD);
    const [bad, good] = await Promise.all([lab.data("01"), lab.data("07", { codec: 1 })]);
    // Whether want of memory, of time or of the interpreter comes first depends on the machine.
    const faults = fault === "memory" ? ["memory", "crashed", "deadline"] : [fault];
    expect(good).toEqual({ n: 7 });
    expect(faults).toContain(bad);
    // And again: what was stopped in the middle has been begun anew.
    expect(faults).toContain(await lab.data("01"));
    expect(await lab.data("08", { codec: 1 })).toEqual({ n: 8 });
  });

  test("one that replaces the natives harms itself only", async () => {
    const lab = new Lab(
      'JSON.stringify = () => \'{"data":{"n":0}}\'; Object.prototype.n = 9; Array.prototype.slice = null; function decodeUplink(i) { return { data: { m: i.bytes[0] } }; }',
      GOOD,
    );
    expect(await lab.data("05")).toEqual({ m: 5 });
    expect(await lab.data("05", { codec: 1 })).toEqual({ n: 5 });
    expect(({} as { n?: number }).n).toBeUndefined();
  });

  test("one that takes too long again and again is set aside; the others go on", async () => {
    const lab = new Lab("function decodeUplink() { for (;;) {} }", GOOD);
    const bad = Array.from({ length: 20 }, () => lab.data("01"));
    const good = Array.from({ length: 20 }, (_, n) =>
      lab.data(n.toString(16).padStart(2, "0"), { codec: 1 }),
    );
    expect(await Promise.all(good)).toEqual(Array.from({ length: 20 }, (_, n) => ({ n })));
    const faults = await Promise.all(bad);
    expect(faults.filter((fault) => fault === "deadline")).toHaveLength(3);
    expect(faults.filter((fault) => fault === "parked")).toHaveLength(17);
    expect(lab.parked).toHaveLength(1);
  });

  test("one that throws is not set aside: the next uplink may be of another kind", async () => {
    const lab = new Lab(
      "function decodeUplink(i) { if (i.bytes[0] > 1) throw new Error('no'); return { data: {} }; }",
    );
    for (let n = 0; n < 10; n++) expect(await lab.data("02", { device: n % 2 })).toBe("threw");
    expect(lab.parked).toEqual([]);
    // Its devices are not watched meanwhile: that is told once, and when it is over.
    expect(lab.health).toEqual(["0 threw"]);
    expect(await lab.data("01")).toEqual({});
    expect(lab.health).toEqual(["0 threw", "0 works"]);
  });

  test("one odd uplink or two do not make it a codec that has failed; a file that cannot be used does, until it is mended", async () => {
    const lab = new Lab(
      "function decodeUplink(i) { if (i.bytes[0] > 1) throw new Error('no'); return { data: {} }; }",
      "function decodeUplink( {",
    );
    for (const bytes of ["02", "02", "01", "02", "02", "01"]) await lab.data(bytes);
    expect(lab.health).toEqual([]);
    expect(await lab.data("01", { codec: 1 })).toBe("broken");
    expect(lab.health).toEqual(["1 broken"]);
    writeFileSync(lab.files[1]!, GOOD);
    expect(await lab.data("05", { codec: 1 })).toEqual({ n: 5 });
    expect(lab.health).toEqual(["1 broken", "1 works"]);
  });

  test("one device that sends what cannot be decoded says nothing about others; two of them do", async () => {
    const lab = new Lab(
      "function decodeUplink(i) { if (i.bytes[0] > 1) throw new Error('no'); return { data: {} }; }",
    );
    for (let n = 0; n < 10; n++) await lab.data("02", { device: 7 });
    expect(lab.health).toEqual([]);
    await lab.data("02", { device: 8 });
    expect(lab.health).toEqual(["0 threw"]);
    expect(await lab.data("01", { device: 7 })).toEqual({});
    for (let n = 0; n < 10; n++) await lab.data("02", { device: 8 });
    expect(lab.health).toEqual(["0 threw", "0 works"]);
  });

  test("more than may wait is told so, and what waits keeps its order", async () => {
    const lab = new Lab(GOOD);
    const order: number[] = [];
    const outcomes = Array.from({ length: 1_200 }, (_, n) =>
      lab.data((n % 250).toString(16).padStart(2, "0")).then((data) => {
        if (data !== "crowded") order.push(n);
        return data;
      }),
    );
    const all = await Promise.all(outcomes);
    expect(all.filter((data) => data === "crowded").length).toBeGreaterThan(100);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("stop drops what waits and ends the thread", async () => {
    const lab = new Lab("function decodeUplink() { for (;;) {} }");
    let heard = 0;
    for (let n = 0; n < 5; n++)
      lab.codecs.decode(0, { input: '{"bytes":[],"fPort":1,"recvTime":0}', device: 0 }, () => heard++);
    await lab.codecs.stop();
    expect([lab.codecs.waiting, lab.restarts]).toEqual([0, 0]);
    expect(heard).toBeLessThan(5);
    await until("it is quiet", () => lab.codecs.waiting === 0);
  });
});
