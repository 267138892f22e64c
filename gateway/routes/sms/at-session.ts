import type { ByteLine } from "../../../drivers/modbus/byte-line.ts";
import { NetworkError } from "../../../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../../model/time.ts";
import { meaningOf } from "./modem-errors.ts";

/** A line longer than this is noise: the longest answer is a PDU of 176 octets. */
const LONGEST_LINE = 1_024;
/** Lines of one answer that are kept. */
const MOST_LINES = 32;

/** The prompt comes at once; after it `within` counts. */
const PROMPT_WITHIN: Micros = 5 * SECOND;

const ESCAPE = "\x1b";
const END_OF_MESSAGE = "\x1a";

/** What went wrong with a command. Code ROUTE_UNAVAILABLE: whoever uses it says more. */
export class ModemFailure extends NetworkError {
  /** `silent`: no answer; `gone`: the port has closed; `refused`: the modem answered with an error. */
  readonly kind: "silent" | "gone" | "refused";
  /** The error's number and kind, where it has one. */
  readonly answer: { readonly kind: "CMS" | "CME" | undefined; readonly number: number };

  constructor(
    message: string,
    kind: ModemFailure["kind"],
    code: ModemFailure["answer"] = { kind: undefined, number: Number.NaN },
  ) {
    super("ROUTE_UNAVAILABLE", message);
    this.kind = kind;
    this.answer = code;
  }
}

interface Pending {
  readonly command: string;
  /** Lines of the answer begin with this; others are news of the modem's own. */
  readonly prefix: string | undefined;
  readonly payload: string | undefined;
  readonly lines: string[];
  readonly within: Micros;
  readonly resolve: (lines: string[]) => void;
  readonly reject: (error: ModemFailure) => void;
  timer: Timer;
  prompted: boolean;
}

export interface AtSessionOptions {
  readonly line: ByteLine;
  readonly clock: Clock;
  /** What a modem says by itself: `RING`, `+CMTI: …`; a status report with its PDU in one text, `+CDS: <pdu>`. */
  readonly onNews: (line: string) => void;
}

/** Commands to a modem, one after the other, on an open port. Noise and what the modem says by itself disturb nothing. */
export class AtSession {
  readonly #o: AtSessionOptions;
  #buffer = "";
  #pending: Pending | undefined;
  #reportFollows = false;
  #over = false;

  constructor(options: AtSessionOptions) {
    this.#o = options;
    options.line.stream.on("data", (bytes: Buffer) => this.#received(bytes.toString("latin1")));
    void options.line.ended.then(() => this.#end());
  }

  /** Resolves when the port has closed. */
  get ended(): Promise<unknown> {
    return this.#o.line.ended;
  }

  /**
   * Gives a command and returns the lines of its answer without the final OK. With `payload` the modem asks for it by `>`.
   * @throws ModemFailure
   */
  command(command: string, { within, payload }: { within: Micros; payload?: string }): Promise<string[]> {
    if (this.#pending !== undefined) throw new RangeError("the modem is busy with another command");
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(new ModemFailure("the port has closed", "gone"));
        return;
      }
      this.#pending = {
        command,
        prefix: /^AT(\+[A-Z]+)/.exec(command)?.[1],
        payload,
        lines: [],
        resolve,
        reject,
        prompted: false,
        within,
        timer: this.#o.clock.after(payload === undefined ? within : PROMPT_WITHIN, () => this.#late(command)),
      };
      this.#o.line.stream.write(`${command}\r`, "latin1");
    });
  }

  /** Ends a message that a modem may still wait for. */
  escape(): void {
    if (!this.#over) this.#o.line.stream.write(ESCAPE, "latin1");
  }

  close(): void {
    this.#o.line.close();
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#fail(new ModemFailure("the port has closed", "gone"));
  }

  #late(command: string): void {
    this.escape();
    this.#fail(new ModemFailure(`no answer to ${nameOf(command)}`, "silent"));
  }

  #fail(error: ModemFailure): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    pending.timer.cancel();
    pending.reject(error);
  }

  #received(text: string): void {
    this.#buffer += text;
    const lines = this.#buffer.split(/[\r\n]+/);
    this.#buffer = lines.pop()!.slice(-LONGEST_LINE);
    for (const line of lines) this.#line(line.trim().slice(0, LONGEST_LINE));
    this.#prompt();
  }

  /** The prompt has no end of line. */
  #prompt(): void {
    const pending = this.#pending;
    if (pending === undefined || !awaitsPrompt(pending) || !this.#buffer.trimEnd().endsWith(">")) return;
    this.#buffer = "";
    this.#hand(pending);
  }

  #hand(pending: Pending): void {
    pending.prompted = true;
    pending.timer.cancel();
    pending.timer = this.#o.clock.after(pending.within, () => this.#late(pending.command));
    this.#o.line.stream.write(`${pending.payload}${END_OF_MESSAGE}`, "latin1");
  }

  #line(line: string): void {
    if (line === "") return;
    if (this.#reportFollows) {
      this.#reportFollows = false;
      this.#o.onNews(`+CDS: ${line}`);
      return;
    }
    if (/^\+CDS: *\d+$/.test(line)) {
      this.#reportFollows = true;
      return;
    }
    const pending = this.#pending;
    if (pending === undefined) {
      this.#o.onNews(line);
      return;
    }
    const failure = failureOf(line, pending.command);
    // News of the modem's own may have ended the line of the prompt.
    if (awaitsPrompt(pending) && line.startsWith(">")) this.#hand(pending);
    // Before the prompt no message can have been taken: an OK there belongs to something else.
    else if (line === "OK" && !awaitsPrompt(pending)) {
      this.#pending = undefined;
      pending.timer.cancel();
      pending.resolve(pending.lines);
    } else if (failure !== undefined) this.#fail(failure);
    else if (isEcho(line, pending)) return;
    else if (pending.prefix === undefined || line.startsWith(`${pending.prefix}:`)) {
      if (pending.lines.length < MOST_LINES) pending.lines.push(line);
    } else this.#o.onNews(line);
  }
}

function awaitsPrompt({ payload, prompted }: Pending): boolean {
  return payload !== undefined && !prompted;
}

function isEcho(line: string, { command, payload }: Pending): boolean {
  return line.endsWith(command) || (payload !== undefined && line.includes(payload));
}

/** The command without its arguments: a PIN and telephone numbers stand there. */
function nameOf(command: string): string {
  return /^AT[+A-Z0-9]*\??/.exec(command)?.[0] ?? "AT";
}

function failureOf(line: string, command: string): ModemFailure | undefined {
  const [, kind, words] = /^(?:\+(CM[SE]) )?ERROR(?:: *(.*))?$/.exec(line) ?? [];
  if (kind === undefined && line !== "ERROR") return undefined;
  const known = kind === "CMS" || kind === "CME" ? kind : undefined;
  const number = words === undefined || words === "" ? Number.NaN : Number(words);
  const meaning = meaningOf(known, number);
  const said = Number.isNaN(number) ? (words ?? "") : `${number} (${meaning.words})`;
  return new ModemFailure(`${nameOf(command)}: ${line.split(":")[0]} ${said}`.trimEnd(), "refused", {
    kind: known,
    number,
  });
}
