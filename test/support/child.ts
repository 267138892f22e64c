import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { defaultDeadlineMs, within } from "./until.ts";

/** The last lines that a {@link Child} keeps for error messages and searches. */
const keptLines = 2_000;

const linesInErrors = 30;

const defaultGraceMs = 5_000;

/** `setpriv` (util-linux) makes Linux end the child when its parent is killed and no exit handler can run. */
export const setpriv = "/usr/bin/setpriv";

/** Options of {@link startChild}. */
export interface ChildOptions {
  /** Added to this process's environment; `undefined` removes a variable. */
  environment?: Record<string, string | undefined>;
  workingFolder?: string;
}

/** How a child ended: one of the two is null. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A line that a child wrote. */
export interface ChildLine {
  stream: "stdout" | "stderr";
  text: string;
}

const alive = new Set<Child>();

process.on("exit", () => {
  for (const child of alive) child.signal("SIGKILL");
});

/** Starts a program whose output is captured and which never outlives the test process. */
export function startChild(command: string, args: readonly string[], options: ChildOptions = {}): Child {
  return new Child(command, args, options);
}

/** A running program: its lines as they come, and a bounded end. Made by {@link startChild}. */
export class Child implements AsyncDisposable {
  readonly command: string;
  readonly process: ChildProcess;
  /** Settles when the program has ended and all its output has been read. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** How it ended, once it has. */
  exit: ChildExit | undefined;

  readonly #lines: ChildLine[] = [];
  readonly #listeners = new Set<(line: ChildLine) => void>();

  constructor(command: string, args: readonly string[], options: ChildOptions) {
    this.command = command;
    const tied = process.platform === "linux" && existsSync(setpriv);
    const [program, all] = tied
      ? [setpriv, ["--pdeathsig", "KILL", "--", command, ...args]]
      : [command, [...args]];
    this.process = spawn(program, all, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.environment },
      ...(options.workingFolder === undefined ? {} : { cwd: options.workingFolder }),
    });
    alive.add(this);
    // Writing to a program that has just ended is no failure of the test that writes.
    this.process.stdin?.on("error", () => {});
    this.#capture("stdout");
    this.#capture("stderr");
    this.exited = new Promise((resolve) => {
      const ended = (exit: ChildExit) => {
        this.exit ??= exit;
        alive.delete(this);
        resolve(this.exit);
      };
      this.process.once("error", (error) => {
        this.#add({ stream: "stderr", text: `${command}: ${error.message}` });
        ended({ code: -1, signal: null });
      });
      this.process.once("close", (code, signal) => ended({ code, signal }));
    });
  }

  get running(): boolean {
    return this.exit === undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  /** The lines kept so far (the last few thousand), optionally of one stream only. */
  lines(stream?: ChildLine["stream"]): string[] {
    return this.#lines
      .filter((line) => stream === undefined || line.stream === stream)
      .map(({ text }) => text);
  }

  /** The last lines of both streams with a heading, for error messages. */
  tail(): string {
    const state = this.exit ? `ended with ${this.exit.signal ?? this.exit.code}` : "running";
    const last = this.#lines.slice(-linesInErrors).map(({ stream, text }) => `  ${stream}| ${text}`);
    return [`--- ${this.command} (${state}) wrote at last:`, ...last].join("\n");
  }

  /** Calls the listener with each line from now on; returns what ends that. */
  onLine(listener: (line: ChildLine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Waits for a line, one that is already there included.
   *
   * @throws {Error} with the last lines, when the deadline passes or the program ends without it.
   */
  async waitForLine(pattern: RegExp, withinMs = defaultDeadlineMs): Promise<RegExpExecArray> {
    for (const { text } of this.#lines) {
      const found = pattern.exec(text);
      if (found) return found;
    }
    let stop = () => {};
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      stop = this.onLine(({ text }) => {
        const match = pattern.exec(text);
        if (match) resolve(match);
      });
      void this.exited.then(() => reject(new Error(`${this.command} ended without a line ${pattern}`)));
    });
    try {
      return await within(`a line ${pattern}`, found, withinMs);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${reason}\n${this.tail()}`, { cause });
    } finally {
      stop();
    }
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.process.stdin?.write(text);
  }

  /** Sends a signal; nothing happens when it has ended. SIGSTOP and SIGCONT pause and resume it. */
  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.process.kill(signal);
  }

  /** Asks it to end with SIGTERM, and makes it end with SIGKILL once the grace is over. Safe to call twice. */
  async stop(graceMs = defaultGraceMs): Promise<ChildExit> {
    // A paused program would never see the request.
    this.signal("SIGCONT");
    this.signal("SIGTERM");
    const impatient = setTimeout(() => this.signal("SIGKILL"), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(impatient);
    }
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<ChildExit> {
    this.signal("SIGKILL");
    return await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #capture(stream: ChildLine["stream"]): void {
    const source = this.process[stream];
    if (!source) return;
    createInterface({ input: source }).on("line", (text) => this.#add({ stream, text }));
  }

  #add(line: ChildLine): void {
    this.#lines.push(line);
    if (this.#lines.length > keptLines) this.#lines.shift();
    for (const listener of this.#listeners) listener(line);
  }
}

/**
 * Runs a program to its end.
 *
 * @returns its exit and the lines of both streams.
 * @throws {Error} with the last lines when it has not ended in time.
 */
export async function runChild(
  command: string,
  args: readonly string[],
  {
    withinMs = defaultDeadlineMs,
    input,
    ...options
  }: ChildOptions & { withinMs?: number; input?: string } = {},
): Promise<ChildExit & { stdout: string[]; stderr: string[] }> {
  const child = startChild(command, args, options);
  child.process.stdin?.end(input);
  try {
    const exit = await within(`the end of ${command}`, child.exited, withinMs);
    return { ...exit, stdout: child.lines("stdout"), stderr: child.lines("stderr") };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${reason}\n${child.tail()}`, { cause });
  } finally {
    await child.kill();
  }
}
