import { Writable } from "node:stream";
import pino from "pino";
import type { Log } from "../../model/log.ts";

export const LOG_FORMS = ["table", "pretty", "json"] as const;
/** `table`: the screen belongs to the live table, which shows the last lines; `pretty`: for people; `json`: for machines. */
export type LogForm = (typeof LOG_FORMS)[number];

/** Bytes of log that may wait for a slow reader of standard output; what is beyond is dropped and counted. */
const BUFFER_BOUND = 1 << 20;
/** Lines the live table can show. */
const RECENT_LINES = 50;

export interface OpenLog {
  readonly log: Log;
  /** The last lines of warnings and worse, oldest first; for the live table. */
  readonly recent: readonly RecentLine[];
  /** Everything written so far is out. */
  close(): Promise<void>;
}

export interface RecentLine {
  readonly level: number;
  readonly time: number;
  readonly msg: string;
}

/** Secrets never reach a log, wherever they hang. */
const REDACTED = ["password", "token", "*.password", "*.token", "*.*.password", "*.*.token"];

/** A logger that never blocks the main thread: bounded, what it drops is counted and said. */
export async function openLog(form: LogForm): Promise<OpenLog> {
  const options: pino.LoggerOptions = {
    level: process.env.TOCSIN_LOG_LEVEL ?? (form === "table" ? "warn" : "info"),
    base: null,
    redact: REDACTED,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  if (form === "table") {
    const recent: RecentLine[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        const line = JSON.parse(String(chunk)) as { level: number; time: string; msg: string };
        recent.push({ level: line.level, time: Date.parse(line.time), msg: line.msg });
        if (recent.length > RECENT_LINES) recent.shift();
        done();
      },
    });
    return { log: pino(options, stream), recent, close: () => Promise.resolve() };
  }
  if (form === "pretty") {
    // Only people at a terminal need it.
    const { build } = await import("pino-pretty");
    return { log: pino(options, build({ sync: true })), recent: [], close: () => Promise.resolve() };
  }
  const destination = pino.destination({ dest: 1, sync: false, maxLength: BUFFER_BOUND });
  let dropped = 0;
  destination.on("drop", () => dropped++);
  const flushed = (): Promise<void> => {
    if (dropped > 0) process.stderr.write(`${dropped} log lines were dropped: nobody read them\n`);
    return new Promise((resolve) => {
      destination.once("close", () => resolve());
      destination.end();
    });
  };
  // The last lines before a crash are the ones that matter.
  process.once("exit", () => {
    try {
      destination.flushSync();
    } catch {
      // Closed already, or never opened: there is nothing left to save.
    }
  });
  return { log: pino(options, destination), recent: [], close: flushed };
}
