import type { Channel, Site } from "../model/site.ts";
import { subjectKey } from "../model/site.ts";
import type { Circumstances } from "./circumstance/circumstances.ts";
import {
  type CombinationOptions,
  type CompiledOnSeveral,
  compileCombination,
} from "./conditions/combination.ts";
import type { CompiledCondition, ConditionContext } from "./conditions/condition.ts";
import { compileExpression, type ExpressionOptions } from "./conditions/expression.ts";
import { compileSequence, type SequenceOptions } from "./conditions/sequence.ts";
import { type Applies, type Gathering, gatherBy } from "./subjects.ts";

/** What the channels that are judged together belong to. */
export const ACROSS = ["point", "device", "group"] as const;
export type Across = (typeof ACROSS)[number];

/** Options of a rule whose terms look at several channels. */
export interface SeveralOptions extends CombinationOptions {
  readonly sequence?: SequenceOptions | undefined;
  readonly expression?: ExpressionOptions | undefined;
  readonly across?: Across | undefined;
  readonly applies: Applies;
  readonly deadband: number;
}

/** One subject of such a rule. */
export interface SeveralSubject {
  readonly channel: number;
  readonly inputs: readonly number[];
  readonly key: string;
  readonly condition: CompiledCondition;
}

/**
 * One subject for each point, device or group that has a channel the rule applies to. Its terms may look at every channel that
 * belongs to it, and by key at any other. Reports what cannot work.
 */
export function severalSubjects(
  options: SeveralOptions,
  on: {
    readonly site: Site;
    readonly circumstances: Circumstances;
    readonly matched: readonly Channel[];
    contextOf(channel: Channel): ConditionContext;
  },
): SeveralSubject[] {
  const { site, matched, circumstances, contextOf } = on;
  const [any] = matched;
  if (any === undefined) return [];
  const across = options.across ?? "point";
  const gathered = gather(site, matched, { across, applies: options.applies });
  if (gathered.length === 0) {
    contextOf(any).report({
      path: ["across"],
      from: "rule",
      message: `none of its channels belongs to a ${across}: the rule watches nothing`,
    });
  }
  if (options.deadband > 0 && options.expression?.value === undefined) {
    contextOf(any).report({
      path: ["deadband"],
      from: "rule",
      message: "a condition of terms has no deadband: each term has its own",
      hint: "write it beside the limit: { channel: …, above: 57, deadband: 2 }",
    });
  }
  return gathered.flatMap(({ key, channels }): SeveralSubject[] => {
    const first = channels[0]!;
    const context = contextOf(first);
    const compiled = compile(options, context, {
      site,
      circumstances,
      own: belonging(site, first, { across, key }),
      subject: `its ${across}`,
      contextOf,
      report: (problem) => context.report(problem),
    });
    if (compiled === undefined) return [];
    const inputs = compiled.channels.map(({ index }) => index);
    // The alarm is at the point of the first channel the rule applies to, as far as that is looked at.
    const channel = channels.find(({ index }) => inputs.includes(index)) ?? compiled.channels[0]!;
    return [{ channel: channel.index, inputs, key, condition: compiled.condition }];
  });
}

function compile(
  options: SeveralOptions,
  delays: ConditionContext,
  context: Parameters<typeof compileSequence>[1],
): CompiledOnSeveral | undefined {
  if (options.expression !== undefined) return compileExpression(options.expression, context, delays);
  if (options.sequence !== undefined) return compileSequence(options.sequence, context, delays);
  return compileCombination(options, context, delays);
}

function gather(
  site: Site,
  matched: readonly Channel[],
  { across, applies }: { across: Across; applies: Applies },
): Gathering[] {
  if (across !== "device") return gatherBy(site, matched, { across, applies });
  return site.devices.flatMap(({ index, key }) => {
    const channels = matched.filter(({ device }) => device === index);
    return channels.length === 0 ? [] : [{ key, channels }];
  });
}

/** All channels of the point, device or group, whether the rule applies to them or not. */
function belonging(
  site: Site,
  { device, point }: Channel,
  { across, key }: { across: Across; key: string },
): readonly Channel[] {
  if (across === "device") return site.channels.filter((channel) => channel.device === device);
  if (across === "point") return site.channels.filter((channel) => channel.point === point);
  const group = site.groups.find(({ index }) => subjectKey(site, { kind: "group", index }) === key);
  return site.channels.filter((channel) => group?.points.includes(channel.point));
}
