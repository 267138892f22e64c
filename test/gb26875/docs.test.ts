import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("the site of the documentation passes `check` with nothing to say", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../docs/gb26875.md"), "utf8");
  const site = /```yaml site\n([\s\S]*?)```/.exec(text)![1]!;
  using folder = temporaryFolder("gb26875-docs");
  writeFileSync(folder.join("site.yaml"), site);
  const { configuration, problems } = loadSite(folder.join("site.yaml"), { environment: {} });
  expect(problems).toEqual([]);
  expect(configuration!.site.components).toHaveLength(3);
});
