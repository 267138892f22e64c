import { describe, expect, test } from "vitest";
import { driverKinds } from "../../drivers/registry.ts";
import { benches } from "./compliance/benches.ts";
import { compliance } from "./compliance/suite.ts";

/** What to do about a kind of driver that nobody has put on the bench. */
const PUT_ON_BENCH =
  "every kind of link passes the compliance suite: give it a bench in test/drivers/compliance/ and name it in benches.ts (docs/write-a-driver.md, The compliance suite)";

test("every kind of driver is on the bench, and nothing else is", () => {
  const missing = [...driverKinds.keys()].filter((type) => !benches.has(type));
  expect(missing, PUT_ON_BENCH).toEqual([]);
  expect([...benches.keys()].filter((type) => !driverKinds.has(type))).toEqual([]);
});

describe("the contract of drivers", () => {
  for (const [type, bench] of benches) compliance(type, bench);
});
