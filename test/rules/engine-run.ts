import { z } from "zod";
import { MODES, type Mode } from "../../model/domain.ts";
import { REASON, type ReasonName } from "../../model/quality.ts";
import { FLAG_DEVICE_TIME, FLAG_MODE_SHIFT, ReadingBatch } from "../../model/reading.ts";
import type { Site } from "../../model/site.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import { caseSettingsSchema } from "../../rules/cases/settings.ts";
import { Engine, type EngineState } from "../../rules/engine.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Command, CommandInput, CommandOutcome, Recalled } from "../../rules/input.ts";
import { compileInhibitions, type Inhibitor, inhibitionSchema } from "../../rules/life-cycle/inhibition.ts";
import { compilePermits, type Permit, permitSchema } from "../../rules/life-cycle/permit.ts";
import { compileRules, type Rule, type RuleProblem, ruleSchema } from "../../rules/rule.ts";
import { alarmSettingsSchema } from "../../rules/settings.ts";

/** Second 0 of every test. */
export const START: Micros = Date.UTC(2026, 4, 21, 6, 30) * 1_000;

/** A rule as it is written in the site file, without the words that do not matter to a test. */
export type RuleSketch = Record<string, unknown>;

export interface ReadingSketch {
  /** Channel key. */
  channel: string;
  value: number;
  reason?: ReasonName;
  flags?: number;
  /** The instrument's own time in seconds; without it the reading is dated as it is received. */
  time?: number;
  mode?: Mode;
}

export function parseRules(sketches: Record<string, RuleSketch>) {
  const parsed = z
    .record(z.string(), ruleSchema)
    .parse(Object.fromEntries(Object.entries(sketches).map(([id, sketch]) => [id, { name: id, ...sketch }])));
  return parsed;
}

/** Compiles rules that must be sound. */
export function rulesOf(site: Site, sketches: Record<string, RuleSketch>): Rule[] {
  const problems: RuleProblem[] = [];
  const rules = compileRules(site, parseRules(sketches), (problem) => problems.push(problem));
  if (problems.length > 0) throw new Error(problems.map((problem) => problem.message).join("\n"));
  return rules;
}

/** Compiles inhibitions that must be sound. */
function inhibitorsOf(site: Site, rules: readonly Rule[], sketches: unknown): Inhibitor[] {
  const inhibitions = z
    .record(z.string(), inhibitionSchema)
    .parse(
      Object.fromEntries(
        Object.entries(sketches as Record<string, object>).map(([id, sketch]) => [
          id,
          { name: id, ...sketch },
        ]),
      ),
    );
  const problems: string[] = [];
  const compiled = compileInhibitions(site, rules, {
    inhibitions,
    report: ({ message }) => problems.push(message),
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return compiled;
}

/** Compiles permits that must be sound. */
function permitsOf(rules: readonly Rule[], sketches: unknown): Permit[] {
  const permits = Object.entries(sketches as Record<string, object>).map(
    ([id, sketch]) => [id, permitSchema.parse({ name: id, ...sketch })] as const,
  );
  return compilePermits(Object.fromEntries(permits), rules, ({ message }) => {
    throw new Error(message);
  });
}

/** A command without what every test would say the same. */
export type CommandSketch = Command extends infer One
  ? One extends Command
    ? Omit<One, "id" | "user"> & { user?: string }
    : never
  : never;

/** Random histories chatter; a test about something else does not want to hear of that. */
const CALM = { chattering: { raises: 100 }, flood: { begins: 1_000 } };

/** An engine under test: seconds in, events out. */
export class EngineRun {
  readonly site: Site;
  readonly rules: readonly Rule[];
  readonly engine: Engine;
  readonly events: AlarmEvent[] = [];
  readonly #settings: Record<string, unknown>;
  #told = 0;
  #seconds = 0;

  constructor(
    site: Site,
    rules: Record<string, RuleSketch> | readonly Rule[],
    /** Settings of alarms; `inhibitions`, `permits` and `cases` as the site file has them; without `cases` nobody follows up. */
    { inhibitions = {}, permits = {}, ...settings }: Record<string, unknown> = {},
  ) {
    this.site = site;
    this.#settings = { inhibitions, permits, ...settings };
    const { cases, ...alarms } = settings;
    this.rules = Array.isArray(rules)
      ? (rules as readonly Rule[])
      : rulesOf(site, rules as Record<string, RuleSketch>);
    this.engine = new Engine({
      site,
      rules: this.rules,
      settings: alarmSettingsSchema.parse({ startupGrace: "0s", ...CALM, ...alarms }),
      lifeCycle: {
        inhibitors: inhibitorsOf(site, this.rules, inhibitions),
        permits: permitsOf(this.rules, permits),
      },
      ...(cases === undefined ? {} : { cases: caseSettingsSchema.parse(cases) }),
      emit: (event) => this.events.push(event),
    });
  }

  /** Moves to a second; readings and commands happen there. Fires nothing by itself. */
  at(seconds: number): this {
    this.#seconds = seconds;
    return this;
  }

  get now(): Micros {
    return START + Math.round(this.#seconds * SECOND);
  }

  /** One message. */
  message(...readings: ReadingSketch[]): this {
    const batch = new ReadingBatch();
    for (const { channel, value, reason, flags, time, mode } of readings) {
      const own = time === undefined ? this.now : START + Math.round(time * SECOND);
      batch.add(this.index(channel), value, REASON[reason ?? "good"], own);
      batch.flags[batch.length - 1] =
        (flags ?? (time === undefined ? 0 : FLAG_DEVICE_TIME)) |
        (MODES.indexOf(mode ?? "live") << FLAG_MODE_SHIFT);
    }
    this.engine.readings(batch, 0, batch.length, this.now);
    return this;
  }

  /** One reading in a message of its own. */
  read(channel: string, value: number, reason: ReasonName = "good"): this {
    return this.message({ channel, value, reason });
  }

  /** Lets time pass up to a second. */
  until(seconds: number): this {
    this.at(seconds).engine.advance(this.now);
    return this;
  }

  health(thing: "link" | "device", index: number, up: boolean): this {
    this.engine.apply({
      kind: "health",
      at: this.now,
      thing,
      index,
      up,
      reason: up ? REASON.good : REASON.not_connected,
    });
    return this;
  }

  /** Something is heard from outside; valid for so many seconds. */
  outside(id: string, value: number, validFor = 3_600): this {
    this.engine.apply({ kind: "outside", at: this.now, id, value, until: this.now + validFor * SECOND });
    return this;
  }

  boot(options: { boot?: string; seq?: number; occurrence?: number; recalled?: Recalled } = {}): this {
    this.engine.apply({
      kind: "boot",
      at: this.now,
      boot: options.boot ?? "b1",
      revision: this.site.revision,
      seq: options.seq ?? this.engine.nextSeq,
      occurrence: options.occurrence ?? this.engine.nextOccurrence,
      ...(options.recalled === undefined ? {} : { recalled: options.recalled }),
    });
    return this;
  }

  command(verb: "acknowledge" | "reset", rule: string, subject: string, occurrence?: number): CommandOutcome {
    const seen = occurrence ?? this.engine.alarm(rule, subject)?.occurrence ?? 0;
    const outcome = this.engine.apply({
      kind: "command",
      at: this.now,
      verb,
      id: "c1",
      user: "wang",
      rule,
      subject,
      occurrence: seen,
    });
    if (outcome === undefined) throw new Error("a command without an outcome");
    return outcome;
  }

  /** Gives any command; `span` in seconds where it has one. */
  give(command: CommandSketch): CommandOutcome {
    const outcome = this.engine.apply({
      id: "c1",
      user: "wang",
      ...command,
      kind: "command",
      at: this.now,
    } as CommandInput);
    if (outcome === undefined) throw new Error("a command without an outcome");
    return outcome;
  }

  index(channel: string): number {
    const index = this.site.channels.findIndex((candidate) => candidate.key === channel);
    if (index < 0) throw new RangeError(`no channel ${channel}`);
    return index;
  }

  /** Events since the last call, one line each: `12 gas@gd-1.lel raise red`. */
  told(): string[] {
    const lines = this.events.slice(this.#told).map(line);
    this.#told = this.events.length;
    return lines;
  }

  /** A second engine that goes on from this one's checkpoint, through JSON as a restart does it. */
  restored(): EngineRun {
    const copy = new EngineRun(this.site, this.rules, this.#settings);
    copy.engine.restore(JSON.parse(JSON.stringify(this.engine.checkpoint())) as EngineState);
    copy.at(this.#seconds);
    return copy;
  }
}

/** An event in one line: second, rule and subject, transition, severity. */
export function line(event: AlarmEvent): string {
  const seconds = Number(((event.time - START) / SECOND).toFixed(6));
  const silence = event.silence === undefined ? "" : ` (${event.silence})`;
  return `${seconds} ${event.rule}@${event.subject} ${event.transition} ${event.severity}${silence}`;
}
