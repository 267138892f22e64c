import { z } from "zod";
import { GAS_NAMES, type Gas, LEL_BASES } from "../model/gas.ts";
import type { ChannelIndex } from "../model/reading.ts";
import { durationSchema, textSchema, unitSchema } from "../model/schema.ts";
import { ALARM_CLASSES, type AlarmClass } from "../model/severity.ts";
import type { Channel, Site } from "../model/site.ts";
import type { Text } from "../model/text.ts";
import type { Micros } from "../model/time.ts";
import { isBuiltInRule } from "./built-in.ts";
import { Circumstances } from "./circumstance/circumstances.ts";
import { compileGuard, guardFields } from "./circumstance/guard.ts";
import { buildingVibrationSchema, compileBuildingVibration } from "./conditions/building-vibration.ts";
import { allSchema, anySchema, notSchema } from "./conditions/combination.ts";
import type { CompiledCondition, ConditionContext } from "./conditions/condition.ts";
import { compileDeparture, departureSchema } from "./conditions/departure.ts";
import { expressionSchema } from "./conditions/expression.ts";
import { insteadSchema } from "./conditions/instead.ts";
import { ruleDelayFields } from "./conditions/level.ts";
import { compileOneChannel, ONE_CHANNEL_KEYS, oneChannelFields } from "./conditions/one-channel.ts";
import { sequenceSchema } from "./conditions/sequence.ts";
import { compileVotes, votesSchema } from "./conditions/votes.ts";
import { compileInForce } from "./in-force.ts";
import { ACROSS, severalSubjects } from "./several-channels.ts";
import { appliesSchema, gatherBy, matchChannels } from "./subjects.ts";

/**
 * Keys of a rule that hold its condition; a rule has exactly one of them. A kind that looks at one channel is added to
 * one-channel.ts; here stand those that judge several together.
 */
export const CONDITION_KEYS = [
  ...ONE_CHANNEL_KEYS,
  "votes",
  "deviation",
  "buildingVibration",
  "all",
  "any",
  "not",
  "sequence",
  "expression",
] as const;

/** Those whose terms look at several channels of one point, device or group. */
const OF_TERMS = ["all", "any", "not", "sequence", "expression"] as const;

/** One rule as it stands in the site file. */
export const ruleSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "What the alarm is called, as duty staff would say it.",
      examples: [{ zh: "燃气泄漏", en: "gas leak" }],
    }),
    class: z
      .enum(ALARM_CLASSES)
      .default("danger")
      .meta({ description: "Danger to people, a fault, something to look after, or blindness." }),
    applies: appliesSchema,
    ...oneChannelFields,
    votes: votesSchema.optional(),
    deviation: departureSchema.optional(),
    buildingVibration: buildingVibrationSchema.optional(),
    all: allSchema.optional(),
    any: anySchema.optional(),
    not: notSchema.optional(),
    sequence: sequenceSchema.optional(),
    expression: expressionSchema.optional(),
    across: z.enum(ACROSS).optional().meta({
      description:
        "With all, any, not, sequence and expression: the channels of one point, device or group are judged together; each has one alarm. Default: point.",
    }),
    ...guardFields,
    instead: insteadSchema.optional(),
    ...ruleDelayFields,
    latching: z
      .boolean()
      .default(false)
      .meta({ description: "Stays after the condition has cleared, until somebody resets it." }),
    reAlarm: durationSchema({ min: "1m", max: "7d" })
      .optional()
      .meta({
        description:
          "Acknowledged and still active after this time, it must be acknowledged again. Default: `alarms.reAlarm` of its severity.",
        examples: ["30m"],
      }),
    unit: unitSchema
      .optional()
      .meta({ description: "Unit of limits and deadband. Default: the channel's own.", examples: ["ppm"] }),
    conversion: z
      .strictObject({
        gas: z
          .enum(GAS_NAMES as [Gas, ...Gas[]])
          .optional()
          .meta({ description: "Default: the gas of the channel." }),
        basis: z.enum(LEL_BASES).optional().meta({ description: "Table of explosive limits behind %LEL." }),
        temperature: z.number().optional().meta({ description: "Temperature of the gas, °C." }),
        pressure: z.number().positive().optional().meta({ description: "Pressure of the gas, kPa." }),
      })
      .optional()
      .meta({
        description: "For limits in another kind of concentration than the channel's (%LEL, ppm, mg/m³).",
      }),
    basis: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "Where the limits come from: standard and clause, or `site`.",
        examples: ["GB/T 50493-2019 5.5.2"],
      }),
    guidance: textSchema.optional().meta({ description: "What to do when it raises." }),
    enabled: z.boolean().default(true).meta({ description: "`false` keeps the rule without using it." }),
  })
  .refine((rule) => CONDITION_KEYS.filter((key) => rule[key] !== undefined).length === 1, {
    message: `a rule has exactly one condition: ${CONDITION_KEYS.join(", ")}`,
  })
  .refine((rule) => rule.across === undefined || OF_TERMS.some((key) => rule[key] !== undefined), {
    message: `across belongs to ${OF_TERMS.join(", ")}; votes have their own`,
    path: ["across"],
  });
export type RuleOptions = z.output<typeof ruleSchema>;

/** A rule on one of its channels, or on several that are judged together. */
export interface RuleSubject {
  /** Of several, the first. */
  readonly channel: ChannelIndex;
  /** All of them, where there are several. */
  readonly inputs?: readonly ChannelIndex[];
  /** Key of what the alarm is about, where that is not the channel. */
  readonly key?: string;
  readonly condition: CompiledCondition;
}

/** A rule ready to run: limits in the units of its channels, subjects resolved. */
export interface Rule {
  readonly id: string;
  readonly name: Text;
  readonly class: AlarmClass;
  readonly latching: boolean;
  /** Acknowledged and still active after this time, it is unacknowledged again, µs. */
  readonly reAlarm?: Micros;
  readonly basis?: string;
  readonly guidance?: Text;
  /** In channel order. */
  readonly subjects: readonly RuleSubject[];
}

/** Something wrong with a rule; `path` counts from the rule's own key. */
export interface RuleProblem {
  readonly rule: string;
  readonly path: (string | number)[];
  readonly message: string;
  readonly hint?: string;
  /** Of what is wrong within a text: how far from its beginning, in UTF-16 units. */
  readonly offset?: number;
}

/**
 * Compiles the rules of a site, in the order they are written, and reports everything that could never work. A rule with a
 * problem is still compiled for the channels that it fits; a configuration with problems is not to be run.
 */
export function compileRules(
  site: Site,
  rules: Readonly<Record<string, RuleOptions>>,
  report: (problem: RuleProblem) => void,
): Rule[] {
  const compiled: Rule[] = [];
  const circumstances = new Circumstances(site);
  for (const [id, options] of Object.entries(rules)) {
    if (isBuiltInRule(id)) {
      report({
        rule: id,
        path: [],
        message: `“${id}” is the name of a built-in rule`,
        hint: "choose another id; the built-in rules are set under `alarms`",
      });
    }
    const problems = new ProblemsByChannel();
    const subjects: RuleSubject[] = [];
    const matched = matchChannels(site, options.applies, (p) => report({ rule: id, ...p }));
    if (options.votes !== undefined) {
      subjects.push(...voteSubjects(options, { site, matched, problems }));
    } else if (options.deviation !== undefined) {
      subjects.push(...departureSubjects(options, { site, matched, problems }));
    } else if (options.buildingVibration !== undefined) {
      subjects.push(...buildingSubjects(options, { site, matched, problems }));
    } else if (OF_TERMS.some((key) => options[key] !== undefined)) {
      const context = (channel: Channel) => contextOf(options, channel, problems);
      subjects.push(...severalSubjects(options, { site, circumstances, matched, contextOf: context }));
    } else {
      for (const channel of matched) {
        const condition = compileOneChannel(options, contextOf(options, channel, problems));
        if (condition !== undefined) subjects.push({ channel: channel.index, condition });
      }
    }
    const guard = compileGuard(options, circumstances, ({ path, ...problem }) =>
      report({ rule: id, path: [...path], ...problem }),
    );
    const inForce = subjects.flatMap((subject): RuleSubject[] => {
      const channels = (subject.inputs ?? [subject.channel]).map((index) => site.channels[index]!);
      const context = contextOf(options, channels[0]!, problems);
      const condition = compileInForce(subject.condition, options, {
        guard,
        circumstances,
        context,
        channels,
      });
      return condition === undefined ? [] : [{ ...subject, condition }];
    });
    problems.tell(id, report);
    if (!options.enabled) continue;
    compiled.push({
      id,
      name: options.name,
      class: options.class,
      latching: options.latching,
      ...(options.reAlarm === undefined ? {} : { reAlarm: options.reAlarm }),
      ...(options.basis === undefined ? {} : { basis: options.basis }),
      ...(options.guidance === undefined ? {} : { guidance: options.guidance }),
      subjects: inForce,
    });
  }
  return compiled;
}

/** One subject for each point or group whose detectors vote together. */
function voteSubjects(
  options: RuleOptions,
  { site, matched, problems }: { site: Site; matched: readonly Channel[]; problems: ProblemsByChannel },
): RuleSubject[] {
  const { votes, applies } = options;
  if (votes === undefined || matched.length === 0) return [];
  const subjects: RuleSubject[] = [];
  const gathered = gatherBy(site, matched, { across: votes.across, applies });
  if (gathered.length === 0) {
    contextOf(options, matched[0]!, problems).report({
      path: ["across"],
      message: `none of its channels belongs to a ${votes.across}: the rule watches nothing`,
    });
  }
  for (const { key, channels } of gathered) {
    const condition = compileVotes(
      votes,
      channels.map((channel) => contextOf(options, channel, problems)),
    );
    const [first] = channels;
    if (condition === undefined || first === undefined) continue;
    subjects.push({ channel: first.index, inputs: channels.map(({ index }) => index), key, condition });
  }
  return subjects;
}

/** Each channel with those that it is compared with. */
function departureSubjects(
  options: RuleOptions,
  { site, matched, problems }: { site: Site; matched: readonly Channel[]; problems: ProblemsByChannel },
): RuleSubject[] {
  const { deviation, applies } = options;
  if (deviation === undefined) return [];
  const { median, neighbour } = deviation;
  const gathered = median === undefined ? [] : gatherBy(site, matched, { across: median, applies });
  const subjects: RuleSubject[] = [];
  for (const channel of matched) {
    const context = contextOf(options, channel, problems);
    const companies = gathered.filter(({ channels }) => channels.includes(channel));
    if (companies.length > 1) {
      context.report({
        path: ["median"],
        message: "it belongs to several groups",
        hint: "narrow `applies` to one group, and make a rule for each",
      });
      continue;
    }
    const company = neighbour === undefined ? (companies[0]?.channels ?? []) : named(site, neighbour);
    if (neighbour !== undefined && company.length === 0) {
      context.report({ path: ["neighbour"], message: `there is no channel “${neighbour}” in this site` });
      continue;
    }
    const fellows = company.filter(({ index }) => index !== channel.index);
    const condition = compileDeparture(deviation, context, fellows);
    if (condition === undefined) continue;
    subjects.push({
      channel: channel.index,
      inputs: [channel.index, ...fellows.map(({ index }) => index)],
      condition,
    });
  }
  return subjects;
}

/** Each channel of peak velocities with the one that gives their frequencies. */
function buildingSubjects(
  options: RuleOptions,
  { site, matched, problems }: { site: Site; matched: readonly Channel[]; problems: ProblemsByChannel },
): RuleSubject[] {
  const { buildingVibration } = options;
  if (buildingVibration === undefined) return [];
  const { frequency: id } = buildingVibration;
  const subjects: RuleSubject[] = [];
  for (const channel of matched) {
    const context = contextOf(options, channel, problems);
    const beside = id === undefined ? undefined : besides(site, channel, id);
    if (id !== undefined && beside === undefined) {
      context.report({
        path: ["frequency"],
        message: `its device has no channel “${id}”`,
        hint: "name the channel that gives the frequency of the peak, as it is called in the profile",
      });
      continue;
    }
    const condition = compileBuildingVibration(buildingVibration, context, beside);
    if (condition === undefined) continue;
    subjects.push({
      channel: channel.index,
      ...(beside === undefined ? {} : { inputs: [channel.index, beside.index] }),
      condition,
    });
  }
  return subjects;
}

/** Another channel of the same device, or of the same component, by its id there. */
function besides(site: Site, { device, component, key }: Channel, id: string): Channel | undefined {
  const sibling = `${key.slice(0, key.lastIndexOf("."))}.${id}`;
  return site.channels.find(
    (other) =>
      other.device === device && other.component === component && other.key === sibling && other.key !== key,
  );
}

function named(site: Site, key: string): Channel[] {
  return site.channels.filter((channel) => channel.key === key);
}

function contextOf(options: RuleOptions, channel: Channel, problems: ProblemsByChannel): ConditionContext {
  const key = CONDITION_KEYS.find((candidate) => options[candidate] !== undefined);
  return {
    channel,
    unit: options.unit,
    gas: definedOnly(options.conversion),
    onDelay: options.onDelay,
    offDelay: options.offDelay,
    deadband: options.deadband,
    report: ({ path, from, message, hint, offset }) =>
      problems.add(channel.key, {
        path: key === undefined || from === "rule" ? [...path] : [key, ...path],
        message,
        hint,
        offset,
      }),
  };
}

/** Optional properties that hold `undefined` are left out, as `exactOptionalPropertyTypes` wants it. */
function definedOnly(conversion: RuleOptions["conversion"]): ConditionContext["gas"] {
  if (conversion === undefined) return undefined;
  const { gas, basis, temperature, pressure } = conversion;
  return {
    ...(gas === undefined ? {} : { gas }),
    ...(basis === undefined ? {} : { basis }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(pressure === undefined ? {} : { pressure }),
  };
}

interface ProblemOfChannels {
  readonly path: (string | number)[];
  readonly message: string;
  readonly hint: string | undefined;
  readonly offset: number | undefined;
}

/** Three hundred homes with the same mistake are one problem that names the first and counts the rest. */
class ProblemsByChannel {
  readonly #problems = new Map<string, ProblemOfChannels & { readonly channels: string[] }>();

  add(channel: string, problem: ProblemOfChannels): void {
    const key = JSON.stringify([problem.path, problem.message, problem.offset]);
    const known = this.#problems.get(key);
    if (known === undefined) this.#problems.set(key, { ...problem, channels: [channel] });
    else known.channels.push(channel);
  }

  tell(rule: string, report: (problem: RuleProblem) => void): void {
    for (const { path, message, hint, offset, channels } of this.#problems.values()) {
      const others = channels.length === 1 ? "" : ` and ${channels.length - 1} more`;
      report({
        rule,
        path,
        message: `${message} (channel ${channels[0]}${others})`,
        ...(hint === undefined ? {} : { hint }),
        ...(offset === undefined ? {} : { offset }),
      });
    }
  }
}
