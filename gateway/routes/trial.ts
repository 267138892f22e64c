import { CounterRegistry } from "../../model/counter.ts";
import { ConfigurationError } from "../../model/error.ts";
import { SILENT } from "../../model/log.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { Payloads } from "../alerts/payload.ts";
import { Places } from "../alerts/places.ts";
import type { Configuration } from "../configuration.ts";
import { routeKinds } from "./registry.ts";
import { RouteUnavailable } from "./route.ts";

/**
 * Hands a message that is marked as a trial over to one route of a site, from this process: the gateway need not run. Returns how
 * long the peer took, µs.
 * @throws ConfigurationError CONFIG_NOT_FOUND for an unknown route, SECRET_MISSING; RouteUnavailable, RouteRefused.
 */
export async function tryRoute(
  configuration: Configuration,
  id: string,
  { clock }: { clock: Clock },
): Promise<Micros> {
  const found = configuration.routes.find((route) => route.id === id);
  if (found === undefined) {
    const known = configuration.routes.map((route) => route.id);
    throw new ConfigurationError("CONFIG_NOT_FOUND", `no route is called ${JSON.stringify(id)}`, {
      hint: known.length === 0 ? "the site has no routes" : `one of: ${known.join(", ")}`,
    });
  }
  const places = new Places(configuration.site);
  const { create } = await routeKinds.get(found.options.type)!.load();
  const route = create({
    id,
    options: found.options,
    payloads: new Payloads({
      places,
      rules: configuration.rules,
      languages: configuration.alerts.languages,
    }),
    places,
    clock,
    log: SILENT,
    counters: new CounterRegistry(),
    // Who tries a route looks at the clock; the peer says what it thinks of it.
    timeTrusted: () => true,
    events: () => Promise.resolve([]),
    began: 0,
    selected: () => false,
    buses: () => [],
    condition: () => {},
    secret: configuration.secret,
  });
  const abort = new AbortController();
  const timer = clock.after(found.options.deadline, () => abort.abort());
  const began = clock.now();
  try {
    await route.deliver({ kind: "trial", time: clock.wall() }, abort.signal);
    return clock.now() - began;
  } catch (thrown) {
    if (!abort.signal.aborted) throw thrown;
    throw new RouteUnavailable("no answer within the deadline", { cause: thrown });
  } finally {
    timer.cancel();
    route.close();
  }
}
