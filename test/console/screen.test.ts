import { stripVTControlCharacters } from "node:util";
import stringWidth from "string-width";
import { expect, test } from "vitest";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { type ScreenState, screen } from "../../gateway/console/screen.ts";
import { REASON } from "../../model/quality.ts";
import { SECOND } from "../../model/time.ts";
import { Engine } from "../../rules/engine.ts";
import { SOME_MORNING } from "../support/manual-clock.ts";

const EXAMPLE = new URL("../../examples/demo", import.meta.url).pathname;

function stateWith(readings: Readonly<Record<string, number>>): ScreenState {
  const { site, rules, alarms } = loadConfiguration(EXAMPLE);
  const engine = new Engine({ site, rules, settings: alarms, emit: () => {} });
  engine.apply({ kind: "boot", at: SOME_MORNING, boot: "b", revision: site.revision, seq: 1, occurrence: 1 });
  for (const [key, value] of Object.entries(readings)) {
    const channel = site.channels.find((candidate) => candidate.key === key)!.index;
    const columns = {
      channel: Uint32Array.of(channel),
      value: Float64Array.of(value),
      reason: Uint8Array.of(REASON.good),
      flags: new Uint8Array(1),
      time: Float64Array.of(SOME_MORNING + SECOND),
    };
    engine.readings(columns, 0, 1, SOME_MORNING + SECOND);
  }
  return {
    site,
    version: "0",
    now: SOME_MORNING + 3 * SECOND,
    mqtt: "127.0.0.1:1883",
    http: "127.0.0.1:8080",
    alarms: [...engine.alarms()],
    rules,
    channels: [...engine.channels()],
    readings: 1,
    uncommitted: 0,
    sinks: [{ id: "influx", pending: 12, out: true }],
    log: [{ level: 50, time: 0, msg: "the journal cannot write" }],
  };
}

test("a leak stands at the top of the live table, in its colour, with value and state", () => {
  const lines = screen(stateWith({ "gd-01.lel": 62 }), { columns: 140, rows: 50 }).map(
    stripVTControlCharacters,
  );
  expect(lines[4]).toMatch(/^红色 3号阀门井/);
  expect(lines.find((line) => line.includes("gd-01.lel") && line.includes("未确认"))).toContain("62 %LEL");
  expect(lines.join("\n")).toContain("influx 中断");
  expect(lines.join("\n")).toContain("the journal cannot write");
});

test("no line is wider than the terminal, and none is below its end, whatever its size", () => {
  const state = stateWith({ "gd-01.lel": 62, "sa-301.smoke": 1 });
  for (const size of [
    { columns: 40, rows: 12 },
    { columns: 80, rows: 24 },
    { columns: 211, rows: 70 },
  ]) {
    const lines = screen(state, size);
    expect(lines.length).toBeLessThan(size.rows);
    for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(size.columns);
  }
});
