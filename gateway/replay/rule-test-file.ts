import { readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ConfigurationError } from "../../model/error.ts";
import { REASON_NAMES, type ReasonName } from "../../model/quality.ts";
import { durationSchema, idSchema, textSchema } from "../../model/schema.ts";
import { SEVERITIES } from "../../model/severity.ts";
import { parseDuration } from "../../model/time.ts";
import { TRANSITIONS } from "../../rules/event.ts";
import { WORKS } from "../../rules/input.ts";
import { loadYamlFile, type YamlFile } from "./yaml-file.ts";

/*
 * Tests of rules as files: given these readings, expect these events at these times. `tocsin test-rules SITE` runs them.
 */

const moment = durationSchema().meta({
  description: "Time since the beginning of the test.",
  examples: ["6m10s"],
});
const channel = z
  .string()
  .min(1)
  .meta({ description: "Key of the channel.", examples: ["gd-01.lel"] });
const quality = z
  .enum(REASON_NAMES as [ReasonName, ...ReasonName[]])
  .default("good")
  .meta({
    description: "How far the reading is to be relied on, by its reason.",
    examples: ["sensor_failure"],
  });
/** A number, the name of a state, or nothing at all. */
const value = z
  .union([z.number(), z.enum(["nan", "inf", "-inf"]), z.string()])
  .meta({ description: "A number in the unit of the channel, or the name of a state.", examples: [12.5] });

/** The steps that can be given. */
export const givenSchema = z.union([
  z
    .strictObject({
      at: moment,
      channel,
      value: value.optional(),
      quality,
      time: moment
        .optional()
        .meta({ description: "When the instrument says that it measured. Default: it gives no time." }),
    })
    .meta({ description: "One reading." }),
  z
    .strictObject({
      channel,
      values: z.record(
        z.string().refine((text) => parseDuration(text) !== undefined, "not a duration"),
        value,
      ),
      quality,
    })
    .meta({ description: "Readings at these times: `values: { 0s: 3, 10s: 12 }`." }),
  z
    .strictObject({
      channel,
      from: moment,
      to: moment,
      every: durationSchema({ min: "1us" }),
      value,
      quality,
    })
    .meta({ description: "The same value again and again, from `from` to before `to`." }),
  z
    .strictObject({
      channel,
      from: moment,
      to: moment,
      every: durationSchema({ min: "1us" }),
      ramp: z.tuple([z.number(), z.number()]),
      quality,
    })
    .meta({
      description: "A straight line from the first value (at `from`) to the second (at `to`, included).",
    }),
  z
    .strictObject({ silent: channel, from: moment, to: moment })
    .meta({ description: "What the other steps give of this channel in that time does not arrive." }),
  z
    .strictObject({
      at: moment,
      command: z.string().min(1),
      user: z.string().default("tester"),
      rule: idSchema.optional(),
      subject: z.string().optional(),
      note: z.string().optional(),
      span: durationSchema().optional(),
      work: z.enum(WORKS).optional(),
      permit: idSchema.optional(),
      accepted: z.boolean().default(true),
      refusal: z.string().optional(),
    })
    .meta({
      description: "A person's command, for the occurrence that stands then; and whether it is accepted.",
    }),
  z
    .strictObject({ at: moment, down: z.string() })
    .meta({ description: "A device or link cannot be reached." }),
  z.strictObject({ at: moment, up: z.string() }).meta({ description: "It can be reached again." }),
  z
    .strictObject({
      at: moment,
      outside: idSchema,
      says: z.union([z.string(), z.number()]).nullable(),
      for: durationSchema().optional(),
    })
    .meta({
      description:
        "An outside source says this level or number; `null`: something that nobody can read. It counts for so long, by default for the longest that it may.",
    }),
  z
    .strictObject({ at: moment, restart: durationSchema() })
    .meta({ description: "The gateway is down for so long, and starts again." }),
]);
export type Given = z.output<typeof givenSchema>;

/** One event that is expected. */
export const expectedEventSchema = z.strictObject({
  at: moment,
  within: durationSchema().default(0).meta({ description: "How far the time may be off, either way." }),
  rule: z.string().min(1),
  subject: z.string().min(1),
  transition: z.enum(TRANSITIONS).default("raise"),
  severity: z.enum(SEVERITIES),
  value: z.number().optional().meta({ description: "Value of the event, within a millionth." }),
});
export type ExpectedEvent = z.output<typeof expectedEventSchema>;

/** One test. */
export const ruleTestSchema = z.strictObject({
  name: textSchema.optional().meta({ description: "What it shows, as one would say it." }),
  start: z
    .string()
    .default("2026-05-21T08:00:00Z")
    .refine((text) => !Number.isNaN(Date.parse(text)), "not an instant")
    .meta({ description: "Instant of `0s`, for rules that look at the calendar." }),
  given: z.array(givenSchema).min(1).meta({ description: "What happens." }),
  until: moment.optional().meta({ description: "Time goes on until then. Default: the last thing given." }),
  only: z.array(z.string()).optional().meta({ description: "Events of other rules do not matter." }),
  ignore: z.array(z.string()).default([]).meta({ description: "Events of these rules do not matter." }),
  expect: z
    .array(expectedEventSchema)
    .meta({ description: "Every event, and no other. An empty list: nothing happens." }),
});
export type RuleTest = z.output<typeof ruleTestSchema>;

/** A file of tests. */
export const ruleTestFileSchema = z
  .strictObject({
    site: z.string().optional().meta({
      description:
        "Site file that the tests are run with, relative to this file. Default: the one of the command.",
    }),
    tests: z.record(idSchema, ruleTestSchema).meta({ description: "Tests by id." }),
  })
  .meta({ description: "Tests of rules." });

/** A file of tests as read. */
export interface RuleTestFile extends YamlFile<z.output<typeof ruleTestFileSchema>> {
  readonly path: string;
}

/** Folder of the tests, beside a site file or in a pack. */
export const RULE_TESTS_FOLDER = "rule-tests";
/** A folder with more files is not one of rule tests. */
const MOST_FILES = 1_000;

/**
 * The tests of a folder, by name; or of one file.
 * @throws ConfigurationError CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID
 */
export function loadRuleTests(path: string): RuleTestFile[] {
  return filesOf(path).map((file) => ({ path: file, ...loadYamlFile(file, ruleTestFileSchema) }));
}

/** Where the tests of a site or pack are: the folder beside its file, or in its folder. */
export function ruleTestsOf(site: string): string {
  const path = resolve(site);
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return join(isFolder ? path : dirname(path), RULE_TESTS_FOLDER);
}

function filesOf(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() === true) return [path];
  const names = stat === undefined ? [] : readdirSync(path).filter((name) => /\.ya?ml$/.test(name));
  if (names.length === 0 || names.length > MOST_FILES) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `${path}: no rule tests there`, {
      hint: "put YAML files with tests into `rule-tests/` beside the site file, or name them with --tests",
    });
  }
  return names.sort().map((name) => join(path, name));
}
