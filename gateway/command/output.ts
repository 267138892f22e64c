import { asTocsinError, describe, type TocsinError } from "../../model/error.ts";

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

/** Causes of causes beyond this say nothing new. */
const MOST_CAUSES = 4;

/**
 * An error as one block: code, message, what it came from, what to do. A stack only when the fault is ours: then it is what
 * a report needs.
 */
export function renderError(thrown: unknown, colour = false): string {
  const error = asTocsinError(thrown);
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const message = error.message.includes("\n") ? `\n${error.message}` : ` ${error.message}`;
  const lines = [`${paint(31, "error")} ${error.code}:${message}`];
  for (const cause of causesOf(error)) lines.push(`  because: ${cause}`);
  if (error.hint !== undefined) lines.push(`  ${paint(36, "hint")}: ${error.hint}`);
  if (error.fault === "internal") lines.push(stackOf(error));
  return lines.join("\n");
}

/** The same for scripts. */
export function errorJson(thrown: unknown): object {
  const { code, fault, message, hint } = asTocsinError(thrown);
  return { ok: false, error: { code, fault, message, ...(hint === undefined ? {} : { hint }) } };
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
