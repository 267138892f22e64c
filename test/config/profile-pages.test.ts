import { describe, expect, test } from "vitest";
import { BUILT_IN_PROFILES } from "../../drivers/profile-store.ts";
import { profilePages } from "../../gateway/config/profile-pages.ts";
import { profiles } from "../simulators/play.ts";

const pages = profilePages(BUILT_IN_PROFILES);

/** What a class's page says of one profile. */
function partOf(id: string, deviceClass: string): string {
  const page = pages.get(`profiles/${deviceClass}.md`) ?? "";
  return page.split(/^## /m).find((part) => part.startsWith(`${id}\n`)) ?? "";
}

describe("the pages of the profiles", () => {
  test.each([...profiles.values()])("$id: nothing that the profile says is missing", (profile) => {
    const part = partOf(profile.id, profile.class);
    expect(pages.get("profiles.md")).toContain(`(profiles/${profile.class}.md#${profile.id})`);
    for (const [local, { states = {} }] of Object.entries(profile.channels)) {
      expect(part).toMatch(new RegExp(`^\\| \`${local}\` \\|`, "m"));
      for (const [code, name] of Object.entries(states)) expect(part).toContain(`${code} ${name}`);
    }
    for (const sentence of profile.unverified) expect(part).toContain(sentence.replaceAll("|", "\\|"));
    for (const output of Object.keys(profile.modbus?.outputs ?? {}))
      expect(part).toContain(`| \`${output}\` |`);
    for (const local of Object.keys(profile.modbus?.unlisted ?? {}))
      expect(part).toContain(`\`${local}\` is active while`);
  });

  test("numbers as they go over the wire, whatever the document prints", () => {
    const xnx = partOf("honeywell-xnx", "gas");
    expect(xnx).toContain("| `lel` | 3 | 2–3 (0x0002) | f32 | ABCD | unit by register 10: 5 %LEL |");
    expect(xnx).toContain("It identifies itself 自我识别: holding 0 (bits 8–15) always holds 0x0024.");
    const panel = partOf("notifier-modbus-gw", "fire");
    expect(panel).toContain("First register = −401 + 400 × loop + 200 × module + number;");
    expect(partOf("sl651-river", "level")).toContain("45H ZT");
  });
});
