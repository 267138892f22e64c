import { describe, expect, test } from "vitest";
import { errorJson, renderError } from "../../gateway/command/output.ts";
import { ConfigurationError, HostError, NetworkError } from "../../model/error.ts";

const inUse = new HostError("ALREADY_RUNNING", "another gateway uses /var/lib/tocsin (process 12)", {
  hint: "stop that one first, or give this one a data folder of its own",
});

describe("what a command ends with, for a person", () => {
  test("is said in English and in Chinese, and what to do as well", () => {
    expect(renderError(inUse).split("\n")).toEqual([
      "error ALREADY_RUNNING: another gateway uses /var/lib/tocsin (process 12)",
      "  另有网关正在使用 /var/lib/tocsin（进程 12）",
      "  hint: stop that one first, or give this one a data folder of its own",
      "  提示：请先停掉那一个，或给这一个单独的数据目录",
    ]);
  });

  test("that has no Chinese says at least what kind of mistake it is, and no hint in a language it is not in", () => {
    const refused = new NetworkError("LINK_REFUSED", "words of a server", { hint: "words of another" });
    expect(renderError(refused).split("\n")).toEqual([
      "error LINK_REFUSED: words of a server",
      "  对端拒绝连接或凭据（详见英文说明）",
      "  hint: words of another",
    ]);
  });

  test("in words of both languages takes the Chinese that was given", () => {
    const given = new ConfigurationError("SECRET_MISSING", { en: "TOKEN is not set", zh: "TOKEN 未设置" });
    expect(given.message).toBe("TOKEN is not set");
    expect(renderError(given)).toContain("\n  TOKEN 未设置");
  });

  test("that lists the problems of a file has each of them in both languages, and nothing once more", () => {
    const listed = new ConfigurationError("CONFIG_INVALID", "a.yaml:1:1: error X: one\n  一");
    expect(renderError(listed)).toBe("error CONFIG_INVALID:\na.yaml:1:1: error X: one\n  一");
  });
});

test("a script finds the English where it always was, and the Chinese below `zh`", () => {
  expect(errorJson(inUse)).toMatchObject({
    error: {
      code: "ALREADY_RUNNING",
      message: "another gateway uses /var/lib/tocsin (process 12)",
      zh: { message: "另有网关正在使用 /var/lib/tocsin（进程 12）" },
    },
  });
});
