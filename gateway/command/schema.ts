import { editorSchema, siteJsonSchema } from "../config/json-schema.ts";
import { loadKinds } from "../config/load.ts";
import { mappingSchema } from "../replay/mapping.ts";
import { ruleTestFileSchema } from "../replay/rule-test-file.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printJson } from "./output.ts";

/**
 * Prints the JSON Schema of a kind of file, for editors. `site`: a site whose own drivers shall be known in it.
 * @throws ConfigurationError when that site's drivers cannot be loaded.
 */
export function schema(kind: "site" | "mapping" | "rule-tests", { site }: { site?: string } = {}): ExitCode {
  if (kind === "mapping") printJson(editorSchema(mappingSchema, "Tocsin mapping of a table"));
  else if (kind === "rule-tests") printJson(editorSchema(ruleTestFileSchema, "Tocsin rule tests"));
  else printJson(siteJsonSchema(site === undefined ? undefined : loadKinds(site)));
  return EXIT.ok;
}
