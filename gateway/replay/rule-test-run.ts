import { REASON } from "../../model/quality.ts";
import { quantityRow } from "../../model/quantity.ts";
import { NO_TIME, ReadingBatch } from "../../model/reading.ts";
import type { Channel } from "../../model/site.ts";
import { formatDuration, MILLISECOND, type Micros, parseDuration } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { CommandInput } from "../../rules/input.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import { Playback, type PlayedConfiguration, unattended } from "./playback.ts";
import type { ExpectedEvent, Given, RuleTest } from "./rule-test-file.ts";
import { watchingOnly } from "./watched-site.ts";

/** One way in which what happened is not what was expected. */
export interface Mismatch {
  /** `missing`: expected and did not happen; `unexpected`: the other way round; `wrong`: the test itself, or a command. */
  readonly kind: "missing" | "unexpected" | "wrong";
  readonly text: string;
  /** Index of the expectation or step, where it is about one. */
  readonly index?: number;
}

/** What became of a test. */
export interface RuleTestResult {
  readonly mismatches: readonly Mismatch[];
  /** Every event that counted, a line each. */
  readonly events: readonly string[];
}

/** Readings that one test may bring: a month of one channel at 1 Hz. */
const MOST_READINGS = 3_000_000;
/** Values of events are compared within this share of them. */
const SAME_VALUE = 1e-6;

type Word = Extract<Given, { outside: string }>;
type Command = Extract<Given, { command: string }>;

interface Step {
  readonly at: Micros;
  readonly index: number;
  readonly run:
    | {
        readonly kind: "reading";
        readonly channel: Channel;
        readonly value: number;
        readonly reason: number;
        readonly time: Micros;
      }
    | { readonly kind: "command"; readonly command: Command }
    | { readonly kind: "outside"; readonly given: Word }
    | { readonly kind: "health"; readonly key: string; readonly up: boolean }
    | { readonly kind: "restart"; readonly down: Micros };
}

/** Runs one test on a configuration: the same classes as live. Nothing is thrown for what a test says wrongly. */
export function runRuleTest(configuration: PlayedConfiguration, test: RuleTest): RuleTestResult {
  const mismatches: Mismatch[] = [];
  const start = Date.parse(test.start) * MILLISECOND;
  const steps = new Steps(configuration, test, mismatches).list();
  const heard = new Set(steps.flatMap(({ run }) => (run.kind === "reading" ? [run.channel.index] : [])));
  const happened: AlarmEvent[] = [];
  const playback = new Playback(unattended(watchingOnly(configuration, heard)), {
    event: (event) => {
      if (matters(event, test)) happened.push(event);
    },
  });
  playback.boot(start);
  new Player(playback, { start, mismatches }).play(steps);
  const end = test.until ?? steps.at(-1)?.at ?? 0;
  playback.advance(start + end);
  compare(test.expect, happened, { start, mismatches });
  return { mismatches, events: happened.map((event) => lineOf(event, start)) };
}

/** `6m10s raise gas-leak gd-01.lel red`. */
function lineOf(event: AlarmEvent, start: Micros): string {
  return line({ ...event, at: event.time - start });
}

function line(event: Pick<ExpectedEvent, "at" | "rule" | "subject" | "transition" | "severity">): string {
  return `${formatDuration(event.at)} ${event.transition} ${event.rule} ${event.subject} ${event.severity}`;
}

function matters({ rule }: AlarmEvent, { only, ignore }: RuleTest): boolean {
  return only === undefined ? !ignore.includes(rule) : only.includes(rule);
}

function compare(
  expected: readonly ExpectedEvent[],
  happened: readonly AlarmEvent[],
  { start, mismatches }: { start: Micros; mismatches: Mismatch[] },
): void {
  const left = new Set(happened);
  const missing: { event: ExpectedEvent; index: number }[] = [];
  for (const [index, event] of expected.entries()) {
    const found = [...left].find((one) => fits(one, event, start));
    if (found !== undefined) left.delete(found);
    else missing.push({ event, index });
  }
  for (const { event, index } of missing) {
    const within = event.within > 0 ? ` (± ${formatDuration(event.within)})` : "";
    const value = event.value === undefined ? "" : `, value ${event.value}`;
    mismatches.push({ kind: "missing", text: `${line(event)}${value}${within}`, index });
  }
  for (const event of left) {
    mismatches.push({ kind: "unexpected", text: `${lineOf(event, start)}, value ${event.value}` });
  }
}

function fits(event: AlarmEvent, expected: ExpectedEvent, start: Micros): boolean {
  return (
    event.rule === expected.rule &&
    event.subject === expected.subject &&
    event.transition === expected.transition &&
    event.severity === expected.severity &&
    Math.abs(event.time - start - expected.at) <= expected.within &&
    (expected.value === undefined ||
      Math.abs(event.value - expected.value) <= SAME_VALUE * Math.max(1, Math.abs(expected.value)))
  );
}

/** Unrolls what a test gives to single steps, in order of time; those of one instant as they stand in the file. */
class Steps {
  readonly #configuration: PlayedConfiguration;
  readonly #test: RuleTest;
  readonly #mismatches: Mismatch[];
  readonly #steps: Step[] = [];
  readonly #silent: { channel: string; from: Micros; to: Micros }[] = [];

  constructor(configuration: PlayedConfiguration, test: RuleTest, mismatches: Mismatch[]) {
    this.#configuration = configuration;
    this.#test = test;
    this.#mismatches = mismatches;
  }

  list(): readonly Step[] {
    for (const [index, given] of this.#test.given.entries()) this.#unroll(given, index);
    const audible = this.#steps.filter(
      ({ at, run }) =>
        run.kind !== "reading" ||
        !this.#silent.some(({ channel, from, to }) => channel === run.channel.key && at >= from && at < to),
    );
    return audible.sort((a, b) => a.at - b.at || a.index - b.index);
  }

  #unroll(given: Given, index: number): void {
    if ("silent" in given) {
      this.#channel(given.silent, index);
      this.#silent.push({ channel: given.silent, from: given.from, to: given.to });
    } else if ("command" in given) {
      this.#steps.push({ at: given.at, index, run: { kind: "command", command: given } });
    } else if ("outside" in given) {
      this.#steps.push({ at: given.at, index, run: { kind: "outside", given } });
    } else if ("restart" in given) {
      this.#steps.push({ at: given.at, index, run: { kind: "restart", down: given.restart } });
    } else if ("down" in given) {
      this.#steps.push({ at: given.at, index, run: { kind: "health", key: given.down, up: false } });
    } else if ("up" in given) {
      this.#steps.push({ at: given.at, index, run: { kind: "health", key: given.up, up: true } });
    } else this.#readings(given, index);
  }

  #readings(given: Extract<Given, { channel: string }>, index: number): void {
    const channel = this.#channel(given.channel, index);
    if (channel === undefined) return;
    const add = (at: Micros, value: string | number | undefined, time: Micros = NO_TIME) => {
      const number = this.#number(value, channel, index);
      if (number === undefined || this.#steps.length >= MOST_READINGS) return;
      const reason = REASON[given.quality];
      this.#steps.push({ at, index, run: { kind: "reading", channel, value: number, reason, time } });
    };
    if ("values" in given) {
      for (const [at, value] of Object.entries(given.values)) add(parseDuration(at) ?? 0, value);
    } else if ("ramp" in given) {
      const [first, last] = given.ramp;
      const span = Math.max(1, given.to - given.from);
      for (let at = given.from; at <= given.to; at += given.every) {
        add(at, first + ((last - first) * (at - given.from)) / span);
      }
    } else if ("every" in given) {
      for (let at = given.from; at < given.to; at += given.every) add(at, given.value);
    } else add(given.at, given.value, given.time);
    if (this.#steps.length >= MOST_READINGS) this.#wrong(`more than ${MOST_READINGS} readings`, index);
  }

  #channel(key: string, index: number): Channel | undefined {
    const { channels } = this.#configuration.site;
    const found = channels.find((channel) => channel.key === key);
    if (found === undefined) {
      const hint = didYouMean(
        key,
        channels.map((channel) => channel.key),
        LISTED.channels,
      )?.en;
      this.#wrong(`no channel "${key}"${hint === undefined ? "" : `; ${hint}`}`, index);
    }
    return found;
  }

  #number(value: string | number | undefined, channel: Channel, index: number): number | undefined {
    if (typeof value === "number") return value;
    if (value === undefined || value === "nan") return Number.NaN;
    if (value === "inf") return Number.POSITIVE_INFINITY;
    if (value === "-inf") return Number.NEGATIVE_INFINITY;
    const states = channel.states ?? quantityRow(channel.quantity).states ?? {};
    const found = Object.entries(states).find(([, name]) => name === value);
    if (found !== undefined) return Number(found[0]);
    this.#wrong(`${channel.key} has no state "${value}"`, index);
    return undefined;
  }

  #wrong(text: string, index: number): void {
    this.#mismatches.push({ kind: "wrong", text, index });
  }
}

/** Plays the steps of a test. What one device measures in one instant is one message. */
class Player {
  readonly #playback: Playback;
  readonly #start: Micros;
  readonly #mismatches: Mismatch[];
  readonly #batch = new ReadingBatch();
  #device = -1;
  #at = 0;
  #boots = 1;

  constructor(playback: Playback, { start, mismatches }: { start: Micros; mismatches: Mismatch[] }) {
    this.#playback = playback;
    this.#start = start;
    this.#mismatches = mismatches;
  }

  play(steps: readonly Step[]): void {
    for (const step of steps) {
      const { run } = step;
      const apart = run.kind !== "reading" || step.at !== this.#at || run.channel.device !== this.#device;
      if (apart) this.#flush();
      this.#at = step.at;
      if (run.kind === "reading") {
        this.#device = run.channel.device;
        const time = Number.isNaN(run.time) ? NO_TIME : this.#start + run.time;
        this.#batch.add(run.channel.index, run.value, run.reason, time);
      } else this.#other(step, run);
    }
    this.#flush();
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    this.#playback.enter(this.#batch, this.#start + this.#at);
    this.#batch.clear();
  }

  #other({ at, index }: Step, run: Exclude<Step["run"], { kind: "reading" }>): void {
    const now = this.#start + at;
    if (run.kind === "health") {
      if (!this.#playback.health(run.key, run.up, now)) {
        this.#mismatches.push({ kind: "wrong", text: `no device or link "${run.key}"`, index });
      }
    } else if (run.kind === "outside") {
      this.#word(run.given, { now, index });
    } else if (run.kind === "restart") {
      const { engine, configuration } = this.#playback;
      this.#playback.input({
        kind: "boot",
        at: now + run.down,
        boot: `test-${this.#boots++}`,
        revision: configuration.site.revision,
        seq: engine.nextSeq,
        occurrence: engine.nextOccurrence,
      });
    } else this.#command(run.command, { now, index });
  }

  #word({ outside: id, says, for: span }: Word, { now, index }: { now: Micros; index: number }): void {
    const source = this.#playback.configuration.site.outside?.find((known) => known.id === id);
    const level = source?.levels?.indexOf(String(says)) ?? (typeof says === "number" ? says : -1);
    const cannot = says !== null && (source?.levels === undefined ? typeof says === "string" : level < 0);
    if (source === undefined || cannot) {
      const text = source === undefined ? `no outside source "${id}"` : `"${id}" cannot say ${String(says)}`;
      this.#mismatches.push({ kind: "wrong", text, index });
      return;
    }
    const until = now + (span ?? source.validFor);
    this.#playback.input({ kind: "outside", at: now, id, value: says === null ? Number.NaN : level, until });
  }

  #command(
    { command: verb, at: _at, accepted, refusal, ...rest }: Command,
    { now, index }: { now: Micros; index: number },
  ): void {
    const { rule, subject } = rest;
    const standing =
      rule === undefined || subject === undefined ? undefined : this.#playback.engine.alarm(rule, subject);
    // What belongs to which verb is the engine's to say: it refuses what it does not know.
    const outcome = this.#playback.input({
      kind: "command",
      at: now,
      id: `test-${index}`,
      verb,
      ...rest,
      ...(rule === undefined || subject === undefined ? {} : { occurrence: standing?.occurrence ?? 0 }),
    } as CommandInput);
    if (outcome?.accepted === accepted && (refusal === undefined || outcome.refusal === refusal)) return;
    const happened = outcome?.accepted === true ? "accepted" : `refused: ${outcome?.refusal ?? "unknown"}`;
    const wanted = accepted ? "accepted" : `refused${refusal === undefined ? "" : `: ${refusal}`}`;
    this.#mismatches.push({ kind: "wrong", text: `${verb} was ${happened}, not ${wanted}`, index });
  }
}
