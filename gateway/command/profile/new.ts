import { existsSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { ORDERS } from "../../../drivers/modbus/codec.ts";
import { TABLES } from "../../../drivers/modbus/place-schema.ts";
import { DEVICE_CLASSES } from "../../../drivers/profile.ts";
import { type LocatedProblem, readProfile } from "../../../drivers/profile-store.ts";
import { ConfigurationError, describe, HostError } from "../../../model/error.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { print, printJson } from "../output.ts";
import { parseMap } from "./sheet/columns.ts";
import { type Draft, draftOf, type Numbering } from "./sheet/draft.ts";
import { profileText } from "./sheet/profile-text.ts";
import { readSheet, type Sheet } from "./sheet/read-sheet.ts";
import type { LeftRow } from "./sheet/row.ts";

export interface NewOptions {
  readonly source: string;
  readonly out?: string;
  readonly force: boolean;
  readonly id?: string;
  readonly vendor: string;
  readonly product?: string;
  readonly class?: string;
  readonly map?: readonly string[];
  readonly encoding?: string;
  readonly separator?: string;
  readonly numbering?: Numbering;
  readonly table?: string;
  readonly order?: string;
  readonly scaleAbove?: "multiply" | "divide";
  readonly json: boolean;
}

/** A profile that was made, and what there is to say about it. */
export interface MadeProfile {
  readonly text: string;
  readonly draft: Draft;
  readonly sheet: Sheet;
  readonly problems: readonly LocatedProblem[];
  /** What looks wrong in it and may be meant. */
  readonly warnings: readonly LocatedProblem[];
}

/**
 * Makes a profile of a vendor's register sheet. What the sheet does not say is not guessed in silence: it stands in `unverified`, or the
 * row is left out, named, and stands in the profile as a remark. Ends with 1 when a row needs a person, or the profile has errors.
 * @throws ConfigurationError as `makeProfile` does; COMMAND_USAGE for a file that is there. HostError when it cannot be written.
 */
export function newProfile(file: string, options: NewOptions): ExitCode {
  const { out } = options;
  if (out !== undefined && !options.force && existsSync(out)) {
    throw new ConfigurationError("COMMAND_USAGE", `${out} is there already`, {
      hint: "another --out, or --force to write over it",
    });
  }
  const made = makeProfile(file, options);
  if (out !== undefined) write(out, made.text);
  if (options.json) printJson(madeJson(made, out));
  else {
    // The profile alone goes to standard output where no file is named: `> my-detector.yaml` must be a profile.
    if (out === undefined) process.stdout.write(made.text);
    else print(`written 已生成: ${out}: ${made.draft.channels.length} channels`);
    const lines = toSay(made, { file, out }).join("\n");
    if (lines !== "") (out === undefined ? process.stderr : process.stdout).write(`${lines}\n`);
  }
  return isSound(made) ? EXIT.ok : EXIT.configuration;
}

/** Every row was understood, and the profile has no errors. */
export function isSound({ draft, problems }: MadeProfile): boolean {
  return problems.length === 0 && draft.left.every(({ kind }) => kind === "aside");
}

/** The profile of a sheet. @throws ConfigurationError CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID; COMMAND_USAGE */
export function makeProfile(file: string, options: Omit<NewOptions, "force" | "json">): MadeProfile {
  const sheet = readSheet(file, {
    mapped: parseMap(options.map ?? []),
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
    ...(options.separator === undefined ? {} : { separator: options.separator }),
  });
  const draft = draftOf(sheet, {
    order: oneOf(ORDERS, "--order", options.order),
    table: oneOf(TABLES, "--table", options.table),
    deviceClass: oneOf(DEVICE_CLASSES, "--class", options.class),
    scaleAbove: options.scaleAbove,
    numbering: options.numbering,
  });
  if (draft.channels.length === 0) {
    const first = draft.left.find(({ kind }) => kind === "unclear") ?? draft.left[0];
    throw new ConfigurationError(
      "CONFIG_INVALID",
      `${file}: no row of ${sheet.rows.length} became a channel${first === undefined ? "" : `; line ${first.line}: ${first.why}`}`,
      { hint: first?.todo ?? "the heading stands there, and no row below it" },
    );
  }
  const id = options.id ?? idOf(options.out ?? file);
  const text = profileText(draft, {
    id,
    vendor: options.vendor,
    product: options.product ?? id,
    source: options.source,
    sheet: basename(file),
  });
  const checked = readProfile(text, options.out ?? `${id}.yaml`);
  return { text, draft, sheet, problems: checked.problems, warnings: checked.lint() };
}

/** @throws ConfigurationError COMMAND_USAGE for a word that is none of the choices */
function oneOf<T extends string>(
  choices: readonly T[],
  option: string,
  said: string | undefined,
): T | undefined {
  if (said === undefined) return undefined;
  const found = choices.find((choice) => choice === said);
  if (found !== undefined) return found;
  throw new ConfigurationError("COMMAND_USAGE", `${option} ${said}: say one of ${choices.join(", ")}`);
}

function idOf(path: string): string {
  const words = basename(path)
    .replace(/\.[^.]*$/, "")
    .toLowerCase();
  const id = words.replaceAll(/[^a-z0-9_-]+/g, "-").replaceAll(/^-+|-+$/g, "");
  if (id !== "") return id;
  throw new ConfigurationError("COMMAND_USAGE", `no id can be made of "${basename(path)}"`, {
    hint: "--id my-detector",
  });
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${path}: ${describe(cause)}`, { cause });
  }
}

function madeJson(made: MadeProfile, out: string | undefined): object {
  const { draft, sheet } = made;
  const of = (kind: LeftRow["kind"]) =>
    draft.left
      .filter((row) => row.kind === kind)
      .map(({ line, text: row, why, todo }) => ({ line, row, why, todo }));
  return {
    ok: isSound(made),
    file: out ?? null,
    ...(out === undefined ? { profile: made.text } : {}),
    encoding: sheet.encoding,
    separator: sheet.separator,
    unknownColumns: sheet.columns.unknown,
    channels: draft.channels.map(({ line, local, quantity, assumed }) => ({
      line,
      channel: local,
      quantity,
      assumed,
    })),
    unclear: of("unclear"),
    leftOut: of("aside"),
    unverified: draft.unverified,
    errors: made.problems,
    warnings: made.warnings,
  };
}

/** What a person is to look at, row by row. */
export function toSay(
  made: MadeProfile,
  { file, out }: { file: string; out?: string | undefined },
): string[] {
  const { draft, sheet } = made;
  const lines: string[] = [];
  const { unknown } = sheet.columns;
  if (unknown.length > 0)
    lines.push(
      `columns not recognised 未识别的列: ${unknown.join(", ")}`,
      `  → if one of them matters: --map "${unknown[0]}=remark"`,
    );
  const unclear = draft.left.filter(({ kind }) => kind === "unclear");
  for (const { line, text, why, todo } of unclear)
    lines.push(`${file}:${line}: not understood 未能识别: ${text}`, `  ${why}`, `  → ${todo}`);
  for (const { line, text, why } of draft.left.filter(({ kind }) => kind === "aside"))
    lines.push(`${file}:${line}: left out 未采用: ${text}: ${why}`);
  for (const sentence of draft.unverified) lines.push(`to verify 待核实: ${sentence}`);
  for (const [severity, found] of [
    ["error", made.problems],
    ["warning", made.warnings],
  ] as const) {
    for (const { line, message, hint } of found)
      lines.push(
        `${out ?? "profile"}:${line}: ${severity}: ${message}`,
        ...(hint === undefined ? [] : [`  hint: ${hint}`]),
      );
  }
  if (unclear.length > 0) lines.push(`rows that need a person 需人工处理的行: ${unclear.length}`);
  return lines;
}
