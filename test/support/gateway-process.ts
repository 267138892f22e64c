import { resolve } from "node:path";
import { type Child, startChild } from "./child.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../gateway/tocsin.js");

/** A real gateway in a process of its own, as an engineer starts it. */
export interface GatewayProcess extends AsyncDisposable {
  readonly child: Child;
  /** `host:port` of the embedded broker, where the site has one. */
  readonly mqtt: string | undefined;
  /** `host:port` of the HTTP interface. */
  readonly http: string | undefined;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** A power cut, as far as a process can have one. */
  kill(): Promise<void>;
}

/**
 * Starts `tocsin run SITE` and waits until it says that it is ready.
 * @throws Error with its last lines when it ends or stays silent.
 */
export async function startGateway(
  site: string,
  options: { args?: readonly string[]; environment?: Record<string, string>; withinMs?: number } = {},
): Promise<GatewayProcess> {
  const child = startChild(
    process.execPath,
    [LAUNCHER, "run", site, "--log", "json", ...(options.args ?? [])],
    {
      ...(options.environment === undefined ? {} : { environment: options.environment }),
    },
  );
  const ready = await child.waitForLine(/^\{.*"msg":"ready".*\}$/, options.withinMs ?? 20_000);
  const { mqtt, http } = JSON.parse(ready[0]) as { mqtt?: string; http?: string };
  return {
    child,
    mqtt,
    http,
    stop: async () => (await child.stop()).code,
    kill: async () => {
      await child.kill();
    },
    [Symbol.asyncDispose]: async () => {
      await child.kill();
    },
  };
}
