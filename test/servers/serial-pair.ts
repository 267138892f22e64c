import { existsSync } from "node:fs";
import { startChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { until } from "../support/until.ts";
import { requireProgram } from "./available.ts";

/** Two pseudo-terminals joined like the two ends of a serial cable. */
export interface SerialPair extends AsyncDisposable {
  /** Paths of the two ends. */
  readonly left: string;
  readonly right: string;
  /** Pulls the cable: both ends disappear. */
  stop(): Promise<void>;
}

/**
 * Joins two raw pseudo-terminals without echo with `socat`.
 *
 * @throws {Error} with socat's words when the ends do not appear.
 */
export async function startSerialPair(): Promise<SerialPair> {
  const folder = temporaryFolder("serial");
  const [left, right] = [folder.join("left"), folder.join("right")];
  const ends = [left, right].map((link) => `pty,raw,echo=0,link=${link}`);
  const child = startChild(requireProgram("socat"), ["-d", "-d", ...ends]);
  const stop = async () => {
    await child.stop();
    folder.remove();
  };
  try {
    await child.waitForLine(/starting data transfer loop/);
    await until("both ends of the pair exist", () => existsSync(left) && existsSync(right));
  } catch (failure) {
    await stop();
    throw failure;
  }
  return { left, right, stop, [Symbol.asyncDispose]: stop };
}
