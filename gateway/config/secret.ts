import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigurationError, describe } from "../../model/error.ts";

/** How a site file refers to a secret: `env:NAME` or `file:PATH`. */
export const SECRET_PATTERN = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/;

/** A certificate chain fits; a log file given by mistake does not. */
const LARGEST_SECRET = 64 * 1024;

/**
 * Reads a secret that a site file names. `env:NAME` is an environment variable, `file:PATH` the text of a file without the
 * line break at its end; a relative path counts from `folder`. The secret never appears in a message.
 * @throws ConfigurationError SECRET_MISSING
 */
export function readSecret(reference: string, folder: string, environment = process.env): string {
  const separator = reference.indexOf(":");
  const name = reference.slice(separator + 1);
  if (!SECRET_PATTERN.test(reference)) {
    throw new ConfigurationError("SECRET_MISSING", "a secret must be written as env:NAME or file:PATH");
  }
  if (reference.startsWith("env:")) {
    const value = environment[name];
    if (value === undefined || value === "") {
      throw new ConfigurationError("SECRET_MISSING", `the environment variable ${name} is not set`, {
        hint: `set it before the start: ${name}=…`,
      });
    }
    return value;
  }
  const path = resolve(folder, name);
  let text: string;
  try {
    if (statSync(path).size > LARGEST_SECRET) throw new RangeError("the file is too large for a secret");
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw new ConfigurationError(
      "SECRET_MISSING",
      `${name}: ${missing ? "no such file" : describe(thrown)}`,
      {
        cause: thrown,
        hint: "it must exist and be readable for the user that runs the gateway, and nobody else",
      },
    );
  }
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw new ConfigurationError("SECRET_MISSING", `${path} is empty`);
  return value;
}
