import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { runChild } from "../support/child.ts";
import { pages, ROOT, tables } from "./pages.ts";

/** What `tocsin --help`, and the help of each command, say. */
const help = new Map<string, string>();
const commands: string[] = [];

async function ask(...args: string[]): Promise<string> {
  const { code, stdout } = await runChild(process.execPath, [
    join(ROOT, "gateway/tocsin.js"),
    ...args,
    "--help",
  ]);
  expect(code).toBe(0);
  return stdout.join("\n");
}

beforeAll(async () => {
  const all = await ask();
  commands.push(
    ...Array.from(all.matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)?(?: |$)/gm), ([, name]) => name!).filter(
      (name) => name !== "help",
    ),
  );
  for (const command of commands) {
    const said = await ask(command);
    help.set(command, said);
    const [, nested = ""] = said.split("\nCommands:\n");
    for (const [, name] of nested.matchAll(/^ {2}([a-z-]+)(?: |$)/gm)) {
      if (name !== "help") help.set(`${command} ${name}`, await ask(command, name!));
    }
  }
});

describe("a command line in the documents", () => {
  const lines = pages().flatMap(({ name, text }) =>
    Array.from(text.matchAll(/\b(?:npx|npm run) tocsin (?!--help)([^\n`#]+)/g), ([line, args]) => ({
      name,
      line: line.trim(),
      words: args!.trim().split(/\s+/),
    })),
  );

  test("is found", () => {
    expect(lines.length).toBeGreaterThan(15);
  });

  test.each(lines)("$name: $line", ({ words: [command = "", ...rest] }) => {
    if (command === "…") return;
    const said = help.get(`${command} ${rest[0]}`) ?? help.get(command);
    expect(said, `there is no command ${command}`).toBeDefined();
    for (const option of rest.filter((word) => word.startsWith("--"))) expect(said).toContain(`${option} `);
  });
});

test("the READMEs list every command", () => {
  for (const { name, head } of [
    { name: "README.md", head: "command" },
    { name: "README.zh-CN.md", head: "命令" },
  ]) {
    const readme = pages().find((page) => page.name === name)!;
    const table = tables(readme).find((candidate) => candidate.head[0] === head);
    expect(
      table?.rows.map(([cell]) => cell?.replaceAll("`", "").split(" ")[0]),
      name,
    ).toEqual(commands);
  }
});

test("npm scripts that the documents name exist", async () => {
  const { default: manifest } = await import("../../package.json", { with: { type: "json" } });
  const scripts = new Set(Object.keys(manifest.scripts));
  const named = pages().flatMap(({ text }) =>
    Array.from(text.matchAll(/\bnpm run ([a-z]+)/g), ([, name]) => name!),
  );
  expect(named.filter((name) => !scripts.has(name))).toEqual([]);
});
