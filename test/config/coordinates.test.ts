import fc from "fast-check";
import { expect, test } from "vitest";
import {
  bd09ToGcj02,
  type Coordinates,
  distance,
  gcj02ToBd09,
  gcj02ToWgs84,
  toWgs84,
  wgs84ToGcj02,
} from "../../model/coordinates.ts";

const beijing: Coordinates = { longitude: 116.404, latitude: 39.915 };
/** Anywhere in mainland China, and somewhat around. */
const inChina = fc.record({
  longitude: fc.double({ min: 73.5, max: 135, noNaN: true }),
  latitude: fc.double({ min: 18, max: 53.5, noNaN: true }),
});

function near(actual: Coordinates, expected: Coordinates, metres: number): void {
  expect(distance(actual, expected)).toBeLessThan(metres);
}

// The published examples of the library wandergis/coordtransform for one point in Beijing.
test("known points: what the common map libraries give for a place in Beijing", () => {
  near(wgs84ToGcj02(beijing), { longitude: 116.41024449916938, latitude: 39.91640428150164 }, 0.001);
  near(gcj02ToBd09(beijing), { longitude: 116.41036949371029, latitude: 39.92133699351021 }, 0.001);
  // Their way back is a single step, good to about a metre; ours is the exact inverse.
  near(bd09ToGcj02(beijing), { longitude: 116.39762729119315, latitude: 39.90865673957631 }, 1.5);
  near(gcj02ToWgs84(beijing), { longitude: 116.39775550083061, latitude: 39.91359571849836 }, 1.5);
});

test("a place taken from a map in Wushan moves by some hundred metres, as it should", () => {
  const shown = { longitude: 109.8798, latitude: 31.0776 };
  const moved = distance(shown, toWgs84(shown, "gcj02"));
  expect(moved).toBeGreaterThan(200);
  expect(moved).toBeLessThan(900);
  expect(distance(shown, toWgs84(shown, "bd09"))).toBeGreaterThan(moved);
});

test("there and back again ends within a millimetre, anywhere in China", () => {
  fc.assert(
    fc.property(inChina, (at) => {
      expect(distance(gcj02ToWgs84(wgs84ToGcj02(at)), at)).toBeLessThan(0.001);
      expect(distance(bd09ToGcj02(gcj02ToBd09(at)), at)).toBeLessThan(0.001);
    }),
  );
});

test("Baidu's coordinates come back to the place they were made from", () => {
  fc.assert(
    fc.property(inChina, (at) => {
      expect(distance(toWgs84(gcj02ToBd09(wgs84ToGcj02(at)), "bd09"), at)).toBeLessThan(1);
    }),
  );
});

test("outside China nothing is shifted, and WGS-84 and CGCS2000 stay as they are", () => {
  const geneva = { longitude: 6.14, latitude: 46.2 };
  expect(wgs84ToGcj02(geneva)).toEqual(geneva);
  expect(toWgs84(geneva, "gcj02")).toEqual(geneva);
  expect(toWgs84(beijing, "wgs84")).toEqual(beijing);
  expect(toWgs84(beijing, "cgcs2000")).toEqual(beijing);
});
