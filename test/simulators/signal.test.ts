import fc from "fast-check";
import { expect, test } from "vitest";
import { DAY, type Micros, SECOND } from "../../model/time.ts";
import { momentAt } from "../../simulators/moment.ts";
import { gaussian, uniform } from "../../simulators/noise.ts";
import { compileSignal, type Signal } from "../../simulators/signal.ts";
import { signalSchema } from "../../simulators/signal-schema.ts";

const compile = (parts: unknown, key = "gd-01.lel", seed = 1): Signal =>
  compileSignal(signalSchema.parse(parts), {
    key,
    seed,
    number: Number,
    recording: () => ({
      time: Float64Array.of(0, 10 * SECOND, 20 * SECOND),
      value: Float64Array.of(1, 3, Number.NaN),
    }),
  });

const at = (signal: Signal, elapsed: Micros, repeat?: Micros): number => {
  const moment = momentAt(elapsed, { tick: 1_000, repeat });
  return signal.steady(moment) + signal.noise(moment);
};

test("the parts of a channel are added up", () => {
  const signal = compile([
    { constant: 2 },
    { ramp: { from: 0, to: 10, start: "10s", over: "20s" } },
    { step: { at: "40s", by: -5 } },
  ]);
  expect([0, 10, 20, 30, 39, 40].map((s) => at(signal, s * SECOND))).toEqual([2, 2, 7, 12, 12, 7]);
});

test("values with times hold until the next one, in whatever order they are written", () => {
  const signal = compile([
    {
      steps: [
        { at: "20s", value: 3 },
        { at: "5s", value: 1 },
      ],
    },
  ]);
  expect([0, 5, 19, 20, 100].map((s) => at(signal, s * SECOND))).toEqual([1, 1, 1, 3, 3]);
});

test("a wave and a counter run on when the story begins again; a ramp begins anew", () => {
  const wave = compile([{ sine: { amplitude: 2, period: "40s" } }]);
  expect(at(wave, 70 * SECOND, 60 * SECOND)).toBeCloseTo(2 * Math.sin((2 * Math.PI * 70) / 40));
  const counter = compile([{ counter: { from: 1, by: 2, every: "10s", wraps: 8 } }]);
  expect([0, 10, 20, 30, 40].map((s) => at(counter, s * SECOND, 15 * SECOND))).toEqual([1, 3, 5, 7, 1]);
  const ramp = compile([{ ramp: { to: 10, over: "10s" } }]);
  expect([5, 14, 16].map((s) => at(ramp, s * SECOND, 15 * SECOND))).toEqual([5, 10, 1]);
});

test("a stuck signal stands still, noise and counter included, and then goes on as if nothing had been", () => {
  const parts = [{ counter: { every: "1s" } }, { noise: { amplitude: 1, every: "1s" } }];
  const free = compile(parts);
  const stuck = compile([...parts, { stuck: { at: "5s", for: "10s" } }]);
  expect(at(stuck, 4 * SECOND)).toBe(at(free, 4 * SECOND));
  expect(at(stuck, 12 * SECOND)).toBe(at(free, 5 * SECOND));
  expect(at(stuck, 15 * SECOND)).toBe(at(free, 15 * SECOND));
});

test("a recording is held or drawn as a line, at its speed, and loops when it should", () => {
  const file = { file: "x", time: "t", value: "v" };
  const held = compile([{ recorded: { ...file, start: "100s", speed: 10 } }]);
  expect([0, 100, 100.9, 101, 101.9].map((s) => at(held, s * SECOND))).toEqual([1, 1, 1, 3, 3]);
  expect(at(held, 102 * SECOND)).toBeNaN();
  const line = compile([{ recorded: { ...file, between: "line", scale: 100, offset: 5 } }]);
  expect(at(line, 5 * SECOND)).toBe(205);
  const loop = compile([{ recorded: { ...file, loop: true } }]);
  expect(at(loop, 35 * SECOND)).toBe(3);
});

test("noise is the same for who looks twice, in any order, and differs by channel and by seed", () => {
  const parts = [{ noise: { amplitude: 1, every: "1s" } }];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: DAY }), { minLength: 2, maxLength: 20 }), (times) => {
      const forward = times.map((time) => at(compile(parts), time));
      const backward = times.toReversed().map((time) => at(compile(parts), time));
      expect(backward.toReversed()).toEqual(forward);
    }),
  );
  const series = (key: string, seed: number) =>
    Array.from({ length: 20 }, (_, s) => at(compile(parts, key, seed), s * SECOND));
  expect(series("gd-02.lel", 1)).not.toEqual(series("gd-01.lel", 1));
  expect(series("gd-01.lel", 2)).not.toEqual(series("gd-01.lel", 1));
});

test("noise has the spread that was asked for, and uniform noise its bounds", () => {
  const n = 20_000;
  const normal = Array.from({ length: n }, (_, step) => gaussian(7, step));
  const mean = normal.reduce((sum, x) => sum + x, 0) / n;
  const variance = normal.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  // Standard errors are 1/√n ≈ 0.007 and √(2/n) ≈ 0.01: five of them.
  expect(Math.abs(mean)).toBeLessThan(0.036);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  fc.assert(
    fc.property(fc.nat(), fc.maxSafeNat(), (seed, step) => {
      const number = uniform(seed, step);
      expect(number).toBeGreaterThan(0);
      expect(number).toBeLessThan(1);
    }),
  );
  const flat = compile([{ noise: { amplitude: 3, shape: "uniform", every: "1s" } }]);
  const values = Array.from({ length: 2_000 }, (_, s) => at(flat, s * SECOND));
  expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(3);
  expect(Math.max(...values)).toBeGreaterThan(2.9);
  expect(Math.min(...values)).toBeLessThan(-2.9);
});
