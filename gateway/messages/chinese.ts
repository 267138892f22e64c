import type { Text } from "../../model/text.ts";
import { COMMAND_WORDS } from "./chinese/commands.ts";
import { DRIVER_WORDS } from "./chinese/drivers.ts";
import { OPTION_WORDS } from "./chinese/options.ts";
import { PROFILE_WORDS } from "./chinese/profiles.ts";
import { REPLAY_WORDS } from "./chinese/replay.ts";
import { RULE_WORDS } from "./chinese/rules.ts";

/*
 * The Chinese of what drivers, rules and schemas say in English. They have one language, as a zod issue has one string; the
 * English words are the key here, with `{1}`, `{2}` … for what is filled in.
 */

/** Every sentence that has Chinese, English first. */
export const CATALOGUE: Readonly<Record<string, string>> = {
  ...OPTION_WORDS,
  ...DRIVER_WORDS,
  ...PROFILE_WORDS,
  ...RULE_WORDS,
  ...REPLAY_WORDS,
  ...COMMAND_WORDS,
};

/** What stands in place of Chinese that nobody has written yet. */
export const SEE_ENGLISH = "（详见英文说明）";

/** A sentence with something to fill in. */
interface Pattern {
  /** What it begins with: most are ruled out by that alone. */
  readonly head: string;
  readonly match: RegExp;
  readonly chinese: string;
}

const PLACE = /\{(\d)\}/g;

/** Nothing that is longer is one sentence; looking for it would cost more the longer it is. */
const LONGEST = 1_000;

/** Made when something is wrong for the first time: a gateway that runs well needs none. */
let patterns: readonly Pattern[] | undefined;

function compilePatterns(): readonly Pattern[] {
  return (
    Object.entries(CATALOGUE)
      .filter(([english]) => english.search(PLACE) >= 0)
      // Of two that fit, the one that says more is meant.
      .sort(([a], [b]) => b.replaceAll(PLACE, "").length - a.replaceAll(PLACE, "").length)
      .map(([english, chinese]) => {
        const [head = "", ...rest] = english.split(PLACE);
        const parts = rest.map((part, i) => (i % 2 === 0 ? filled(part, rest[i + 1]) : RegExp.escape(part)));
        return { head, match: new RegExp(`^${RegExp.escape(head)}${parts.join("")}$`, "s"), chinese };
      })
  );
}

/** What may be filled in: in brackets no other brackets, of which several may stand behind each other. */
function filled(place: string, after = ""): string {
  return `(?<p${place}>${after.startsWith(")") ? "[^()]*?" : ".*?"})`;
}

/** The Chinese of a sentence, what is filled in included; undefined where there is none. A capital at its beginning is no matter. */
export function chineseOf(english: string): string | undefined {
  return find(english) ?? find(english.charAt(0).toLowerCase() + english.slice(1));
}

function find(english: string): string | undefined {
  if (Object.hasOwn(CATALOGUE, english)) return CATALOGUE[english];
  if (english.length > LONGEST) return undefined;
  patterns ??= compilePatterns();
  for (const { head, match, chinese } of patterns) {
    if (!english.startsWith(head)) continue;
    const parts = match.exec(english)?.groups;
    if (parts === undefined) continue;
    // What is filled in may be a sentence itself: why two units do not convert.
    return chinese.replaceAll(PLACE, (_whole, place: string) => {
      const part = parts[`p${place}`] ?? "";
      return chineseOf(part) ?? part;
    });
  }
  return undefined;
}

/** The sentence in both languages. */
export function inBoth(english: string): Text {
  return { en: english, zh: chineseOf(english) ?? SEE_ENGLISH };
}
