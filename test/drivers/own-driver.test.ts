import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSite } from "../../gateway/config/load.ts";
import { parseEndpoint } from "../../simulators/endpoint.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { Caller, type Line } from "./compliance/caller.ts";
import { compliance } from "./compliance/suite.ts";

/*
 * Drivers that do not come with Tocsin: the example passes the suite that ours pass, and what is wrong with one is said.
 */

const EXAMPLE = join(import.meta.dirname, "..", "..", "examples", "own-driver");
const DRIVER = join(EXAMPLE, "line-driver.ts");
const PROFILE = readFileSync(join(EXAMPLE, "profiles", "line-probe.yaml"), "utf8");
const SITE = readFileSync(join(EXAMPLE, "site.yaml"), "utf8")
  .replace("./line-driver.ts", DRIVER)
  .replace("127.0.0.1:7070", "127.0.0.1:0");

async function probe(listening: string): Promise<Line> {
  const socket = connect(parseEndpoint(listening));
  socket.on("error", () => socket.destroy());
  await once(socket, "connect");
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  return {
    frame: (n) => Buffer.from(`probe-1 lel ${n / 1000}\n`),
    send: (frame) => socket.write(frame),
    get acknowledged() {
      return bytes / "ok\n".length;
    },
    close: async () => {
      if (socket.destroyed) return;
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}

describe("the example", () => {
  compliance("line-server", {
    asks: false,
    flood: "slows",
    tellsLoss: false,
    set: () =>
      Promise.resolve({
        site: SITE,
        files: { "profiles/line-probe.yaml": PROFILE },
        peer: new Caller(probe),
      }),
  });

  test("stands as it is", () => {
    const { configuration, problems } = loadSite(join(EXAMPLE, "site.yaml"));
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(configuration!.drivers.get("line-server")!.summary).toContain("one line a reading");
  });
});

describe("what is wrong is said at its line", () => {
  const KIND = `{ type: "t", summary: "s", link: kit.z.strictObject({}), address: kit.z.strictObject({}), section: "payload", load: () => {} }`;

  function problemsOf(
    named: string,
    code?: string,
    mode?: number,
  ): { code: string; line: number; message: string }[] {
    using folder = temporaryFolder("own-driver");
    if (code !== undefined) writeFileSync(folder.join("driver.ts"), code);
    if (mode !== undefined) chmodSync(folder.join("driver.ts"), mode);
    writeFileSync(folder.join("site.yaml"), `site: { id: s, name: s }\ndrivers: [${named}]\n`);
    return loadSite(folder.join("site.yaml"))
      .problems.filter(({ severity }) => severity === "error")
      .map(({ code, line, message }) => ({ code, line, message: message.en }));
  }

  test.each([
    ["a file that is not there", "./driver.ts", undefined, "CONFIG_NOT_FOUND", "no such file"],
    [
      "a package that is not there",
      "no-such-driver-package",
      undefined,
      "CONFIG_NOT_FOUND",
      "no such package",
    ],
    [
      "another version",
      "./driver.ts",
      "export const kit = 99; export const kinds = () => [];",
      "CONFIG_INVALID",
      "version 99",
    ],
    ["no driver", "./driver.ts", "export const x = 1;", "CONFIG_INVALID", "is no driver"],
    ["code that does not run", "./driver.ts", "throw new Error('oops');", "CONFIG_INVALID", "oops"],
    [
      "kinds that do not run",
      "./driver.ts",
      "export const kit = 1; export function kinds() { throw new Error('oops'); }",
      "CONFIG_INVALID",
      "oops",
    ],
    [
      "a kind that is none",
      "./driver.ts",
      "export const kit = 1; export const kinds = () => [{ type: 'T' }];",
      "CONFIG_INVALID",
      "type, summary, link, address",
    ],
    [
      "a type of ours",
      "./driver.ts",
      `export const kit = 1; export const kinds = (kit: any) => [${KIND.replace('"t"', '"modbus-tcp"')}];`,
      "CONFIG_INVALID",
      "already those of Tocsin",
    ],
    [
      "a type twice",
      "./driver.ts",
      `export const kit = 1; export const kinds = (kit: any) => [${KIND}, ${KIND}];`,
      "CONFIG_INVALID",
      "already those of",
    ],
  ])("%s", (_what, named, code, expected, words) => {
    const problems = problemsOf(named, code);
    expect(problems).toMatchObject([{ code: expected, line: 2 }]);
    expect(problems[0]!.message).toContain(words);
  });

  test("a file that everybody may write", () => {
    const problems = problemsOf("./driver.ts", "export const kit = 1; export const kinds = () => [];", 0o666);
    expect(problems).toMatchObject([{ code: "CONFIG_INVALID", line: 2 }]);
  });

  test("an option that the driver does not know, and a profile that it cannot use", () => {
    using folder = temporaryFolder("own-driver");
    writeFileSync(
      folder.join("site.yaml"),
      SITE.replace("[./profiles]", "[.]").replace("listen:", "listn: 1, listen:"),
    );
    writeFileSync(folder.join("line-probe.yaml"), PROFILE.replace("words: {", "words: { x: 1,"));
    const { problems } = loadSite(folder.join("site.yaml"));
    const errors = problems.filter(({ severity }) => severity === "error").map(({ message }) => message.en);
    expect(errors.join("\n")).toContain("listn");
    expect(errors.join("\n")).toContain("own.words.x");
  });
});
