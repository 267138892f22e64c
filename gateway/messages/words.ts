import { ERROR_CODES, type ErrorCode, type TocsinError } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { chineseOf, inBoth, SEE_ENGLISH } from "./chinese.ts";

/*
 * How what went wrong is written for a person at a terminal, and for scripts: English first, because editors and scripts read that
 * line, then Chinese.
 */

const CYAN = 36;

/** Wraps text in an ANSI colour. */
export type Paint = (code: number, text: string) => string;

/** Paints where there are colours, else leaves the text alone. */
export function painter(colour: boolean): Paint {
  return colour ? (code, text) => `\u001b[${code}m${text}\u001b[0m` : (_code, text) => text;
}

/** What to do, a line in each language. */
export function hintLines(hint: Text, paint: Paint): string[] {
  const english = `  ${paint(CYAN, "hint")}: ${hint.en}`;
  return hint.zh === SEE_ENGLISH ? [english] : [english, `  ${paint(CYAN, "提示")}：${hint.zh}`];
}

/** What kind of mistake it is, where nobody has put its words into Chinese. */
export function kindOf(code: ErrorCode): string {
  return `${ERROR_CODES[code].what.zh.replace(/。$/, "")}${SEE_ENGLISH}`;
}

/** What an error says, and what to do about it, in both languages. */
export function wordsOf(error: TocsinError): { message: Text; hint: Text | undefined } {
  const { code, message, hint, zh } = error;
  return {
    message: { en: message, zh: zh.message ?? chineseOf(message) ?? kindOf(code) },
    hint: hint === undefined ? undefined : zh.hint === undefined ? inBoth(hint) : { en: hint, zh: zh.hint },
  };
}

/** `message` and `hint` in English, and the same below `zh` in Chinese. */
export function wordsJson(message: Text, hint: Text | undefined): object {
  return {
    message: message.en,
    ...(hint === undefined ? {} : { hint: hint.en }),
    zh: {
      message: message.zh,
      ...(hint === undefined || hint.zh === SEE_ENGLISH ? {} : { hint: hint.zh }),
    },
  };
}
