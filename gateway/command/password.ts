import { createInterface } from "node:readline";
import { hashPassword } from "../../drivers/mqtt/broker/password.ts";
import { ConfigurationError } from "../../model/error.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print } from "./output.ts";

/** Shorter passwords are guessed; longer ones were not meant. */
const SHORTEST = 8;
const LONGEST = 1_024;

/** Asks for a password (twice at a terminal, unseen; else one line of standard input) and prints its hash. */
export async function password(): Promise<ExitCode> {
  const text = process.stdin.isTTY === true ? await askTwice() : await readLine();
  if (text.length < SHORTEST || text.length > LONGEST) {
    throw new ConfigurationError("COMMAND_USAGE", `a password has ${SHORTEST} to ${LONGEST} characters`, {
      hint: "for a device, let the machine choose: openssl rand -base64 18",
    });
  }
  print(await hashPassword(text));
  return EXIT.ok;
}

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
  }
}

async function askTwice(): Promise<string> {
  const first = await askUnseen("Password 密码: ");
  const second = await askUnseen("Again 再输一次: ");
  if (first === second) return first;
  throw new ConfigurationError("COMMAND_USAGE", "the two passwords differ");
}

const ENTER = new Set(["\r", "\n", "\u0004"]);
const ERASE = new Set(["\u007f", "\b"]);
const INTERRUPT = "\u0003";

function askUnseen(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed = "";
    const finish = (settle: () => void) => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      settle();
    };
    const take = (chunk: string) => {
      for (const character of chunk) {
        if (ENTER.has(character)) return finish(() => resolve(typed));
        if (character === INTERRUPT) {
          return finish(() => reject(new ConfigurationError("COMMAND_USAGE", "no password was given")));
        }
        typed = ERASE.has(character) ? typed.slice(0, -1) : typed + character;
      }
      return undefined;
    };
    stdin.on("data", take);
  });
}
