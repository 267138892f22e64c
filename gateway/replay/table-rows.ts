import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { ConfigurationError, describe } from "../../model/error.ts";

/** Bytes read at once. */
const CHUNK = 1 << 20;
/** A row longer than this is not of a table of readings; a quote that is never closed would take the whole file. */
const LONGEST_ROW = 1 << 20;

/** One row of a table. */
export interface TableRow {
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Rows of a table (RFC 4180: quotes, doubled quotes, line breaks within quotes; BOM, either line end), one after the other:
 * memory does not grow with the file. Blank lines are skipped. Also says how far into the file each is.
 * @throws ConfigurationError CONFIG_NOT_FOUND, or CONFIG_SYNTAX for what cannot be cut into rows
 */
export class TableRows {
  readonly #path: string;
  readonly #encoding: string;
  readonly #separator: string;
  /** Bytes read, and bytes of the file. */
  read = 0;
  size = 1;

  constructor(path: string, options: { encoding: string; separator: string }) {
    this.#path = path;
    this.#encoding = options.encoding;
    this.#separator = options.separator;
  }

  *rows(): Generator<TableRow, void, undefined> {
    let line = 0;
    let open: { text: string; line: number } | undefined;
    for (const text of this.#lines()) {
      line++;
      if (open === undefined && !text.includes('"')) {
        if (text !== "") yield { line, cells: text.split(this.#separator) };
        continue;
      }
      const begun: { text: string; line: number } =
        open === undefined ? { text, line } : { text: `${open.text}\n${text}`, line: open.line };
      const cells = quoted(begun.text, this.#separator);
      if (cells === undefined) {
        if (begun.text.length > LONGEST_ROW) this.#unclosed(begun.line);
        open = begun;
        continue;
      }
      open = undefined;
      yield { line: begun.line, cells };
    }
    if (open !== undefined) this.#unclosed(open.line);
  }

  #unclosed(line: number): never {
    throw new ConfigurationError("CONFIG_SYNTAX", `${this.#path}:${line}: the quote is never closed`, {
      hint: 'a quote inside quotes is written twice: ""',
    });
  }

  *#lines(): Generator<string> {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch (cause) {
      throw new ConfigurationError(
        "CONFIG_NOT_FOUND",
        `${this.#path}: the table cannot be read: ${describe(cause)}`,
        {
          cause,
        },
      );
    }
    try {
      this.size = Math.max(1, fstatSync(file).size);
      this.read = 0;
      const decoder = new TextDecoder(this.#encoding, { fatal: true });
      const bytes = Buffer.allocUnsafe(CHUNK);
      let rest = "";
      for (let end = false; !end; ) {
        const count = readSync(file, bytes, 0, CHUNK, null);
        end = count === 0;
        this.read += count;
        const text = rest + this.#decode(decoder, bytes.subarray(0, count), end);
        let from = 0;
        for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
          yield text.slice(from, text[at - 1] === "\r" ? at - 1 : at);
          from = at + 1;
        }
        rest = text.slice(from);
        if (rest.length > LONGEST_ROW) {
          throw new ConfigurationError("CONFIG_SYNTAX", `${this.#path}: a line of more than 1 MiB`, {
            hint: "is this a CSV file?",
          });
        }
      }
      if (rest !== "") yield rest.replace(/\r$/, "");
    } finally {
      closeSync(file);
    }
  }

  #decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array, end: boolean): string {
    try {
      return decoder.decode(bytes, { stream: !end });
    } catch (cause) {
      throw new ConfigurationError(
        "CONFIG_SYNTAX",
        `${this.#path}: not ${this.#encoding} text, within the first ${this.read} bytes`,
        { cause, hint: "say `encoding: gb18030` in the mapping for tables of Chinese Windows programs" },
      );
    }
  }
}

/** Cells of a row with quotes; undefined: a quote is still open. */
function quoted(text: string, separator: string): string[] | undefined {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    let cell = "";
    if (text[at] === '"') {
      at++;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) return undefined;
        cell += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
        at++;
      }
    }
    const next = text.indexOf(separator, at);
    cells.push(cell + text.slice(at, next < 0 ? undefined : next));
    if (next < 0) return cells;
    at = next + separator.length;
  }
}
