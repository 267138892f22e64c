import { join } from "node:path";
import { type Child, startChild } from "../../support/child.ts";

/** What a publisher process is to send. */
export interface Load {
  readonly host: string;
  readonly port: number;
  /** One connection each; the messages are shared out evenly. */
  readonly clients: readonly { readonly id: string; readonly topic: string }[];
  /** Readings in a message: fields `c0`, `c1`, … of a JSON object. */
  readonly channels: number;
  /** Unacknowledged messages of one connection. */
  readonly window: number;
  readonly seconds: number;
  /** All connections together; undefined: as fast as they are acknowledged. */
  readonly messagesPerSecond?: number;
}

/** What became of it. */
export interface LoadResult {
  /** Acknowledged, all of them. */
  readonly messages: number;
  readonly readings: number;
  /** From the first publication to the last acknowledgement. */
  readonly seconds: number;
  /** CPU seconds of the publisher itself. */
  readonly cpu: number;
}

/** Longest time a load goes on beyond its own seconds before it counts as stuck. */
const OVERTIME_MS = 30_000;

/** A publisher at work in a process of its own. */
export interface RunningLoad extends AsyncDisposable {
  /** Resolves when all connections stand: the first publication leaves now. */
  readonly connected: Promise<void>;
  /** @throws {Error} with its last words when it was cut off or got stuck. */
  readonly result: Promise<LoadResult>;
}

/** Starts a publisher process. */
export function startLoad(load: Load): RunningLoad {
  const child = startChild(process.execPath, [
    join(import.meta.dirname, "publisher.ts"),
    JSON.stringify(load),
  ]);
  const connected = child.waitForLine(/^connected$/, OVERTIME_MS).then(() => {});
  const result = resultOf(child, load);
  // Whoever starts a load looks at both in his own time.
  connected.catch(() => {});
  result.catch(() => {});
  return {
    connected,
    result,
    [Symbol.asyncDispose]: async () => {
      await child.kill();
    },
  };
}

async function resultOf(child: Child, load: Load): Promise<LoadResult> {
  const [line] = await child.waitForLine(/^\{.*\}$/, load.seconds * 1_000 + OVERTIME_MS);
  return JSON.parse(line) as LoadResult;
}
