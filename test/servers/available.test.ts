import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Asks a fresh process, whose PATH leads nowhere and which has no data sets, and gives back what it printed. */
async function ask(question: string, environment: Record<string, string | undefined> = {}): Promise<string> {
  using empty = temporaryFolder("empty");
  const modules = ["available", "datasets"]
    .map((name) => `import * as ${name} from "./${name}.ts";`)
    .join("");
  const program = `${modules} try { console.log(${question}); } catch (error) { console.log("failed:", error.message); }`;
  const { stdout, stderr } = await runChild(
    process.execPath,
    ["--input-type=module-typescript", "--eval", program],
    {
      workingFolder: import.meta.dirname,
      environment: {
        PATH: empty.path,
        TOCSIN_DATASETS: empty.join("none"),
        TOCSIN_REQUIRE_SERVERS: undefined,
        ...environment,
      },
    },
  );
  return [...stdout, ...stderr].join("\n");
}

describe("on a machine without the foreign programs and the recorded data", () => {
  test("their tests are left out", async () => {
    expect(await ask('available.missing("influxd"), datasets.missingDataset("nist-smoke-alarms")')).toBe(
      "true true",
    );
  });

  test("one line says what is left out and how to have it", async () => {
    const line = await ask("available.leftOut()");
    expect(line).toMatch(/^Left out: tests with influxd, .*apt-get install influxdb .*TOCSIN_DATASETS/);
    expect(line).not.toContain("\n");
  });

  test("where everything is required, absence is a failure", async () => {
    const required = { TOCSIN_REQUIRE_SERVERS: "1" };
    expect(await ask('available.missing("influxd", "mbpoll")', required)).toBe(
      "failed: this test needs influxd, mbpoll: apt-get install influxdb mbpoll",
    );
    expect(await ask('datasets.missingDataset("nist-smoke-alarms")', required)).toMatch(
      /^failed: .*TOCSIN_DATASETS/,
    );
  });

  test("a program is found where the PATH leads, if it can be run, and a data set where the variable says", async () => {
    using folder = temporaryFolder("here");
    writeFileSync(folder.join("influxd"), "", { mode: 0o755 });
    writeFileSync(folder.join("mbpoll"), "", { mode: 0o644 });
    mkdirSync(folder.join("floods"));
    const here = { PATH: folder.path, TOCSIN_DATASETS: folder.path };
    expect(await ask('available.findProgram("influxd")', here)).toBe(folder.join("influxd"));
    expect(await ask('available.findProgram("mbpoll")', here)).toBe("undefined");
    expect(await ask('datasets.datasetPath("floods", "rain.csv")', here)).toBe(
      folder.join("floods", "rain.csv"),
    );
    expect(await ask('datasets.missingDataset("floods"), datasets.missingDataset("fires")', here)).toBe(
      "false true",
    );
  });
});
