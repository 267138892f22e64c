import { z } from "zod";
import { durationSchema, textSchema } from "../../model/schema.ts";
import { rank, SEVERITIES, type Severity } from "../../model/severity.ts";
import { type Channel, type Site, subjectKey } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import type { Micros } from "../../model/time.ts";
import type { ConditionContext } from "../conditions/condition.ts";
import { codesOf } from "../conditions/state.ts";
import type { Rule } from "../rule.ts";
import { appliesSchema, matchChannels } from "../subjects.ts";

const name = z.string().min(1);

/** Built-in rules that can be suppressed: they are about instruments. */
const SUPPRESSIBLE = ["monitoring-lost", "instrument-fault", "clock-fault"] as const;

/** One entry of `inhibitions:`. */
export const inhibitionSchema = z
  .strictObject({
    name: textSchema.meta({
      description: "Why alarms are suppressed, as duty staff would say it.",
      examples: [{ zh: "消防主机测试中", en: "panel in test" }],
    }),
    while: z
      .strictObject({
        channel: name.optional().meta({
          description:
            "Channel by key, or by its id within any device; it must say so in good quality, freshly since the start.",
          examples: ["fp-1.test"],
        }),
        is: z
          .union([name, z.number(), z.array(z.union([name, z.number()])).min(1)])
          .optional()
          .meta({
            description: "State of the channel, by name or code; of a list, any.",
            examples: ["active"],
          }),
        rule: name.optional().meta({
          description: "Instead of a channel: a rule of this site whose alarm is active, on good readings.",
          examples: ["valve-closed"],
        }),
        subject: name.optional().meta({
          description: "Only its alarm on this subject. Default: on any.",
          examples: ["valve-1.position"],
        }),
        severity: z
          .enum(SEVERITIES)
          .default("blue")
          .meta({ description: "Only while that alarm is at least so severe." }),
      })
      .refine((o) => (o.channel === undefined) !== (o.rule === undefined), {
        message: "give channel or rule, one of them",
      })
      .refine((o) => (o.channel === undefined) === (o.is === undefined), {
        message: "channel and is go together",
        path: ["is"],
      })
      .meta({ description: "What suppresses. Bad, uncertain, stale or unknown, it suppresses nothing." }),
    suppresses: z
      .strictObject({
        rules: z
          .array(name)
          .min(1)
          .meta({
            description: `Rules of this site, or of ${SUPPRESSIBLE.join(", ")}.`,
            examples: [["smoke", "monitoring-lost"]],
          }),
        applies: appliesSchema
          .optional()
          .meta({ description: "Only on these channels. Default: wherever the rules apply." }),
        same: z
          .enum(["point", "device", "link"])
          .optional()
          .meta({
            description:
              "Only what is at the same point, of the same device or on the same link as what suppresses.",
            examples: ["device"],
          }),
      })
      .meta({ description: "Which alarms are suppressed." }),
    exceptRed: z.boolean().default(true).meta({
      description: "Whether an alarm that is red, or has been, is annunciated all the same.",
    }),
    longest: durationSchema({ min: "1m", max: "7d" })
      .prefault("8h")
      .meta({
        description: "After this time it suppresses no more, until what suppresses has ended once.",
        examples: ["4h"],
      }),
    basis: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Where this comes from.", examples: ["site"] }),
  })
  .meta({
    description: "Suppression by design (抑制): while one thing holds, other alarms are not annunciated.",
  });
export type InhibitionOptions = z.output<typeof inhibitionSchema>;

/** What one inhibition watches, and what it then suppresses. */
export interface Inhibitor {
  /** `inhibition@<id>@<subject>`: the subject of the alarm that says so. */
  readonly key: string;
  readonly name: Text;
  /** The channels that must say something good and fresh. */
  readonly channels: readonly number[];
  /** Codes that the one channel must say; without it the rule's alarm must be active. */
  readonly codes?: ReadonlySet<number>;
  readonly rule?: { readonly id: string; readonly subject: string; readonly severity: Severity };
  /** `rule subject` of every alarm that it suppresses. */
  readonly targets: ReadonlySet<string>;
  readonly exceptRed: boolean;
  readonly longest: Micros;
}

/** Something wrong with an inhibition; `path` counts from its own key. */
export interface InhibitionProblem {
  readonly inhibition: string;
  readonly path: (string | number)[];
  readonly message: string;
  readonly hint?: string;
}

/** Compiles the inhibitions of a site; names that do not exist, those without effect, and circles are reported. */
export function compileInhibitions(
  site: Site,
  rules: readonly Rule[],
  {
    inhibitions,
    report,
  }: {
    inhibitions: Readonly<Record<string, InhibitionOptions>>;
    report: (problem: InhibitionProblem) => void;
  },
): Inhibitor[] {
  const compiled: Inhibitor[] = [];
  for (const [id, options] of Object.entries(inhibitions)) {
    let sound = true;
    const fail = (path: (string | number)[], message: string, hint?: string) => {
      sound = false;
      report({ inhibition: id, path, message, ...(hint === undefined ? {} : { hint }) });
    };
    const sources = sourcesOf(site, rules, { options, fail });
    const candidates = candidatesOf(site, rules, { options, fail });
    if (!sound) continue;
    const own: Inhibitor[] = [];
    for (const { name: source, ...watched } of sources) {
      const targets = new Set(
        candidates
          .filter(({ channels }) =>
            channels.every((c) => near(site, options.suppresses.same, [c, watched.channels])),
          )
          .map(({ key }) => key),
      );
      if (watched.rule !== undefined) targets.delete(`${watched.rule.id} ${watched.rule.subject}`);
      if (targets.size === 0) continue;
      const { exceptRed, longest } = options;
      own.push({
        key: `inhibition@${id}@${source}`,
        name: options.name,
        ...watched,
        targets,
        exceptRed,
        longest,
      });
    }
    if (own.length === 0) fail(["suppresses"], "it suppresses nothing: no alarm of this site fits");
    compiled.push(...own);
  }
  for (const circle of circles(compiled)) {
    const [first = ""] = circle;
    report({
      inhibition: first.split("@")[1] ?? "",
      path: ["suppresses", "rules"],
      message: `alarms would suppress each other in a circle: ${[...circle, first].map((key) => key.split("@").slice(1).join("@")).join(" → ")}`,
      hint: "an alarm that suppresses must not itself be suppressed by what it suppresses",
    });
  }
  return compiled;
}

interface Source extends Pick<Inhibitor, "channels" | "codes" | "rule"> {
  readonly name: string;
}

type Fail = (path: (string | number)[], message: string, hint?: string) => void;

function sourcesOf(
  site: Site,
  rules: readonly Rule[],
  { options, fail }: { options: InhibitionOptions; fail: Fail },
): Source[] {
  const { channel: wanted, is, rule: ruleId, subject, severity } = options.while;
  if (wanted !== undefined && is !== undefined) {
    const channels = site.channels.filter(({ key, id }) => key === wanted || id === wanted);
    if (channels.length === 0) fail(["while", "channel"], `there is no channel “${wanted}” in this site`);
    return channels.flatMap((channel) => {
      const codes = codesOf(is, { channel } as ConditionContext, (message, hint) =>
        fail(["while", "is"], message, hint),
      );
      return codes === undefined
        ? []
        : [{ name: channel.key, channels: [channel.index], codes: new Set(codes) }];
    });
  }
  const rule = rules.find(({ id }) => id === ruleId);
  if (rule === undefined) {
    fail(["while", "rule"], `there is no rule “${ruleId}” at work in this site`);
    return [];
  }
  const sources = rule.subjects.flatMap((one) => {
    const key = one.key ?? site.channels[one.channel]!.key;
    if (subject !== undefined && subject !== key) return [];
    if (!one.condition.levels.some((level) => rank(level.severity) >= rank(severity))) return [];
    return [
      { name: key, channels: one.inputs ?? [one.channel], rule: { id: rule.id, subject: key, severity } },
    ];
  });
  if (sources.length === 0) {
    fail(["while", subject === undefined ? "severity" : "subject"], `rule “${rule.id}” has no such alarm`);
  }
  return sources;
}

/** Every alarm that may be suppressed, with the channels it is about. */
function candidatesOf(
  site: Site,
  rules: readonly Rule[],
  { options, fail }: { options: InhibitionOptions; fail: Fail },
): { key: string; channels: readonly number[] }[] {
  const { rules: ids, applies, same } = options.suppresses;
  const matched =
    applies === undefined
      ? undefined
      : new Set(
          matchChannels(site, applies, ({ path, message, hint }) =>
            fail(["suppresses", ...path], message, hint),
          ).map(({ index }) => index),
        );
  const fits = (channels: readonly number[]) =>
    channels.length > 0 && (matched === undefined || channels.every((c) => matched.has(c)));
  const found: { key: string; channels: readonly number[] }[] = [];
  for (const [i, id] of ids.entries()) {
    const path = ["suppresses", "rules", i];
    if ((SUPPRESSIBLE as readonly string[]).includes(id)) {
      if (applies === undefined && same === undefined) {
        fail(path, `“${id}” of the whole site would be suppressed`, "say where: applies, or same");
      }
      found.push(
        ...instrumentsOf(site)
          .filter(({ channels }) => fits(channels))
          .map(({ key, channels }) => ({ key: `${id} ${key}`, channels })),
      );
      continue;
    }
    const rule = rules.find((one) => one.id === id);
    if (rule === undefined) {
      fail(path, `there is no rule “${id}” at work in this site`);
      continue;
    }
    for (const subject of rule.subjects) {
      const channels = subject.inputs ?? [subject.channel];
      // What several detectors decide together is suppressed only where all of them would be.
      if (fits(channels)) {
        found.push({ key: `${id} ${subject.key ?? site.channels[subject.channel]!.key}`, channels });
      }
    }
  }
  return found;
}

function instrumentsOf(site: Site): { key: string; channels: readonly number[] }[] {
  const { devices, components, channels } = site;
  return [
    ...devices.map(({ index, channels: own }) => ({
      key: subjectKey(site, { kind: "device", index }),
      channels: own,
    })),
    ...components.map(({ index }) => ({
      key: subjectKey(site, { kind: "component", index }),
      channels: channels.filter(({ component }) => component === index).map((channel) => channel.index),
    })),
    ...channels.map(({ index, key }) => ({ key, channels: [index] })),
  ];
}

/** Whether a channel belongs with what suppresses. */
function near(
  site: Site,
  same: "point" | "device" | "link" | undefined,
  [candidate, source]: readonly [number, readonly number[]],
): boolean {
  if (same === undefined) return true;
  const of = (index: number): number | undefined => {
    const channel: Channel | undefined = site.channels[index];
    if (channel === undefined) return undefined;
    if (same === "point") return channel.point;
    return same === "device" ? channel.device : site.devices[channel.device]?.link;
  };
  const here = of(candidate);
  return here !== undefined && source.every((index) => of(index) === here);
}

/** Inhibitors that, through the alarms they watch, suppress themselves; each circle once, by their keys. */
function circles(inhibitors: readonly Inhibitor[]): string[][] {
  const byAlarm = new Map<string, Inhibitor[]>();
  for (const inhibitor of inhibitors) {
    if (inhibitor.rule === undefined) continue;
    const alarm = `${inhibitor.rule.id} ${inhibitor.rule.subject}`;
    byAlarm.set(alarm, [...(byAlarm.get(alarm) ?? []), inhibitor]);
  }
  const found: string[][] = [];
  const done = new Set<Inhibitor>();
  const walk = (inhibitor: Inhibitor, path: readonly Inhibitor[]): void => {
    const again = path.indexOf(inhibitor);
    if (again >= 0) {
      found.push(path.slice(again).map(({ key }) => key));
      return;
    }
    if (done.has(inhibitor)) return;
    done.add(inhibitor);
    for (const [alarm, next] of byAlarm) {
      if (inhibitor.targets.has(alarm)) for (const one of next) walk(one, [...path, inhibitor]);
    }
  };
  for (const inhibitor of inhibitors) if (inhibitor.rule !== undefined) walk(inhibitor, []);
  return found;
}
