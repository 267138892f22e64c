import { relative } from "node:path";
import type { ErrorCode } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { SEE_ENGLISH } from "../messages/chinese.ts";
import { hintLines, kindOf, painter, wordsJson } from "../messages/words.ts";
import type { SourceText, Spot } from "./source.ts";
import { andMore, moreErrors, moreWarnings } from "./texts/structure.ts";

/** One thing that is wrong with a site file or a file it names. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly code: ErrorCode;
  readonly file: string;
  /** From 1; 0 when the problem is the file itself. */
  readonly line: number;
  readonly column: number;
  readonly message: Text;
  /** What to do about it. */
  readonly hint?: Text;
  /** Where the text is, for the excerpt at a terminal. */
  readonly source?: SourceText;
}

/** What a reporter says of a problem, beside the place. */
export interface Complaint {
  readonly message: Text;
  readonly hint?: Text | undefined;
  /** Default: CONFIG_INVALID. */
  readonly code?: ErrorCode;
  readonly severity?: "error" | "warning";
}

/** More errors than this, or more warnings, are not shown: the first ones usually explain the rest. */
const MOST_OF_A_KIND = 500;

/** Collects problems; the same one at the same place is kept once and counted (300 instances of one template). */
export class Problems {
  readonly #kept = new Map<string, { problem: Problem; times: number }>();
  readonly #shown = { error: 0, warning: 0 };
  readonly #beyond = { error: 0, warning: 0 };

  /** Adds a problem at a place in a file. */
  at(spot: Spot, complaint: Complaint): void {
    const { line, column } = spot.source.position(spot.offset);
    const from = [spot.pack, spot.origin].filter((part) => part !== undefined);
    const { message, hint } = complaint;
    // Of what a template brings a message may name the instance; one place is one mistake all the same.
    const what = spot.origin === undefined ? message.en : `${complaint.code} ${hint?.en} ${spot.pack?.en}`;
    this.#add(`${spot.source.path}:${line}:${column}:${what}`, {
      ...settle(complaint, from),
      file: spot.source.path,
      line,
      column,
      source: spot.source,
    });
  }

  /** Adds a problem of a whole file: missing, unreadable, too large. */
  ofFile(file: string, complaint: Complaint, position?: { line: number; column: number }): void {
    const { line, column } = position ?? { line: 0, column: 0 };
    this.#add(`${file}:${line}:${column}:${complaint.message.en}`, {
      ...settle(complaint),
      file,
      line,
      column,
    });
  }

  /** Adds one that was found elsewhere, e.g. in a profile. */
  add(problem: Problem): void {
    this.#add(`${problem.file}:${problem.line}:${problem.column}:${problem.message.en}`, problem);
  }

  #add(key: string, problem: Problem): void {
    const known = this.#kept.get(key);
    if (known !== undefined) known.times++;
    else if (this.#shown[problem.severity] < MOST_OF_A_KIND) {
      this.#shown[problem.severity]++;
      this.#kept.set(key, { problem, times: 1 });
    } else this.#beyond[problem.severity]++;
  }

  get failed(): boolean {
    return this.errors > 0;
  }

  get errors(): number {
    return this.#shown.error + this.#beyond.error;
  }

  /** All of them by file, line and column. */
  list(): Problem[] {
    const all = [...this.#kept.values()].map(({ problem, times }) =>
      times === 1 ? problem : { ...problem, message: andMore(problem.message, times - 1) },
    );
    all.sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column);
    const file = all.at(-1)?.file ?? "";
    for (const severity of ["error", "warning"] as const) {
      const beyond = this.#beyond[severity];
      if (beyond === 0) continue;
      const message = severity === "error" ? moreErrors(beyond) : moreWarnings(beyond);
      all.push({ severity, code: "CONFIG_INVALID", file, line: 0, column: 0, message });
    }
    return all;
  }
}

/** A complaint with what it leaves out, and where its text comes from. */
function settle(
  { message: said, hint, code = "CONFIG_INVALID", severity = "error" }: Complaint,
  from: readonly Text[] = [],
): Pick<Problem, "severity" | "code" | "message" | "hint"> {
  // Words that nobody has put into Chinese yet: what kind of mistake it is can be said all the same.
  const zh = said.zh === SEE_ENGLISH ? kindOf(code) : said.zh;
  const message: Text =
    from.length === 0
      ? { en: said.en, zh }
      : {
          en: `${said.en} (${from.map(({ en }) => en).join("; ")})`,
          zh: `${zh}（${from.map((part) => part.zh).join("；")}）`,
        };
  return hint === undefined ? { severity, code, message } : { severity, code, message, hint };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface RenderOptions {
  /** Shows the line with a caret under the place. */
  readonly excerpt?: boolean;
  readonly colour?: boolean;
  /** File names are shown relative to this folder. */
  readonly folder?: string;
}

/**
 * `site.yaml:12:7: error CONFIG_INVALID: …` for editors and scripts, the same in Chinese below, at a terminal with the line itself;
 * then what to do, in both languages.
 */
export function renderProblem(problem: Problem, options: RenderOptions = {}): string {
  const paint = painter(options.colour === true);
  const place = problem.line === 0 ? "" : `:${problem.line}:${problem.column}`;
  const severity = paint(problem.severity === "error" ? RED : YELLOW, problem.severity);
  const file = displayName(problem.file, options.folder);
  const lines = [`${paint(BOLD, `${file}${place}`)}: ${severity} ${problem.code}: ${problem.message.en}`];
  lines.push(`  ${problem.message.zh}`);
  if (options.excerpt === true && problem.source !== undefined && problem.line > 0) {
    lines.push(...excerpt(problem.source.line(problem.line), problem.column));
  }
  if (problem.hint !== undefined) lines.push(...hintLines(problem.hint, paint));
  return lines.join("\n");
}

/** The problem for scripts: plain JSON, without the text of the file; English where it always was, Chinese below `zh`. */
export function problemJson(problem: Problem, folder?: string): object {
  const { source: _source, file, message, hint, ...rest } = problem;
  return { file: displayName(file, folder), ...rest, ...wordsJson(message, hint) };
}

const EXCERPT_WIDTH = 100;

function excerpt(line: string, column: number): string[] {
  const start = column > EXCERPT_WIDTH ? column - EXCERPT_WIDTH / 2 : 0;
  const shown = line.slice(start, start + EXCERPT_WIDTH).replaceAll("\t", " ");
  // A Chinese character fills two cells of a terminal.
  const before = [...shown.slice(0, column - 1 - start)].map((c) => (isWide(c) ? "  " : " ")).join("");
  return [`  | ${shown}`, `  | ${before}^`];
}

function isWide(character: string): boolean {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
    character,
  );
}

/** The shorter of the absolute name and the one relative to `folder`. */
export function displayName(file: string, folder = process.cwd()): string {
  const near = relative(folder, file);
  return near === "" || near.length > file.length ? file : near;
}

const RED = 31;
const YELLOW = 33;
const BOLD = 1;
