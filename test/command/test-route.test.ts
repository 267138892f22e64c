import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { EXIT } from "../../gateway/command/exit.ts";
import { Receiver } from "../routes/receiver.ts";
import { startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

test("tocsin test-route sends one marked message, and says what became of it", async () => {
  await using receiver = await Receiver.start();
  using folder = temporaryFolder("test-route");
  const site = join(folder.path, "site.yaml");
  writeFileSync(
    site,
    `
site: { id: demo, name: 示范站 }
routes:
  platform: { type: webhook, url: "${receiver.url}", secret: "env:HOOK" }
  group: { type: wecom, url: "${receiver.url}/robot", token: "env:HOOK" }
  warnings: { type: cap }
`,
  );
  const run = async (...args: string[]) => {
    const child = startChild(process.execPath, [LAUNCHER, "test-route", site, ...args], {
      environment: { HOOK: "s3cret" },
    });
    return (await child.exited).code;
  };
  expect(await run("platform")).toBe(EXIT.ok);
  expect(JSON.parse(receiver.taken[0]!.body)).toMatchObject({
    format: "tocsin.trial.1",
    site: { id: "demo" },
  });
  expect(receiver.taken[0]!.body).toContain("【通道测试】");
  expect(receiver.taken[0]!.headers["tocsin-signature"]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);

  receiver.react = () => ({
    status: 200,
    body: JSON.stringify({ errcode: 93000, errmsg: "invalid webhook url" }),
  });
  expect(await run("group")).toBe(EXIT.unreachable);
  receiver.react = () => ({ status: 500 });
  expect(await run("platform")).toBe(EXIT.unreachable);
  expect(await run("warnings")).toBe(EXIT.unreachable);
  expect(await run("nobody")).toBe(EXIT.configuration);
});
