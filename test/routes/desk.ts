import { Payloads } from "../../gateway/alerts/payload.ts";
import { Places } from "../../gateway/alerts/places.ts";
import { RecentEvents } from "../../gateway/alerts/recent-events.ts";
import type { RouteConfiguration, RouteOptions } from "../../gateway/routes/options.ts";
import { routeSchema } from "../../gateway/routes/registry.ts";
import type { OnSite, RouteContext } from "../../gateway/routes/route.ts";
import { Routes } from "../../gateway/routes/routes.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import type { Severity } from "../../model/severity.ts";
import type { Site } from "../../model/site.ts";
import { MILLISECOND, SECOND } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { AlarmPlant } from "../alerts/support/alarm-plant.ts";
import { settled } from "../alerts/support/alert-desk.ts";
import { SITE, SITE_RULES } from "../alerts/support/site.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { until } from "../support/until.ts";

/** What a test writes under `routes:`. */
export type WrittenRoutes = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export function parseRoutes(written: WrittenRoutes): RouteConfiguration[] {
  return Object.entries(written).map(([id, route]) => ({
    id,
    options: routeSchema.parse(route) as unknown as RouteOptions,
  }));
}

export interface RouteDeskOptions {
  readonly routes: WrittenRoutes;
  readonly site?: Site;
  readonly buses?: RouteContext["buses"];
  readonly onSite?: OnSite;
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Two busy cores share the suite, and each step waits for a real server. */
const EVENTUALLY_MS = 25_000;

/** Routes with alarms of the test's making and the data folder of a gateway, which outlives it. */
export class RouteDesk implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly plant = new AlarmPlant(() => this.clock.now());
  readonly disk = new Map<string, number>();
  readonly counters = new CounterRegistry();
  /** What was said of lost routes, in order: `route lost|works`. */
  readonly lost: string[] = [];
  readonly quarantined: { route: string; event: AlarmEvent; words: string }[] = [];
  timeTrusted = true;
  diskFails = false;
  routes: Routes;
  readonly #o: RouteDeskOptions;
  #recent = new RecentEvents(4_096);

  constructor(options: RouteDeskOptions) {
    this.#o = options;
    this.routes = this.#make();
    this.plant.onEvent = (event) => this.#tell(event);
  }

  static async start(options: RouteDeskOptions): Promise<RouteDesk> {
    const desk = new RouteDesk(options);
    desk.routes.start();
    await desk.ready();
    return desk;
  }

  /** Lets the desk's own time go on, a quarter of a second at a step, until the condition holds. */
  async eventually(what: string, condition: () => boolean): Promise<void> {
    const holds = async () => {
      if (condition()) return true;
      this.clock.advance(SECOND / 4);
      await settled();
      return condition();
    };
    await until(what, holds, { withinMs: EVENTUALLY_MS });
  }

  /** The gateway stops and another begins with what is on disk; after a cut, without what the first had wanted to keep. */
  async restart({ cut = false } = {}): Promise<void> {
    this.diskFails = cut;
    const stopped = this.routes.stop();
    await settled();
    // Whatever it still wanted to flush, its time is over.
    this.clock.advance(SECOND);
    await stopped;
    this.diskFails = false;
    this.#recent = new RecentEvents(4_096);
    this.routes = this.#make();
    this.routes.start();
    await this.ready();
  }

  /** The kinds are loaded and the cursors are read. */
  async ready(): Promise<void> {
    const first = Object.keys(this.#o.routes).map((id) => `route:${id}:began`);
    await until("routes to start", () => first.every((name) => this.disk.has(name)));
    await settled();
  }

  /** Raises an alarm of the small site. */
  raise(subject: string, severity: Severity, value = 60): void {
    this.plant.assert(ruleOf(subject), subject, severity, { value, limit: 50 });
  }

  clear(subject: string): void {
    this.plant.clear(ruleOf(subject), subject, { value: 1 });
  }

  /** Raises a new occurrence and ends it. */
  swing(subject: string, severity: Severity): void {
    this.raise(subject, severity);
    this.clear(subject);
    this.acknowledge(subject);
  }

  acknowledge(subject: string): void {
    const alarm = this.plant.alarm(ruleOf(subject), subject);
    this.plant.command({
      verb: "acknowledge",
      id: "r",
      user: "duty",
      rule: alarm.rule,
      subject,
      occurrence: alarm.occurrence,
    });
  }

  /** An event that the alarms of this plant do not make by themselves. */
  invent(event: AlarmEvent): void {
    this.plant.log.push(event);
    this.#tell(event);
  }

  /** Time passes in small steps, and what is on the network comes in between. */
  async pass(span: number, step = 100 * MILLISECOND): Promise<void> {
    for (let left = span; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await settled();
    }
  }

  count(name: string): number {
    let total = 0;
    for (const counter of this.counters) if (counter.name.name === name) total += counter.total;
    return total;
  }

  status(id: string) {
    return this.routes.status.find((route) => route.id === id)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.routes.stop();
    this.clock.advance(10_000_000);
    await stopped;
  }

  #tell(event: AlarmEvent): void {
    this.#recent.add(event, true);
    this.routes.event();
  }

  #make(): Routes {
    const site = this.#o.site ?? SITE;
    const places = new Places(site);
    return new Routes({
      routes: parseRoutes(this.#o.routes),
      payloads: new Payloads({ places, rules: SITE_RULES }),
      places,
      recent: this.#recent,
      events: this.plant.events,
      cursor: (name) => Promise.resolve(this.disk.get(name) ?? 0),
      setCursor: (name, next) => {
        if (this.diskFails) return Promise.reject(new Error("the disk fails"));
        this.disk.set(name, next);
        return Promise.resolve();
      },
      last: () => this.plant.nextSeq - 1,
      timeTrusted: () => this.timeTrusted,
      buses: this.#o.buses ?? (() => []),
      onSite: this.#o.onSite ?? {
        standing: () => [],
        channel: () => undefined,
        write: () => Promise.resolve({ outcome: "not-allowed", detail: "nothing is there" }),
        record: () => {},
      },
      secret: (reference) => this.#o.secrets?.[reference] ?? "secret",
      clock: this.clock,
      log: SILENT,
      counters: this.counters,
      random: () => 0.5,
      onLost: (route, { lost, note }) => this.lost.push(lost ? `${route} lost: ${note}` : `${route} works`),
      quarantine: (route, about) => this.quarantined.push({ route, ...about }),
    });
  }
}

function ruleOf(subject: string): string {
  const rule = SITE_RULES.find(({ subjects }) =>
    subjects.some(({ channel }) => SITE.channels[channel]?.key === subject),
  );
  if (rule === undefined) throw new RangeError(`no rule for ${subject}`);
  return rule.id;
}
