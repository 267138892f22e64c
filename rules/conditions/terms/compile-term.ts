import type { Channel, Site } from "../../../model/site.ts";
import type { Circumstances } from "../../circumstance/circumstances.ts";
import { compileCalendar, compileOutsideTest } from "../../circumstance/guard.ts";
import type { CompiledCondition, ConditionContext, ConditionProblem } from "../condition.ts";
import { within } from "../condition.ts";
import { compileOneChannel, type OneChannelOptions } from "../one-channel.ts";
import { contradiction } from "./contradiction.ts";
import type { JoinedPlan, TermPlan } from "./plan.ts";
import { COMPUTED_KEYS, type TermOptions } from "./term.ts";

/** Terms within terms within terms: deeper ones nobody reads without a mistake. */
const DEEPEST = 4;
/** Channels that one term may look at. */
const MOST_CHANNELS = 64;

/** What terms are compiled for: the channels of one point, device or group. */
export interface TermContext {
  readonly site: Site;
  readonly circumstances: Circumstances;
  /** The channels that belong to the subject. */
  readonly own: readonly Channel[];
  /** What the subject is called in messages: `its point`. */
  readonly subject: string;
  contextOf(channel: Channel): ConditionContext;
  /** `path` counts from the condition's own key. */
  report(problem: ConditionProblem): void;
}

type Path = readonly (string | number)[];

/** Compiles a term. Reports what cannot work and then gives undefined. `path`: where it stands below the condition's key. */
export function compileTerm(options: TermOptions, path: Path, context: TermContext): TermPlan | undefined {
  return compileAt(options, { path, depth: 1 }, context);
}

/** Compiles `all` or `any` of terms. */
export function compileJoined(
  kind: "all" | "any",
  parts: readonly TermOptions[],
  { path, context }: { path: Path; context: TermContext },
): TermPlan | undefined {
  return joined(kind, parts, { path, depth: 0 }, context);
}

interface At {
  readonly path: Path;
  readonly depth: number;
}

function compileAt(options: TermOptions, at: At, context: TermContext): TermPlan | undefined {
  const { path, depth } = at;
  const report = (below: Path, message: string, hint?: string) =>
    context.report({ path: [...path, ...below], message, ...(hint === undefined ? {} : { hint }) });
  if (depth > DEEPEST) {
    report([], `terms nest deeper than ${DEEPEST} levels`, "make two rules of it");
    return undefined;
  }
  if (options.all !== undefined) return joined("all", options.all, below(at, "all"), context);
  if (options.any !== undefined) return joined("any", options.any, below(at, "any"), context);
  if (options.not !== undefined) {
    const of = compileAt(options.not, { path: [...path, "not"], depth: depth + 1 }, context);
    return of === undefined ? undefined : { kind: "not", name: `not ${of.name}`, of: [of] };
  }
  const telling = (key: string) => (problem: { path: Path; message: string; hint?: string }) =>
    report(
      [key, ...problem.path].slice(0, problem.path.length === 0 ? 1 : undefined),
      problem.message,
      problem.hint,
    );
  if (options.calendar !== undefined) {
    const calendar = compileCalendar(options.calendar, context.circumstances, telling("calendar"));
    return calendar === undefined
      ? undefined
      : { kind: "calendar", name: `calendar ${calendar.id}`, calendar };
  }
  if (options.input !== undefined) {
    const test = compileOutsideTest({ ...options, input: options.input }, context.circumstances, (problem) =>
      report(problem.path, problem.message, problem.hint),
    );
    return test === undefined ? undefined : { kind: "outside", name: `input ${test.source.id}`, test };
  }
  return onChannels(options, at, context);
}

function below({ path, depth }: At, key: string): At {
  return { path: [...path, key], depth };
}

function joined(
  kind: "all" | "any",
  parts: readonly TermOptions[],
  { path, depth }: At,
  context: TermContext,
): TermPlan | undefined {
  const of = parts.flatMap((part, i) => {
    const term = compileAt(part, { path: [...path, i], depth: depth + 1 }, context);
    return term === undefined ? [] : [term];
  });
  if (of.length < parts.length) return undefined;
  const plan: JoinedPlan = { kind, name: `${kind}(${of.map(({ name }) => name).join(", ")})`, of };
  const wrong = contradiction(plan);
  if (wrong === undefined) return plan;
  context.report({ path, message: wrong });
  return undefined;
}

function onChannels(options: TermOptions, { path }: At, context: TermContext): TermPlan | undefined {
  const channels = channelsFor(options, path, context);
  if (channels === undefined) return undefined;
  const said = JSON.stringify(options);
  const terms = channels.flatMap((channel): TermPlan[] => {
    const condition = conditionOf(options, within(context.contextOf(channel), path));
    const key = COMPUTED_KEYS.find((candidate) => options[candidate] !== undefined) ?? plainKey(options);
    return condition === undefined
      ? []
      : [{ kind: "channel", name: `${key} ${channel.key}`, said, channel, condition }];
  });
  if (terms.length < channels.length) return undefined;
  const [only] = terms;
  if (terms.length === 1) return only;
  const kind = options.every === true ? "all" : "any";
  return { kind, name: `${kind}(${terms.map(({ name }) => name).join(", ")})`, of: terms };
}

function plainKey({ above, below: under, equals }: TermOptions): string {
  return above !== undefined
    ? "above"
    : under !== undefined
      ? "below"
      : equals !== undefined
        ? "equals"
        : "outside";
}

/** The channels that a term names. A key names one anywhere in the site, an id or a quantity those of the subject. */
function channelsFor(
  { channel, quantity }: TermOptions,
  path: Path,
  { site, own, subject, report }: TermContext,
): readonly Channel[] | undefined {
  const anywhere = channel === undefined ? undefined : site.channels.find(({ key }) => key === channel);
  if (anywhere !== undefined) return [anywhere];
  const found = own.filter(({ id, quantity: of }) =>
    channel === undefined ? of === quantity : id === channel,
  );
  const key = channel === undefined ? "quantity" : "channel";
  if (found.length === 0) {
    const known = site.channels.some(({ id }) => id === channel) || channel === undefined;
    report({
      path: [...path, key],
      message: known
        ? `${subject} has no channel “${channel ?? quantity}”`
        : `there is no channel “${channel}” in this site`,
      hint: known
        ? "narrow `applies` to where there is one, or name the channel by its key"
        : "name it by its key, such as gd-01.lel, or by its id in the point, device or group",
    });
    return undefined;
  }
  if (found.length > MOST_CHANNELS) {
    report({ path: [...path, key], message: `${found.length} channels fit; at most ${MOST_CHANNELS} can` });
    return undefined;
  }
  return found;
}

/** The condition of a term on one channel: a rule's own kind, with one level where the term states one limit. */
function conditionOf(options: TermOptions, context: ConditionContext): CompiledCondition | undefined {
  const { strict, above, below: under, equals, outside } = options;
  const level = strict === undefined ? {} : { strict };
  const plain: OneChannelOptions = {
    ...(above === undefined ? {} : { above: { red: { limit: above, ...level } } }),
    ...(under === undefined ? {} : { below: { red: { limit: under, ...level } } }),
    ...(outside === undefined ? {} : { outside: { red: { ...outside, ...level } } }),
    ...(equals === undefined
      ? {}
      : { equals: { red: { state: equals as string | number | (string | number)[] } } }),
  };
  const stated = Object.keys(plain).length > 0;
  const condition = compileOneChannel(stated ? plain : (options as OneChannelOptions), {
    ...context,
    unit: options.unit ?? context.unit,
    deadband: options.deadband ?? 0,
    onDelay: 0,
    offDelay: 0,
    // A term has one limit, and no colour that a problem could be at.
    report: ({ path, ...problem }) =>
      context.report({
        ...problem,
        path: stated ? [plainKey(options), ...path.filter((part) => part !== "red")] : path,
      }),
  });
  if (condition?.levels.some(({ onDelay, offDelay }) => onDelay > 0 || offDelay > 0) !== true)
    return condition;
  context.report({ path: [], message: "a term has no delays: give them to the rule" });
  return undefined;
}
