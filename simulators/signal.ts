import type { Micros } from "../model/time.ts";
import { atStory, type Moment } from "./moment.ts";
import { gaussian, hashText, mix, uniform } from "./noise.ts";
import { type Recording, recordedAt } from "./recording.ts";
import type { Recorded, SignalPart, ValueOrState } from "./signal-schema.ts";

/** What a signal needs besides its parts. */
export interface SignalContext {
  /** Key of the channel, `gd-01.lel`: its own stream of noise. */
  readonly key: string;
  /** Seed of the scenario. */
  readonly seed: number;
  /** Number of a state by its name, or the number itself. @throws ConfigurationError when the channel has no such state. */
  readonly number: (value: ValueOrState) => number;
  /** The rows of a recorded file. */
  readonly recording: (recorded: Recorded) => Recording;
}

/** A channel's signal: a pure function of the moment. The chance in it stands apart, because the story leaves it in. */
export interface Signal {
  /** Without noise, in the channel's unit. */
  steady(moment: Moment): number;
  /** Noise alone. */
  noise(moment: Moment): number;
}

type Term = (moment: Moment) => number;

/** Adds up the parts of a channel. @throws ConfigurationError when a state or a recorded file does not fit. */
export function compileSignal(parts: readonly SignalPart[], context: SignalContext): Signal {
  const steady: Term[] = [];
  const noise: Term[] = [];
  const stuck: { at: Micros; end: Micros }[] = [];
  parts.forEach((part, index) => {
    if (part.stuck !== undefined) {
      const end = part.stuck.for === undefined ? Number.POSITIVE_INFINITY : part.stuck.at + part.stuck.for;
      stuck.push({ at: part.stuck.at, end });
    } else if (part.noise !== undefined) {
      noise.push(
        noiseTerm(part.noise, part.noise.seed ?? mix(context.seed, hashText(`${context.key}#${index}`))),
      );
    } else {
      steady.push(steadyTerm(part, context));
    }
  });
  const sum = (terms: readonly Term[], moment: Moment): number => {
    const hold = stuck.find(({ at, end }) => moment.story >= at && moment.story < end);
    const then = hold === undefined ? moment : atStory(moment, hold.at);
    let total = 0;
    for (const term of terms) total += term(then);
    return total;
  };
  return { steady: (moment) => sum(steady, moment), noise: (moment) => sum(noise, moment) };
}

function steadyTerm(part: SignalPart, context: SignalContext): Term {
  if (part.constant !== undefined) {
    const constant = context.number(part.constant);
    return () => constant;
  }
  if (part.ramp !== undefined) {
    const { from, to, start, over } = part.ramp;
    return ({ story }) => line(from, to, (story - start) / over);
  }
  if (part.step !== undefined) {
    const { at, by } = part.step;
    return ({ story }) => (story >= at ? by : 0);
  }
  if (part.steps !== undefined) {
    const steps = part.steps
      .map(({ at, value }) => ({ at, value: context.number(value) }))
      .sort((a, b) => a.at - b.at);
    return ({ story }) => (steps.findLast(({ at }) => at <= story) ?? steps[0]!).value;
  }
  if (part.sine !== undefined) {
    const { amplitude, period, phase } = part.sine;
    // The remainder first: sin() of a large argument loses digits after months.
    return ({ elapsed }) =>
      amplitude * Math.sin(2 * Math.PI * ((elapsed % period) / period + phase / FULL_TURN_DEGREES));
  }
  if (part.counter !== undefined) {
    const { from, by, every, wraps } = part.counter;
    return ({ elapsed }) => {
      const count = from + by * Math.floor(elapsed / every);
      return wraps === undefined ? count : ((count % wraps) + wraps) % wraps;
    };
  }
  if (part.recorded !== undefined) return recordedTerm(part.recorded, context, 0);
  return () => 0;
}

const FULL_TURN_DEGREES = 360;

/** Plays back a recording whose first row is due at `origin` + its own `start` of the story. */
export function recordedTerm(recorded: Recorded, context: SignalContext, origin: Micros): Term {
  const recording = context.recording(recorded);
  const length = recording.time.at(-1)!;
  const { speed, start, between, loop, scale, offset } = recorded;
  return ({ story }) => {
    let time = (story - origin - start) * speed;
    if (loop && time > 0 && length > 0) time %= length;
    return recordedAt(recording, time, between) * scale + offset;
  };
}

function noiseTerm(noise: NonNullable<SignalPart["noise"]>, seed: number): Term {
  const { amplitude, every } = noise;
  return noise.shape === "uniform"
    ? ({ elapsed }) => amplitude * (2 * uniform(seed, Math.floor(elapsed / every)) - 1)
    : ({ elapsed }) => amplitude * gaussian(seed, Math.floor(elapsed / every));
}

/** The point of a straight line at `share` of its way, which stays at its ends outside. */
export function line(from: number, to: number, share: number): number {
  if (share <= 0) return from;
  return share >= 1 ? to : from + (to - from) * share;
}
