import { spawn } from "node:child_process";
import { lstatSync, readlinkSync, unlinkSync } from "node:fs";
import { HostError } from "../model/error.ts";
import { type Clock, type Micros, SECOND } from "../model/time.ts";

/** socat opens both ends within milliseconds; a machine that takes longer than this has another problem. */
const OPEN_WITHIN: Micros = 10 * SECOND;

/** What socat says (with `-d -d`) once both ends are there. */
const READY = /starting data transfer loop/;

/** How much of socat's words is kept for an error message. */
const WORDS_MAX = 2_000;

/** Two joined pseudo-terminals: what is written at one end is read at the other, like a serial cable. */
export interface PseudoTerminals {
  /** Takes the pair away; resolves when socat has ended. */
  stop(): Promise<void>;
  /** Resolves when the pair is gone, for whatever reason. */
  readonly gone: Promise<void>;
}

/**
 * Makes a pair of pseudo-terminals with links to its ends at the given paths (an old link there is replaced).
 * @throws HostError ADDRESS_UNAVAILABLE when socat is not installed or cannot make them.
 */
export async function openPseudoTerminals(
  ends: { left: string; right: string },
  clock: Clock,
): Promise<PseudoTerminals> {
  for (const path of [ends.left, ends.right]) removeOldLink(path);
  const addresses = [ends.left, ends.right].map((path) => `pty,raw,echo=0,link=${path}`);
  const child = spawn("socat", ["-d", "-d", ...addresses], { stdio: ["ignore", "ignore", "pipe"] });
  const kill = (): void => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      child.kill("SIGTERM");
  };
  // Whatever ends this process ends the pair with it.
  process.once("exit", kill);
  let words = "";
  const gone = new Promise<void>((resolve) => {
    const ended = (): void => {
      process.off("exit", kill);
      resolve();
    };
    child.once("close", ended);
    child.once("error", ended);
  });
  const stop = async (): Promise<void> => {
    kill();
    await gone;
    for (const path of [ends.left, ends.right]) removeOldLink(path);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const late = clock.after(OPEN_WITHIN, () => reject(new Error("it took too long")));
      child.once("error", reject);
      child.stderr.setEncoding("utf8");
      child.stderr.on("data", (text: string) => {
        words = (words + text).slice(-WORDS_MAX);
        if (!READY.test(words)) return;
        late.cancel();
        resolve();
      });
      void gone.then(() => {
        late.cancel();
        reject(new Error(words.trim() || "socat ended at once"));
      });
    });
  } catch (cause) {
    await stop();
    throw cannot(ends, cause);
  }
  return { stop, gone };
}

function cannot(ends: { left: string; right: string }, cause: unknown): HostError {
  const missing = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
  return new HostError(
    "ADDRESS_UNAVAILABLE",
    missing
      ? "a pair of pseudo-terminals needs the program socat, which is not installed"
      : `socat cannot make the pseudo-terminals ${ends.left} and ${ends.right}: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
      hint: missing
        ? "install it (Debian: apt-get install socat), or give the link a real serial port and no `pair`"
        : "may this user write to the folder of both paths?",
    },
  );
}

/** Where Linux keeps the ends of pseudo-terminals. */
const TERMINALS = "/dev/pts/";

/** Removes a link to a pseudo-terminal that an earlier run left behind; never anything else. */
function removeOldLink(path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  if (readlinkSync(path).startsWith(TERMINALS)) unlinkSync(path);
}
