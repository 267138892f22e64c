import { asTocsinError, describe, type TocsinError } from "../../model/error.ts";
import { hintLines, painter, wordsJson, wordsOf } from "../messages/words.ts";

/** Whether a stream is a terminal that shows colours (https://no-color.org). */
export function hasColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR;
}

/** Writes lines for the person or script that called. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Writes one JSON value for scripts. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

const RED = 31;

/** Causes of causes beyond this say nothing new. */
const MOST_CAUSES = 4;

/**
 * An error as one block: code, message in both languages, what it came from, what to do. A stack only when the fault is ours: then
 * it is what a report needs.
 */
export function renderError(thrown: unknown, colour = false): string {
  const error = asTocsinError(thrown);
  const paint = painter(colour);
  const { message, hint } = wordsOf(error);
  const head = `${paint(RED, "error")} ${error.code}:`;
  // Several lines are problems of a file, each in both languages already.
  const lines = message.en.includes("\n") ? [head, message.en] : [`${head} ${message.en}`, `  ${message.zh}`];
  for (const cause of causesOf(error)) lines.push(`  because: ${cause}`);
  if (hint !== undefined) lines.push(...hintLines(hint, paint));
  if (error.fault === "internal") lines.push(stackOf(error));
  return lines.join("\n");
}

/** The same for scripts. */
export function errorJson(thrown: unknown): object {
  const error = asTocsinError(thrown);
  const { message, hint } = wordsOf(error);
  return { ok: false, error: { code: error.code, fault: error.fault, ...wordsJson(message, hint) } };
}

function causesOf(error: TocsinError): string[] {
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < MOST_CAUSES; ) {
    const text = describe(cause);
    if (!error.message.includes(text)) causes.push(text);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function stackOf(error: TocsinError): string {
  const { cause } = error;
  return (cause instanceof Error ? cause.stack : undefined) ?? error.stack ?? "";
}
