import { siteJsonSchema } from "../config/json-schema.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { printJson } from "./output.ts";

/** Prints the JSON Schema of site files, for editors. */
export function schema(): ExitCode {
  printJson(siteJsonSchema());
  return EXIT.ok;
}
