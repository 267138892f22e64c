import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ConfigurationError, describe } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import {
  NO_SECRET_FORM,
  SECRET_FILE,
  SECRET_TOO_LARGE,
  secretEmpty,
  setVariable,
  variableNotSet,
} from "./texts/references.ts";
import { NO_FILE, ofFile, unreadable } from "./texts/structure.ts";

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
    throw new ConfigurationError("SECRET_MISSING", NO_SECRET_FORM);
  }
  if (reference.startsWith("env:")) {
    const value = environment[name];
    if (value === undefined || value === "") {
      throw new ConfigurationError("SECRET_MISSING", variableNotSet(name), {
        hint: setVariable(name),
      });
    }
    return value;
  }
  const path = resolve(folder, name);
  const unusable = (why: Text, cause?: unknown) =>
    new ConfigurationError("SECRET_MISSING", ofFile(name, why), { cause, hint: SECRET_FILE });
  let text: string;
  try {
    if (statSync(path).size > LARGEST_SECRET) throw unusable(SECRET_TOO_LARGE);
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof ConfigurationError) throw thrown;
    const missing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw unusable(missing ? NO_FILE : unreadable(describe(thrown)), thrown);
  }
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw new ConfigurationError("SECRET_MISSING", secretEmpty(path));
  return value;
}
