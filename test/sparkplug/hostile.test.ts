import { expect, test } from "vitest";
import { dice } from "../tcp/driver-stand.ts";
import { hearMutated } from "./mutated.ts";
import { HostStand } from "./site.ts";

test("payloads that were changed on the way: refused and kept to look at, or read; and the next sound ones are heard", () => {
  const stand = new HostStand();
  const roll = dice(34);
  stand.born();
  for (let i = 0; i < 20_000; i++) hearMutated(stand, roll);
  expect(stand.count("undecodable")).toBeGreaterThan(1_000);
  expect(stand.intake.undecodable).toHaveLength(stand.count("undecodable"));
  stand.born(1);
  expect(stand.last()).toContain("other.lel 1.5 good");
});
