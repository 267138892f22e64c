import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";
import { until, within } from "./until.ts";

test("a condition that throws is one that is not yet true", async () => {
  let looks = 0;
  const value = await until("the third look", () => {
    looks++;
    expect(looks).toBeGreaterThan(2);
    return "seen";
  });
  expect(value).toBe("seen");
});

test("a condition that never comes true says what was awaited, why not, and more", async () => {
  const condition = () => {
    throw new Error("no answer");
  };
  const waiting = until("the pump stops", condition, { withinMs: 30, detail: () => "pressure 3 bar" });
  await expect(waiting).rejects.toThrow(
    "waited 30 ms in vain until the pump stops: no answer\npressure 3 bar",
  );
});

test("a condition that hangs does not outlast the deadline", async () => {
  const waiting = until("the frozen server answers", () => new Promise<boolean>(() => {}), { withinMs: 30 });
  await expect(waiting).rejects.toThrow("waited 30 ms in vain until the frozen server answers");
});

test("a promise that never settles is given up", async () => {
  await expect(within("the end", new Promise(() => {}), 30)).rejects.toThrow(
    "waited 30 ms in vain for the end",
  );
  await expect(within("the end", Promise.reject(new TypeError("its own failure")))).rejects.toThrow(
    TypeError,
  );
});

test("a temporary folder is gone at the end of its block, with all that is in it", () => {
  let path: string;
  {
    using folder = temporaryFolder("test");
    path = folder.path;
    writeFileSync(folder.join("file"), "content");
    expect(existsSync(folder.join("file"))).toBe(true);
  }
  expect(existsSync(path)).toBe(false);
});
