import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { BUILT_IN_PROFILES, loadProfile, loadProfiles } from "../../drivers/profile-store.ts";
import { caseMessageSchema } from "../../gateway/alerts/case-message.ts";
import {
  actCommandSchema,
  alarmCommandSchema,
  askCommandSchema,
  closeCommandSchema,
  closePermitCommandSchema,
  openPermitCommandSchema,
  outOfServiceCommandSchema,
  proofTestCommandSchema,
  resendCommandSchema,
  respondCommandSchema,
  resultMessageSchema,
  returnToServiceCommandSchema,
  selfTestCommandSchema,
  shelveCommandSchema,
  unshelveCommandSchema,
  writeCommandSchema,
} from "../../gateway/alerts/command-schemas.ts";
import { digestMessageSchema } from "../../gateway/alerts/digest-message.ts";
import {
  alarmMessageSchema,
  eventMessageSchema,
  pointMessageSchema,
  readingMessageSchema,
  statusMessageSchema,
  voidMessageSchema,
} from "../../gateway/alerts/message-schemas.ts";
import { loadConfiguration, loadSite } from "../../gateway/config/load.ts";
import { renderProblem } from "../../gateway/config/problem.ts";
import { mappingSchema } from "../../gateway/replay/mapping.ts";
import { ruleTestFileSchema } from "../../gateway/replay/rule-test-file.ts";
import { runRuleTest } from "../../gateway/replay/rule-test-run.ts";
import { SystemClock } from "../../model/time.ts";
import { runScenario } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import { Field } from "../mqtt/field.ts";
import type { TestDevice } from "../mqtt/site.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { type Block, blocks, pages } from "./pages.ts";

/*
 * What the documents show works. The words behind a fence say what a block is: `yaml site`, a whole site file; `yaml part`,
 * sections that are laid over the small site below; `yaml profile`, which the parts of its page find in `./profiles`; `yaml
 * scenario`; `csv NAME`, a table beside the parts of its page; `json KIND`, a message.
 */

const all = pages().flatMap(blocks);
const marked = (language: string, kind: string) =>
  all
    .filter(({ words }) => words[0] === language && words[1] === kind)
    .map((block) => ({ at: `${block.page}:${block.line}`, block }));

/** Secrets that examples name. */
const ENVIRONMENT = {
  INFLUX_TOKEN: "t",
  INFLUX_PASSWORD: "p",
  COUNTY_PASSWORD: "p",
  STATION_PASSWORD: "p",
  LOGGER_PASSWORD: "p",
  PUSH_TOKEN: "p",
  PUSH_KEY: "p",
  TOCSIN_HTTP_TOKEN: "t",
  WANG_TOKEN: "t",
  WEBHOOK_SECRET: "s",
  ROBOT_TOKEN: "t",
  ROBOT_SECRET: "s",
  DUTY_PHONES: "+8613800138000",
};

/** What parts of a site are laid over. */
const BASE = `
site: { id: base, name: Base }
links:
  bus-1: { type: modbus-rtu, path: /dev/ttyS1 }
  broker: { type: mqtt-broker, listen: "127.0.0.1:1883" }
points:
  well-1: { name: Well, domain: gas }
  home-301: { name: Flat, domain: fire }
devices:
  gd-101: { profile: generic-lel, link: bus-1, point: well-1, address: { unit: 7 } }
  sa-301: { profile: json-smoke-alarm, link: broker, point: home-301 }
rules:
  detector: { name: Detector, applies: { quantity: [gas_alarm, smoke] }, equals: { red: active } }
`;

type Sections = Record<string, unknown>;

function laidOver(part: Sections): Sections {
  const site = parse(BASE) as Sections;
  for (const [name, section] of Object.entries(part)) {
    const below = site[name];
    site[name] =
      typeof below === "object" && below !== null && !Array.isArray(section)
        ? { ...below, ...(section as Sections) }
        : section;
  }
  return site;
}

/** What \`tocsin check\` says of a text, with the tables and profiles of its page beside it. */
function check(text: string, page: string): string[] {
  using folder = temporaryFolder("docs");
  for (const { page: from, words, text: table } of all) {
    if (from === page && words[0] === "csv" && words[1] !== undefined)
      writeFileSync(folder.join(words[1]), table);
    if (from === page && words[0] === "yaml" && words[1] === "profile") {
      mkdirSync(folder.join("profiles"), { recursive: true });
      const { id } = parse(table) as { id: string };
      writeFileSync(folder.join(`profiles/${id}.yaml`), table);
    }
  }
  writeFileSync(folder.join("site.yaml"), text);
  const { problems } = loadSite(folder.join("site.yaml"), { environment: ENVIRONMENT });
  return problems.map((problem) => renderProblem(problem, { folder: folder.path }));
}

describe("a site file in the documents", () => {
  const sites = marked("yaml", "site");

  test("is there in both READMEs and in the how-to", () => {
    expect(sites.map(({ block }) => block.page)).toEqual(
      expect.arrayContaining(["README.md", "README.zh-CN.md", "docs/site-file.md"]),
    );
  });

  test.each(sites)("$at passes `tocsin check` with nothing to say", ({ block }) => {
    expect(check(block.text, block.page)).toEqual([]);
  });

  test("is ten lines in both READMEs, and the same ten", () => {
    const [english, chinese] = ["README.md", "README.zh-CN.md"].map(
      (name) => sites.find(({ block }) => block.page === name)?.block.text,
    );
    expect(english?.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
    expect(chinese).toBe(english);
  });
});

describe("a part of a site file in the documents", () => {
  test.each(marked("yaml", "part"))("$at passes `tocsin check`", ({ block }) => {
    expect(check(stringify(laidOver(parse(block.text) as Sections)), block.page)).toEqual([]);
  });
});

describe("a profile in the documents", () => {
  test.each(marked("yaml", "profile"))("$at passes the loader", ({ block }) => {
    using folder = temporaryFolder("docs");
    const { id } = parse(block.text) as { id: string };
    const file = folder.join(`${id}.yaml`);
    writeFileSync(file, block.text);
    expect(loadProfile(file).problems).toEqual([]);
  });

  test("decodes the payloads that its comments show", () => {
    const block = marked("yaml", "profile").find(({ block }) => block.text.includes("payload:"))?.block;
    const payloads = Array.from(block?.text.matchAll(/^ +#.*?(\{"[^\n]+\})$/gm) ?? [], ([, json]) => json!);
    const profile: TestDevice["profile"] = parse(block?.text ?? "");
    const field = new Field({ id: "sa-1", profile });
    const [state = "", history = ""] = payloads;
    expect(field.say("devices/sa-1/state", state)).toEqual([
      "sa-1.smoke 1 good @0",
      "sa-1.temperature 23.1 good @0",
      "sa-1.battery_low 0 good @0",
    ]);
    expect(field.say("devices/sa-1/history", history)).toEqual(["sa-1.level 1.2 good @-5"]);
  });

  test("is there for Modbus, for a panel and for MQTT", () => {
    const sections = marked("yaml", "profile").map(({ block }) => {
      const profile = parse(block.text) as { modbus?: { components?: unknown }; payload?: unknown };
      if (profile.payload !== undefined) return "mqtt";
      if (profile.modbus === undefined) return "other";
      return profile.modbus.components === undefined ? "modbus" : "panel";
    });
    expect(sections).toEqual(expect.arrayContaining(["modbus", "mqtt", "panel"]));
  });
});

describe("a mapping in the documents", () => {
  test.each(marked("yaml", "mapping"))("$at fits its schema", ({ block }) => {
    expect(mappingSchema.safeParse(parse(block.text)).error?.issues).toBeUndefined();
  });
});

test("the rule tests in the documents pass with the rule they are about", () => {
  using folder = temporaryFolder("docs");
  const part = {
    rules: {
      leak: {
        name: "Leak",
        applies: { channel: "gd-101.lel" },
        above: { orange: 25, red: 50 },
        basis: "site",
      },
    },
  };
  writeFileSync(folder.join("site.yaml"), stringify(laidOver(part)));
  const configuration = loadConfiguration(folder.join("site.yaml"));
  const blocks = marked("yaml", "rule-tests");
  expect(blocks.length).toBeGreaterThan(0);
  for (const { at, block } of blocks) {
    for (const [id, one] of Object.entries(ruleTestFileSchema.parse(parse(block.text)).tests)) {
      expect(runRuleTest(configuration, one).mismatches, `${at} ${id}`).toEqual([]);
    }
  }
});

describe("a scenario in the documents", () => {
  const { profiles } = loadProfiles([BUILT_IN_PROFILES]);

  test.each(marked("yaml", "scenario"))("$at is played", async ({ block }) => {
    // Ports of a machine that runs tests are not ours to choose.
    const text = block.text
      .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:0")
      .replaceAll(/mqtt:\/\/127\.0\.0\.1:0/g, "mqtt://127.0.0.1:1");
    const simulation = await runScenario({
      scenario: parseScenario(text, { file: `${import.meta.dirname}/scenario.yaml`, shown: block.page }),
      site: undefined,
      profiles,
      clock: new SystemClock(),
      secret: () => "",
      onEvent: () => {},
    });
    const devices = Object.keys((parse(block.text) as { devices: Sections }).devices);
    expect(simulation.devices.map(({ device }) => device)).toEqual(devices);
    await simulation.stop();
  });
});

describe("a message in the documents", () => {
  const SCHEMAS = {
    event: eventMessageSchema,
    void: voidMessageSchema,
    alarm: alarmMessageSchema,
    point: pointMessageSchema,
    status: statusMessageSchema,
    digest: digestMessageSchema,
    case: caseMessageSchema,
    reading: readingMessageSchema,
    result: resultMessageSchema,
    acknowledge: alarmCommandSchema,
    shelve: shelveCommandSchema,
    unshelve: unshelveCommandSchema,
    write: writeCommandSchema,
    ask: askCommandSchema,
    "out-of-service": outOfServiceCommandSchema,
    "return-to-service": returnToServiceCommandSchema,
    "proof-test": proofTestCommandSchema,
    "open-permit": openPermitCommandSchema,
    "close-permit": closePermitCommandSchema,
    reset: alarmCommandSchema,
    resend: resendCommandSchema,
    respond: respondCommandSchema,
    act: actCommandSchema,
    close: closeCommandSchema,
    "self-test": selfTestCommandSchema,
  } as const;
  const messages = all.filter(({ words }) => words[0] === "json" && words[1] !== undefined);

  test.each(messages.map((block) => ({ at: `${block.page}:${block.line}`, block })))(
    "$at fits its schema",
    ({ block }: { block: Block }) => {
      const kind = block.words[1] as keyof typeof SCHEMAS;
      const parsed = SCHEMAS[kind].safeParse(JSON.parse(block.text));
      expect(parsed.error?.issues).toBeUndefined();
      expect(parsed.success).toBe(true);
    },
  );

  test("is shown for each kind there is", () => {
    expect(new Set(messages.map(({ words }) => words[1]))).toEqual(new Set(Object.keys(SCHEMAS)));
  });
});

test("JSON in the documents is JSON", () => {
  for (const { page, line, words, text } of all) {
    if (words[0] !== "json") continue;
    expect(() => JSON.parse(text), `${page}:${line}`).not.toThrow();
  }
});

test("YAML in the documents says what it is, so that it is tried", () => {
  const unknown = all
    .filter(({ words }) => words[0] === "yaml")
    .filter(
      ({ words }) =>
        !["site", "part", "profile", "scenario", "mapping", "rule-tests"].includes(words[1] ?? ""),
    )
    .map(({ page, line }) => `${page}:${line}`);
  expect(unknown).toEqual([]);
});
