import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");

/** The examples that are whole sites, with a scenario to play; `own-driver` shows a driver (test/drivers/own-driver.test.ts). */
export const exampleSites: readonly string[] = readdirSync(EXAMPLES).filter((name) =>
  existsSync(join(EXAMPLES, name, "scenario.yaml")),
);
