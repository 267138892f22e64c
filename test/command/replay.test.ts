import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const site = (limit: number) => `
site: { id: bench, name: { zh: 试验台, en: test bench }, timeZone: Asia/Shanghai }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { weir: { name: { zh: 拦河堰 <一>, en: Weir & co }, domain: water } }
devices:
  wl-1: { profile: json-gauge, link: broker, point: weir, channels: { depth: { stale: 1h } } }
rules:
  high: { name: 水位超限, applies: { channel: depth }, above: { yellow: ${limit}, red: 3 }, deadband: 0.1, basis: site, guidance: 巡查 }
`;

/** Two waves on one day; the second reaches red. */
const LEVELS = [1, 1.5, 2.1, 2.2, 1.2, 1, 1.9, 2.5, 3.2, 2.4, 1];
const table = `t;level\n${LEVELS.map((level, i) => `2026/5/21 8:${String(i * 5).padStart(2, "0")};${level}\n`).join("")}`;

function stand() {
  const folder = temporaryFolder("replay-command");
  writeFileSync(folder.join("site.yaml"), site(2));
  writeFileSync(folder.join("other.yaml"), site(1.9));
  writeFileSync(folder.join("levels.csv"), table);
  writeFileSync(
    folder.join("levels.mapping.yaml"),
    'separator: ";"\ntime: { column: t }\nchannels: { level: wl-1.depth }\n',
  );
  return folder;
}

type Stand = ReturnType<typeof stand>;

function tocsin(folder: Stand, ...args: string[]) {
  return runChild(process.execPath, [join(ROOT, "gateway/tocsin.js"), ...args], {
    environment: { NO_COLOR: "1", TOCSIN_DATA: undefined },
    workingFolder: folder.path,
  });
}

const REPLAY = ["replay", "site.yaml", "--from", "levels.csv", "--mapping", "levels.mapping.yaml"];

describe("tocsin replay", () => {
  test("lists the alarms of a table with local times, and what stands at the end", async () => {
    using folder = stand();
    const { code, stdout, stderr } = await tocsin(folder, ...REPLAY);
    expect(stderr).toEqual([]);
    expect(stdout.filter((line) => /^2026/.test(line))).toEqual([
      "2026-05-21 08:10:00  黄色  yellow    high       wl-1.depth    10m",
      "2026-05-21 08:35:00  红色  red       high       wl-1.depth    15m",
    ]);
    expect(stdout).toContain("danger: red 1, yellow 1");
    expect(code).toBe(0);
  });

  test("gives everything to scripts, and every event a line", async () => {
    using folder = stand();
    const { code, stdout } = await tocsin(folder, ...REPLAY, "--json", "--events", "events.jsonl");
    const report = JSON.parse(stdout.join("\n")) as Record<string, unknown>;
    expect(report).toMatchObject({
      readings: 11,
      standing: 0,
      counts: { danger: { red: 1, yellow: 1 } },
      remarks: [],
    });
    const events = readFileSync(folder.join("events.jsonl"), "utf8").trim().split("\n");
    expect(events.map((line) => (JSON.parse(line) as { transition: string }).transition)).toEqual([
      "raise",
      "return",
      "again",
      "upgrade",
      "downgrade",
      "return",
    ]);
    expect(code).toBe(0);
  });

  test("begins and ends where it is told, with what comes before only as a warm-up", async () => {
    using folder = stand();
    const { stdout } = await tocsin(
      folder,
      ...REPLAY,
      "--json",
      "--since",
      "2026-05-21 08:30",
      "--until",
      "2026-05-21 08:45",
    );
    const { alarms, remarks } = JSON.parse(stdout.join("\n")) as { alarms: object[]; remarks: object[] };
    expect(alarms).toMatchObject([{ severity: "red", ended: null }]);
    expect(remarks).toEqual([expect.objectContaining({ count: 2 })]);
  });

  test("--against says what another site file would do differently, and ends with 1; with 0 against itself", async () => {
    using folder = stand();
    const { code, stdout } = await tocsin(folder, ...REPLAY, "--against", "other.yaml");
    expect(stdout).toContain("difference 差异: 1; the same 相同: 1");
    expect(stdout.at(-1)).toMatch(/^2026-05-21 08:30:00 +red +high +wl-1\.depth +5m earlier 提前 5m$/);
    expect(code).toBe(1);
    const same = await tocsin(folder, ...REPLAY, "--against", "site.yaml");
    expect(same.stdout).toContain("difference 差异: 0; the same 相同: 2");
    expect(same.code).toBe(0);
  });

  test("--labels scores against known events: found with its delay, missed, false", async () => {
    using folder = stand();
    writeFileSync(
      folder.join("known.csv"),
      "start,end,point,name\n2026-05-21 08:30,2026-05-21 09:00,weir,second wave\n2026-05-21 10:00,,weir,never\n",
    );
    const { code, stdout } = await tocsin(folder, ...REPLAY, "--json", "--labels", "known.csv");
    const { score } = JSON.parse(stdout.join("\n")) as { score: Record<string, unknown> };
    expect(score).toMatchObject({
      detected: 1,
      missed: 1,
      medianDelay: 300_000_000,
      labels: [
        { name: "second wave", detected: true },
        { name: "never", detected: false },
      ],
      falseAlarms: [{ severity: "yellow" }],
    });
    // One channel, 50 minutes.
    expect(score.sensorDays).toBeCloseTo(50 / 1440, 9);
    expect(code).toBe(0);
  });

  test("--html writes one page without a script and without anything from elsewhere", async () => {
    using folder = stand();
    await tocsin(folder, ...REPLAY, "--html", "report.html", "--against", "other.yaml");
    const html = readFileSync(folder.join("report.html"), "utf8");
    expect(html).not.toMatch(/<script|src=|href=|url\(|@import|https?:/);
    expect(html).toContain("<svg");
    // The band of levels, both limits, and a bar for each grade of each alarm.
    expect(html.match(/<polygon/g)).toHaveLength(1);
    expect(html.match(/class="limit"/g)).toHaveLength(2);
    expect(html.match(/<title>high (yellow|red)<\/title>/g)).toHaveLength(4);
    expect(html).toContain(
      '<span class="zh" lang="zh">提前 5m</span><span class="en" lang="en">5m earlier</span>',
    );
    expect(html).not.toContain("拦河堰 <一>");
  });

  test.each([
    ["a table without a mapping", ["replay", "site.yaml", "--from", "levels.csv"], 2, "COMMAND_USAGE"],
    ["a table that is not there", ["replay", "site.yaml", "--from", "none.csv"], 1, "CONFIG_NOT_FOUND"],
    ["a journal that is not there", ["replay", "site.yaml", "--from", "journal"], 4, "JOURNAL_UNAVAILABLE"],
    ["a span that is none", [...REPLAY, "--since", "yesterday"], 2, "COMMAND_USAGE"],
    ["labels that are not there", [...REPLAY, "--labels", "none.csv"], 1, "CONFIG_NOT_FOUND"],
    ["a page that cannot be written", [...REPLAY, "--html", "no/where.html"], 4, "JOURNAL_UNAVAILABLE"],
  ])("%s: says so by its code", async (_, args, expected, error) => {
    using folder = stand();
    const { code, stdout } = await tocsin(folder, ...args, "--json");
    expect(JSON.parse(stdout.join("\n"))).toMatchObject({ ok: false, error: { code: error } });
    expect(code).toBe(expected);
  });

  test("names the lines of a mapping and of labels that are wrong", async () => {
    using folder = stand();
    writeFileSync(
      folder.join("levels.mapping.yaml"),
      "time: { colum: t }\nchannels: { level: wl-1.depth }\n",
    );
    const mapping = await tocsin(folder, ...REPLAY);
    expect(mapping.stderr.join("\n")).toMatch(
      /levels\.mapping\.yaml:1:\d+.*"colum"[\s\S]*did you mean "column"/,
    );
    writeFileSync(
      folder.join("levels.mapping.yaml"),
      'separator: ";"\ntime: { column: t }\nchannels: { level: wl-1.depth }\n',
    );
    writeFileSync(folder.join("known.csv"), "start,point\n2026-05-21,wier\nsoon,weir\n");
    const labels = await tocsin(folder, ...REPLAY, "--labels", "known.csv");
    expect(labels.stderr.join("\n")).toMatch(
      /known\.csv:2:12.*"wier"[\s\S]*known\.csv:3:1.*"soon" is no time/,
    );
    expect([mapping.code, labels.code]).toEqual([1, 1]);
  });

  test("what `tocsin export` wrote needs no mapping", async () => {
    using folder = stand();
    const rows = LEVELS.map(
      (level, i) =>
        `2026-05-21T00:${String(i * 5).padStart(2, "0")}:00.000000Z,wl-1.depth,${level},m,good,good,live`,
    );
    writeFileSync(
      folder.join("export.csv"),
      `time,channel,value,unit,quality,reason,mode\n${rows.join("\n")}\n`,
    );
    const { code, stdout } = await tocsin(folder, "replay", "site.yaml", "--from", "export.csv");
    expect(stdout).toContain("danger: red 1, yellow 1");
    expect(code).toBe(0);
  });
});

describe("tocsin test-rules", () => {
  const passing = `
tests:
  rises:
    given: [{ channel: wl-1.depth, values: { 0s: 1, 5m: 2.5 } }]
    expect: [{ at: 5m, rule: high, subject: wl-1.depth, severity: yellow }]
`;

  test("runs the tests beside the site; a failing one is told with its line, and ends with 1", async () => {
    using folder = stand();
    mkdirSync(folder.join("rule-tests"));
    writeFileSync(folder.join("rule-tests/high.yaml"), passing);
    const passed = await tocsin(folder, "test-rules", "site.yaml");
    expect(passed.stdout).toEqual(["ok   rises", expect.stringMatching(/^1 tests, 0 failed/)]);
    expect(passed.code).toBe(0);

    writeFileSync(folder.join("rule-tests/high.yaml"), passing.replace("severity: yellow", "severity: red"));
    const failed = await tocsin(folder, "test-rules", "site.yaml");
    expect(failed.code).toBe(1);
    expect(failed.stdout.join("\n")).toMatch(
      /FAIL rises \(rule-tests\/high\.yaml:3\)\n +- 5m raise high wl-1\.depth red \(line 5, .*\n +\+ 5m raise high wl-1\.depth yellow, value 2\.5/,
    );
    const json = await tocsin(folder, "test-rules", "site.yaml", "--json");
    expect(JSON.parse(json.stdout.join("\n"))).toMatchObject({ ok: false, tests: 1, failed: 1 });
  });

  test("a file may name the site it is for, as packs do", async () => {
    using folder = stand();
    mkdirSync(folder.join("pack/rule-tests"), { recursive: true });
    writeFileSync(folder.join("pack/rule-tests/high.yaml"), `site: ../../other.yaml\n${passing}`);
    const { code, stdout } = await tocsin(folder, "test-rules", "pack");
    expect(stdout[0]).toBe("ok   rises");
    expect(code).toBe(0);
  });

  test("without tests, or with a file that is wrong, it says so", async () => {
    using folder = stand();
    expect((await tocsin(folder, "test-rules", "site.yaml")).code).toBe(1);
    mkdirSync(folder.join("rule-tests"));
    writeFileSync(folder.join("rule-tests/high.yaml"), passing.replace("severity", "severty"));
    const { code, stderr } = await tocsin(folder, "test-rules", "site.yaml");
    expect(stderr.join("\n")).toMatch(/high\.yaml:5:\d+.*severty/);
    expect(code).toBe(1);
  });
});
