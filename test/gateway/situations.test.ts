import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { play } from "./situation.ts";

const SITUATIONS = resolve(import.meta.dirname, "../cases/situations");

test.each(readdirSync(SITUATIONS).sort())("situation: %s", async (situation) => {
  const { happened, expected, twice } = await play(join(SITUATIONS, situation));
  expect(happened).toEqual(expected);
  // The journal through the same code brings forth the same alarms.
  expect(twice?.replayed).toEqual(twice?.live);
});
