import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { play } from "./situation.ts";

const SITUATIONS = resolve(import.meta.dirname, "../cases/situations");

test.each(readdirSync(SITUATIONS).sort())("situation: %s", async (situation) => {
  const { happened, expected } = await play(join(SITUATIONS, situation));
  expect(happened).toEqual(expected);
});
