import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readSecret } from "../../gateway/config/secret.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const missing = expect.objectContaining({ code: "SECRET_MISSING" });

test("a secret comes from the environment", () => {
  expect(readSecret("env:TOKEN", ".", { TOKEN: "s3cret " })).toBe("s3cret ");
});

test("a secret comes from a file, without the line break at its end, relative to the site", () => {
  using folder = temporaryFolder("secret");
  writeFileSync(join(folder.path, "password.txt"), " pass word \n");
  expect(readSecret("file:password.txt", folder.path)).toBe(" pass word ");
  expect(readSecret(`file:${join(folder.path, "password.txt")}`, "/")).toBe(" pass word ");
});

test("what is not there, empty or not a reference is refused without showing anything of it", () => {
  using folder = temporaryFolder("secret");
  writeFileSync(join(folder.path, "empty"), "\n");
  for (const reference of [
    "env:NOT_SET",
    "env:EMPTY",
    "file:nowhere",
    "file:empty",
    "file:.",
    "hunter22",
    "env:A B",
  ]) {
    expect(() => readSecret(reference, folder.path, { EMPTY: "" }), reference).toThrow(missing);
  }
  expect(() => readSecret("hunter22", ".", {})).not.toThrow(/hunter22/);
});
