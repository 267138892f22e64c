import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** A page of documentation that people write; the generated ones have tests of their own. */
export interface Page {
  /** Path from the root of the repository. */
  readonly name: string;
  readonly folder: string;
  readonly text: string;
}

/** A fenced block: the words behind its fence, and what stands in it. */
export interface Block {
  readonly page: string;
  readonly line: number;
  /** `yaml site` is ["yaml", "site"]. */
  readonly words: readonly string[];
  readonly text: string;
}

const WRITTEN = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"];

/** All pages that people write. */
export function pages(): Page[] {
  const docs = readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return [...WRITTEN, ...docs].map((name) => page(name));
}

/** One page by its path from the root. */
export function page(name: string): Page {
  const path = join(ROOT, name);
  return { name: relative(ROOT, path), folder: dirname(path), text: readFileSync(path, "utf8") };
}

/** The fenced blocks of a page. A fence may be indented, as in a list: its block is then indented less. */
export function blocks({ name, text }: Page): Block[] {
  const found: Block[] = [];
  const lines = text.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const open = /^( *)```(.*)$/.exec(lines[i]!);
    if (open === null) continue;
    const [, indent, words] = open;
    const end = lines.indexOf(`${indent}\`\`\``, i + 1);
    if (end < 0) throw new Error(`${name}:${i + 1}: the block does not end`);
    found.push({
      page: name,
      line: i + 1,
      words: words!.trim().split(/\s+/).filter(Boolean),
      text: `${lines
        .slice(i + 1, end)
        .map((line) => line.slice(indent!.length))
        .join("\n")}\n`,
    });
    i = end;
  }
  return found;
}

/** The page without its fenced blocks: what is said in words. Lines keep their numbers. */
export function prose({ text }: Page): string {
  let inside = false;
  return text
    .split("\n")
    .map((line) => {
      const fence = /^ *```/.test(line);
      if (fence) inside = !inside;
      return fence || inside ? "" : line;
    })
    .join("\n");
}

/** The tables of a page: for each, the cells of its head and of its rows, without backticks around a whole cell. */
export function tables(from: Page): { head: string[]; rows: string[][] }[] {
  const found: { head: string[]; rows: string[][] }[] = [];
  let rows: string[][] = [];
  const close = () => {
    if (rows.length > 2) found.push({ head: rows[0]!, rows: rows.slice(2) });
    rows = [];
  };
  for (const line of prose(from).split("\n")) {
    if (line.startsWith("|"))
      rows.push(
        line
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    else close();
  }
  close();
  return found;
}

/** The words in backticks of the first column of the one table whose head begins so. */
export function firstColumn(from: Page, ...head: string[]): string[] {
  const fitting = tables(from).filter((table) => head.every((name, i) => table.head[i] === name));
  if (fitting.length !== 1)
    throw new Error(`${from.name} has ${fitting.length} tables headed ${head.join(", ")}`);
  return fitting[0]!.rows.flatMap(([cell = ""]) =>
    Array.from(cell.matchAll(/`([^`]+)`/g), ([, word]) => word!),
  );
}
