import { MILLISECOND, SystemClock } from "../../model/time.ts";
import { loadConfiguration } from "../config/load.ts";
import { tryRoute } from "../routes/trial.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print, printJson } from "./output.ts";

/**
 * Sends a trial message by one route of a site, from this process.
 * @throws ConfigurationError CONFIG_INVALID, CONFIG_NOT_FOUND, SECRET_MISSING; NetworkError ROUTE_UNAVAILABLE, ROUTE_REFUSED.
 */
export async function testRoute(site: string, route: string, { json }: { json: boolean }): Promise<ExitCode> {
  const configuration = loadConfiguration(site);
  const took = Math.round((await tryRoute(configuration, route, { clock: new SystemClock() })) / MILLISECOND);
  if (json) printJson({ ok: true, route, milliseconds: took });
  else print(`taken: ${route}, after ${took} ms · 已送达通道，是否有人看到请当面确认`);
  return EXIT.ok;
}
