import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pages, prose, ROOT } from "./pages.ts";

/** The anchors of a page, made of its headings as GitHub makes them. */
function anchors(text: string): Set<string> {
  const headings = text.matchAll(/^#{1,6} +(.+)$/gm);
  return new Set(
    Array.from(headings, ([, heading]) =>
      heading!
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(/\s/g, "-"),
    ),
  );
}

const links = pages().flatMap((page) =>
  Array.from(prose(page).matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => ({
    page,
    name: page.name,
    target: target!,
  })),
);

test.each(links)("$name links to $target, which is there", ({ page, target }) => {
  if (/^[a-z]+:/.test(target)) throw new Error("a site without internet has only what is in the repository");
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? join(ROOT, page.name) : join(page.folder, path);
  expect(existsSync(file)).toBe(true);
  if (anchor !== undefined) expect(anchors(readFileSync(file, "utf8"))).toContain(anchor);
});

test("source files that the documents name exist", () => {
  const named = pages().flatMap((page) =>
    Array.from(
      prose(page).matchAll(
        /`((?:model|drivers|rules|gateway|simulators|test|deploy|docs|examples)\/[\w./-]*\w)\/?`/g,
      ),
      ([, path]) => ({
        name: page.name,
        path: path!,
      }),
    ),
  );
  expect(named.length).toBeGreaterThan(20);
  for (const { name, path } of named) expect(existsSync(join(ROOT, path)), `${name}: ${path}`).toBe(true);
});
