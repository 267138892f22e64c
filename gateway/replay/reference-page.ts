import { page } from "../config/page-parts.ts";
import { optionTables } from "../config/reference.ts";
import { metaOf } from "../config/shape.ts";
import { mappingSchema } from "./mapping.ts";
import { expectedEventSchema, givenSchema, ruleTestSchema } from "./rule-test-file.ts";

/** Reference of the files of backtests: mappings of tables, and rule tests. */
export function backtestPage(): string {
  return page("Backtests: files", [
    "How they are used: [docs/backtest.md](../backtest.md). `tocsin schema mapping` and `tocsin schema rule-tests` give editors completion.",
    "## Mapping of a table",
    ...optionTables(mappingSchema, "###"),
    "## Rule tests",
    "A file has `tests`, a map by id, and may name a `site` of its own, relative to the file. Each test:",
    ...optionTables(ruleTestSchema.omit({ given: true, expect: true }), "###"),
    "### A step of `given`",
    ...givenSchema.options.flatMap((option) => [
      `${metaOf(option).description ?? ""}`,
      ...optionTables(option, "####"),
    ]),
    "### An event of `expect`",
    ...optionTables(expectedEventSchema, "####"),
  ]);
}
