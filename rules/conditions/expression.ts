import { z } from "zod";
import type { OutsideSource } from "../../model/outside.ts";
import { isDiscrete, QUANTITIES, type Quantity } from "../../model/quantity.ts";
import { durationSchema, idSchema, unitSchema } from "../../model/schema.ts";
import type { Channel } from "../../model/site.ts";
import type { Linear, Unit } from "../../model/unit.ts";
import type { CalendarCourse } from "../circumstance/calendar-course.ts";
import { compileCalendar } from "../circumstance/guard.ts";
import type { CompiledOnSeveral } from "./combination.ts";
import { type ConditionContext, type Level, within } from "./condition.ts";
import { CelCompiler, type CelProgram, isProblem } from "./expression/cel.ts";
import { ChannelInput, OutsideInputView } from "./expression/input-view.ts";
import { Expression, type ExpressionPlan } from "./expression/running.ts";
import { type Graded, gradedSchema, gradesOf, levelOf } from "./level.ts";
import { limitConversion } from "./limit-conversion.ts";
import { type Span, spansOf } from "./span.ts";
import type { TermContext } from "./terms/compile-term.ts";
import { checkSpans, UNBOUNDED } from "./threshold-check.ts";
import { oneSide, sideFields, sideGrades } from "./window-options.ts";

/** Longest text of an expression. Its parts are counted besides (expression/cel.ts). */
const LONGEST_TEXT = 2_000;
const MOST_NAMES = 16;

/** Words of the language, and what its names look like. */
const RESERVED: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const aliasSchema = z
  .string()
  .regex(/^[a-z][a-zA-Z0-9_]{0,31}$/, "a name has letters, digits and _ and begins with a small letter")
  .refine((name) => !RESERVED.has(name), { message: "this word belongs to the language; choose another" });

const textSchema = z.string().min(1).max(LONGEST_TEXT);

/** Raises by an expression, where no other condition fits. */
export const expressionSchema = z
  .strictObject({
    channels: z
      .record(
        aliasSchema,
        z
          .strictObject({
            channel: z
              .string()
              .min(1)
              .optional()
              .meta({
                description: "Channel by key, or by its id in the point, device or group.",
                examples: ["lel"],
              }),
            quantity: z
              .enum(QUANTITIES as [Quantity, ...Quantity[]])
              .optional()
              .meta({ description: "The only channel of this quantity there.", examples: ["flow"] }),
            unit: unitSchema.optional().meta({
              description: "Unit of its value in the expression; required for numbers.",
              examples: ["Cel"],
            }),
          })
          .refine((o) => (o.channel === undefined) !== (o.quantity === undefined), {
            message: "give channel or quantity, one of them",
          }),
      )
      .refine((names) => Object.keys(names).length <= MOST_NAMES, { message: `at most ${MOST_NAMES} names` })
      .meta({
        description:
          "Names of channels in the expression, which reads `name.value`, `name.state`, `name.quality` and `name.age` (seconds).",
        examples: [{ lel: { channel: "lel", unit: "%LEL" } }],
      }),
    inputs: z
      .record(aliasSchema, idSchema)
      .default({})
      .meta({
        description: "Names of outside sources, with `name.value` and `name.level`.",
        examples: [{ warning: "rain-warning" }],
      }),
    calendars: z
      .record(aliasSchema, idSchema)
      .default({})
      .meta({ description: "Names of calendars: true while they hold.", examples: [{ night: "night" }] }),
    when: gradedSchema(textSchema, "An expression for each level, which raises while it is true.").optional(),
    value: textSchema.optional().meta({
      description: "An expression that gives a number, in the rule's unit, to compare with limits.",
      examples: ["(a.value + b.value) / 2.0"],
    }),
    above: sideFields.above,
    below: sideFields.below,
    recheck: durationSchema({ min: "1s", max: "1h" })
      .prefault("10s")
      .meta({ description: "How often an expression that reads an `age` is evaluated without a reading." }),
  })
  .refine((o) => (o.when === undefined) !== (o.value === undefined), {
    message: "give when or value, one of them",
  })
  .refine(
    (o) => (o.value === undefined ? o.above === undefined && o.below === undefined : oneSide.check(o)),
    {
      message: "with value give above or below, one of them; when has neither",
    },
  )
  .meta({
    description:
      "Raises by an expression in CEL over named channels, where no other condition fits. Checked before it runs; without loops; what is not known makes it unknown.",
  });
export type ExpressionOptions = z.output<typeof expressionSchema>;

/** Compiles `expression`. Reports what cannot work and then gives undefined. */
export function compileExpression(
  options: ExpressionOptions,
  context: TermContext,
  rule: ConditionContext,
): CompiledOnSeveral | undefined {
  const inputs = inputsOf(options, context);
  const programs = programsOf(options, context);
  const levels = levelsOf(options, context, rule);
  if (inputs === undefined || programs === undefined || levels === undefined) return undefined;
  const channels = inputs.channels.map(({ channel }) => channel);
  if (channels.length === 0) {
    context.report({
      path: ["channels"],
      message: "it looks at no channel: calendars and the outside alone are no alarm",
    });
    return undefined;
  }
  const plan: ExpressionPlan = {
    levels,
    spans: options.value === undefined ? undefined : (levels as Span[]),
    programs,
    ...inputs,
    recheck: programs.some(({ reads }) => [...reads].some((read) => read.endsWith(".age")))
      ? options.recheck
      : 0,
  };
  const outside = inputs.outside.map(({ source }) => source.index);
  const unit: Unit = rule.unit ?? "1";
  const side = options.below === undefined ? "above" : "below";
  return {
    channels: [...new Set(channels)],
    condition: {
      levels,
      create: (world) => new Expression(plan, world),
      ...(outside.length === 0 ? {} : { outside }),
      measure: () => ({ of: "expression", window: 0, unit, side }),
    },
  };
}

interface Inputs {
  readonly channels: readonly { readonly name: string; readonly channel: Channel; readonly unit: Linear }[];
  readonly outside: readonly { readonly name: string; readonly source: OutsideSource }[];
  readonly calendars: readonly { readonly name: string; readonly calendar: CalendarCourse }[];
}

/** What the names stand for. */
function inputsOf(options: ExpressionOptions, context: TermContext): Inputs | undefined {
  const { circumstances } = context;
  let sound = true;
  const given = new Set<string>();
  const take = (section: string, name: string) => {
    if (given.has(name)) {
      sound = false;
      context.report({ path: [section, name], message: `the name “${name}” stands for two things` });
    }
    given.add(name);
  };
  const channels = Object.entries(options.channels).flatMap(([name, wanted]) => {
    take("channels", name);
    const channel = channelFor(wanted, ["channels", name], context);
    const unit =
      channel === undefined
        ? undefined
        : unitOf(wanted.unit, within(context.contextOf(channel), ["channels", name]));
    if (channel === undefined || unit === undefined) {
      sound = false;
      return [];
    }
    return [{ name, channel, unit }];
  });
  const outside = Object.entries(options.inputs).flatMap(([name, id]) => {
    take("inputs", name);
    const source = circumstances.outside(id);
    if (source !== undefined) return [{ name, source }];
    sound = false;
    context.report({ path: ["inputs", name], message: `there is no outside source “${id}” in this site` });
    return [];
  });
  const calendars = Object.entries(options.calendars).flatMap(([name, id]) => {
    take("calendars", name);
    const calendar = compileCalendar(id, circumstances, ({ message, hint }) => {
      sound = false;
      context.report({ path: ["calendars", name], message, ...(hint === undefined ? {} : { hint }) });
    });
    return calendar === undefined ? [] : [{ name, calendar }];
  });
  return sound ? { channels, outside, calendars } : undefined;
}

function channelFor(
  { channel, quantity }: { channel?: string | undefined; quantity?: Quantity | undefined },
  path: readonly string[],
  { site, own, subject, report }: TermContext,
): Channel | undefined {
  const anywhere = site.channels.find(({ key }) => key === channel);
  if (anywhere !== undefined) return anywhere;
  const found = own.filter(({ id, quantity: of }) =>
    channel === undefined ? of === quantity : id === channel,
  );
  const [only, more] = found;
  if (only !== undefined && more === undefined) return only;
  const what = `“${channel ?? quantity}”`;
  report({
    path: [...path, channel === undefined ? "quantity" : "channel"],
    message:
      only === undefined
        ? `${subject} has no channel ${what}`
        : `${subject} has ${found.length} channels ${what}`,
    hint: "name one by its key, such as gd-01.lel, or by its id in the point, device or group",
  });
  return undefined;
}

/** From the channel's unit into the one that the expression states. */
function unitOf(unit: Unit | undefined, context: ConditionContext): Linear | undefined {
  const { channel } = context;
  const problem = (message: string) => {
    context.report({ path: unit === undefined ? [] : ["unit"], message });
    return undefined;
  };
  if (isDiscrete(channel.quantity)) {
    return unit === undefined
      ? { scale: 1, offset: 0 }
      : problem(`${channel.quantity} is a state and has no unit`);
  }
  if (unit === undefined) {
    return problem(
      `say in which unit the expression means ${channel.quantity}: { …, unit: ${channel.unit} }`,
    );
  }
  // How a limit of that unit becomes one of the channel's, turned round.
  const back = limitConversion({ ...context, unit });
  return back === undefined ? undefined : { scale: 1 / back.scale, offset: -back.offset / back.scale };
}

const CHANNEL_FIELDS = { value: "double", state: "string", quality: "string", age: "double" } as const;
const OUTSIDE_FIELDS = { value: "double", level: "string" } as const;

/** By options: three hundred homes with one rule compile its text once. */
const compiledTexts = new WeakMap<ExpressionOptions, readonly CelProgram[] | "wrong">();

function programsOf(options: ExpressionOptions, context: TermContext): readonly CelProgram[] | undefined {
  const known = compiledTexts.get(options);
  if (known !== undefined && known !== "wrong") return known;
  const names = {
    ...Object.fromEntries(
      Object.keys(options.channels).map((name) => [
        name,
        { type: "Channel", fields: CHANNEL_FIELDS, ctor: ChannelInput },
      ]),
    ),
    ...Object.fromEntries(
      Object.keys(options.inputs).map((name) => [
        name,
        { type: "Outside", fields: OUTSIDE_FIELDS, ctor: OutsideInputView },
      ]),
    ),
    ...Object.fromEntries(Object.keys(options.calendars).map((name) => [name, "bool" as const])),
  };
  const compiler = new CelCompiler(names);
  let sound = true;
  const programs: CelProgram[] = [];
  const compile = (text: string, path: string[], gives: "bool" | "number") => {
    const program = compiler.compile(text, gives);
    if (!isProblem(program)) programs.push(program);
    else {
      sound = false;
      context.report({ path, message: program.message, offset: program.offset });
    }
  };
  if (options.value !== undefined) compile(options.value, ["value"], "number");
  let before: string | undefined;
  for (const { severity, options: text } of gradesOf(options.when ?? ({} as Graded<string>))) {
    compile(text, ["when", severity], "bool");
    if (text.trim() === before) {
      sound = false;
      context.report({
        path: ["when", severity],
        message: "this is the expression of the level before: that could never be seen",
      });
    }
    before = text.trim();
  }
  if (sound) sound = allUsed(options, programs, context);
  compiledTexts.set(options, sound ? programs : "wrong");
  return sound ? programs : undefined;
}

/** Reports a name that nothing reads: most often it is misspelt where it should be read. */
function allUsed(options: ExpressionOptions, programs: readonly CelProgram[], context: TermContext): boolean {
  const read = new Set(programs.flatMap(({ reads }) => [...reads].map((one) => one.split(".")[0])));
  let sound = true;
  for (const section of ["channels", "inputs", "calendars"] as const) {
    for (const name of Object.keys(options[section])) {
      if (read.has(name)) continue;
      sound = false;
      context.report({ path: [section, name], message: `the expression does not read “${name}”` });
    }
  }
  return sound;
}

function levelsOf(
  options: ExpressionOptions,
  context: TermContext,
  rule: ConditionContext,
): readonly (Level | Span)[] | undefined {
  if (options.when !== undefined) {
    return gradesOf(options.when).map(({ severity }) => levelOf(severity, {}, rule));
  }
  const spans = spansOf(sideGrades(options), { scale: 1, offset: 0 }, rule);
  const side = options.above === undefined ? "below" : "above";
  const report: ConditionContext["report"] = ({ path, ...problem }) =>
    context.report({ ...problem, path: [side, ...path] });
  return checkSpans(spans, UNBOUNDED, { report }) ? spans : undefined;
}
