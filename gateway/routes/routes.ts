import { describe } from "../../model/error.ts";
import type { Point } from "../../model/site.ts";
import { type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { ActiveRoute, type ActiveRouteOptions, type RouteStatus } from "./active-route.ts";
import type { RouteConfiguration } from "./options.ts";
import { routeKinds } from "./registry.ts";
import { RouteUnavailable } from "./route.ts";

/** A route that could not be set up (a secret or a file is missing, the disk does not answer) is tried again after this. */
const SET_UP_AGAIN: Micros = 30 * SECOND;

export interface RoutesOptions
  extends Omit<ActiveRouteOptions, "route" | "kind" | "onLost" | "quarantine" | "random"> {
  readonly routes: readonly RouteConfiguration[];
  /** Told when a route is lost, and when it works again. */
  readonly onLost: (route: string, about: { lost: boolean; note: string }) => void;
  /** Keeps an event that a route's peer refused, with its words. */
  readonly quarantine: (route: string, about: { event: AlarmEvent; words: string }) => void;
  /** Jitter, from 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** All ways to people besides the alert topics. `event` neither blocks nor throws, whatever a route does. */
export class Routes {
  readonly #o: RoutesOptions;
  readonly #routes: readonly ActiveRoute[];
  readonly #again = new Set<Timer>();
  #stopped = false;

  constructor(options: RoutesOptions) {
    this.#o = options;
    this.#routes = options.routes.map(
      (route) =>
        new ActiveRoute({
          ...options,
          route,
          kind: routeKinds.get(route.options.type)!,
          random: options.random ?? Math.random,
          onLost: (lost, note) => options.onLost(route.id, { lost, note }),
          quarantine: (event, words) => options.quarantine(route.id, { event, words }),
        }),
    );
  }

  /** Begins; returns at once. A route that cannot start keeps no other from starting. */
  start(): void {
    for (const route of this.#routes) void this.#start(route);
  }

  /** An event has happened and can be found in memory or in the log. */
  event(): void {
    for (const route of this.#routes) route.event();
  }

  /** How many routes a red danger at a point would go out by, as far as one knows. */
  covering(point: Point): number {
    return this.#routes.filter((route) => route.covers(point)).length;
  }

  get status(): RouteStatus[] {
    return this.#routes.map(({ status }) => status);
  }

  /** Sends a marked trial message by one route. @throws RouteUnavailable, RouteRefused */
  async attempt(id: string, time: Micros): Promise<void> {
    const route = this.#routes.find((one) => one.id === id);
    if (route === undefined) throw new RouteUnavailable(`no route is called ${id}`);
    await route.attempt(time);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#again) timer.cancel();
    await Promise.allSettled(this.#routes.map((route) => route.stop()));
  }

  async #start(route: ActiveRoute): Promise<void> {
    try {
      await route.start();
    } catch (thrown) {
      this.#o.log.error(
        { route: route.id, reason: describe(thrown) },
        "a route to people could not be started; it is tried again",
      );
      if (this.#stopped) return;
      const timer = this.#o.clock.after(SET_UP_AGAIN, () => {
        this.#again.delete(timer);
        void this.#start(route);
      });
      this.#again.add(timer);
    }
  }
}
