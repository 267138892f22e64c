import { flushCompileCache } from "node:module";
import type { Log } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../configuration.ts";
import { Gateway } from "../gateway.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { type LogForm, openLog } from "./log.ts";

export interface RunOptions {
  readonly data?: string | undefined;
  /** Default: a live table on a terminal, JSON lines elsewhere. */
  readonly log?: LogForm | undefined;
  /** Whether the site's scenario, if it has one, runs inside this process. */
  readonly simulate: boolean;
}

/** A graceful stop that takes longer has gone wrong: leave, everything accepted is on disk anyway. */
const STOP_DEADLINE_MS = 4_500;

/** Runs the gateway until SIGTERM or SIGINT. */
export async function run(site: string, options: RunOptions): Promise<ExitCode> {
  const configuration = loadConfiguration(site, options.data === undefined ? {} : { data: options.data });
  const form = options.log ?? (process.stdout.isTTY ? "table" : "json");
  const stopping = stopSignal();
  const log = await openLog(form);
  const clock = new SystemClock();

  let overtime = false;
  let scenario: { stop(): Promise<void> } | undefined;
  try {
    const gateway = await Gateway.start({
      configuration,
      clock,
      log: log.log,
      beforeLinks: async () => {
        if (options.simulate) scenario = await simulate(configuration, log.log);
        // A gateway that ends by power cuts never comes to the end of the process, where Node would keep it.
        flushCompileCache();
        tidyMemory();
      },
    });
    const view =
      form === "table" ? (await import("../console/console.ts")).openConsole(gateway, log.recent) : undefined;
    log.log.info({ ...gateway.addresses, site: configuration.site.id, ...counts(configuration) }, "ready");
    const signal = await stopping;
    view?.close();
    log.log.info({ signal }, "stopping");
    const stopped = await Promise.race([gateway.stop().then(() => true), overdue()]);
    overtime = !stopped;
    if (overtime) log.log.error({}, "the gateway did not stop in time; what was accepted is on disk");
    else log.log.info({}, "stopped");
    return stopped ? EXIT.ok : EXIT.internal;
  } finally {
    await scenario?.stop();
    await log.close();
    // What hangs would keep the process alive, and the supervisor waiting.
    if (overtime) process.exit(EXIT.internal);
  }
}

/**
 * Reading a site leaves as much garbage as the gateway will ever hold, and V8 would let it lie until as much again has been
 * made. Nothing waits for us yet. The launcher provides the function; without it memory is only larger.
 */
function tidyMemory(): void {
  // Once is not enough where marking had already begun, and the ordinary flavour leaves half-empty pages.
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
}

/** Instruments that stand in for the field, in this very process. Loaded only for sites that ask for them. */
async function simulate(
  configuration: Configuration,
  log: Log,
): Promise<{ stop(): Promise<void> } | undefined> {
  if (configuration.simulate === undefined) return undefined;
  const { loadScenario } = await import("../../simulators/scenario-file.ts");
  const { runScenario } = await import("../../simulators/run.ts");
  return await runScenario({
    scenario: loadScenario(configuration.simulate),
    site: configuration,
    profiles: configuration.profiles,
    clock: new SystemClock(),
    secret: configuration.secret,
    onEvent: (event) => log.debug({ event }, "simulated"),
  });
}

function counts({ site, rules }: Configuration) {
  return {
    points: site.points.length,
    devices: site.devices.length,
    channels: site.channels.length,
    rules: rules.length,
  };
}

/** The first request to end is heard; a second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => resolve(signal));
    }
  });
}

function overdue(): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), STOP_DEADLINE_MS).unref();
  });
}
