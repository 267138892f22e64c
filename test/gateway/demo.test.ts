import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { EventMessage } from "../../gateway/alerts/message-schemas.ts";
import { missing } from "../servers/available.ts";
import { subscribe } from "../servers/mosquitto-clients.ts";
import { startChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { lineOf } from "./staff.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Seconds of the story in one second: the instruments are still asked several times within each of its events. */
const SPEED = 3;

describe.skipIf(missing("mosquitto_sub"))("the demo site, its instruments in a process of their own", () => {
  test("shows a person with mosquitto_sub a leak and a fire that come and go", {
    timeout: 90_000,
  }, async () => {
    using folder = temporaryFolder("demo");
    cpSync(join(ROOT, "examples/demo"), folder.path, { recursive: true });
    const file = folder.join("site.yaml");
    let site = readFileSync(file, "utf8");
    // Its ports are fixed, and somebody may be watching the real one.
    const fixed = new Set(
      [...site.matchAll(/(?:port: |127\.0\.0\.1:)(\d{4,5})\b/g)].map(([, port]) => port!),
    );
    expect(fixed.size).toBe(6);
    for (const port of fixed)
      site = site.replaceAll(new RegExp(`\\b${port}\\b`, "g"), String(await freePort()));
    writeFileSync(file, site);

    await using gateway = await startGateway(file, { args: ["--no-simulate"] });
    const [host, port] = gateway.mqtt!.split(":");
    await using person = await subscribe({ host: host!, port: Number(port) }, ["tocsin/#"]);
    await using instruments = startChild(process.execPath, [
      join(ROOT, "gateway/tocsin.js"),
      "simulate",
      folder.join("scenario.yaml"),
      ...["--json", "--speed", String(SPEED)],
    ]);
    await instruments.waitForLine(/"kind":"ready"/);

    const events = () =>
      person.messages
        .filter(({ topic }) => topic.startsWith("tocsin/demo/event/"))
        .map(({ payload }) => JSON.parse(payload.toString()) as EventMessage);
    const story = [
      "return gas-leak gd-01.lel",
      "return gas-leak gd-02.lel",
      "return detector-high gd-01.alarm2",
      "return fire fp-1:l1d2.fire",
      "return fire sa-301.smoke",
    ];
    await until(
      "leak and fire are over",
      () => story.every((line) => events().some((event) => lineOf(event).startsWith(line))),
      { withinMs: 60_000, everyMs: 100, detail: () => events().map(lineOf).join("\n") },
    );

    const told = events();
    const seqs = told.map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, i) => seqs[0]! + i));
    for (const line of story) {
      const [, rule, subject] = line.split(" ");
      const own = told.filter((event) => event.rule?.id === rule && event.where?.subject === subject);
      expect(own[0]?.transition).toBe("raise");
      const returned = own.findIndex(({ transition }) => transition === "return");
      expect(
        own
          .slice(1, returned)
          .every(({ transition }) => transition === "upgrade" || transition === "downgrade"),
      ).toBe(true);
      // Whoever subscribes to red sees the end of what was red.
      expect(own[returned]).toMatchObject({ mode: "simulated", occurrence: own[0]!.occurrence });
    }
    const leak = told.filter(({ rule, where }) => rule?.id === "gas-leak" && where?.subject === "gd-01.lel");
    expect(leak.filter(({ transition }) => transition === "return").map(({ highest }) => highest)).toContain(
      "red",
    );
    expect(leak[0]?.text.zh).toContain("3号阀门井");
    const first = (line: string) => told.findIndex((event) => lineOf(event).startsWith(line));
    expect(first("raise gas-leak gd-01.lel")).toBeLessThan(first("raise fire fp-1:l1d2.fire"));
    // At a glance, and retained: the points, also those where all is well.
    const points = new Set(
      person.messages.map(({ topic }) => topic).filter((topic) => topic.startsWith("tocsin/demo/point/")),
    );
    expect(points.size).toBe(7);
    expect(await gateway.stop()).toBe(0);
  });
});
