import type { MessageBus } from "../../drivers/driver.ts";
import { DOMAINS } from "../../model/domain.ts";
import type { Point, Site } from "../../model/site.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../../model/time.ts";
import { alarmTopic, eventTopic, type TopicRoot } from "./topics.ts";

/** How often the brokers are asked. */
const LOOK_EVERY: Micros = 10 * SECOND;
/** Stands for any subject and rule: who listens to one rule only does not listen to the point. */
const ANY = "any";

/** Where listeners may be. */
export interface ListenedBus {
  readonly bus: MessageBus;
  readonly root: TopicRoot;
}

export interface SubscribersOptions {
  readonly site: Site;
  readonly clock: Clock;
  /** Brokers that can tell who listens. */
  readonly buses: () => Iterable<ListenedBus>;
  /** Uplinks that are connected: the broker there takes delivery. */
  readonly uplinks: () => number;
  /** Routes to people that work, as far as one knows, and would take a red danger at this point. */
  readonly routes?: (point: Point) => number;
  /** How long nobody may listen before it is told. */
  readonly after: Micros;
  /** Told at the first answer, and when it changes between none and some. */
  readonly onSubscribers: (count: number) => void;
}

/** Watches whether anybody would receive a danger alert of each domain that the site has live points of. */
export class Subscribers {
  readonly #o: SubscribersOptions;
  readonly #topics: readonly { point: Point; event: string; alarm: string }[];
  #timer: Timer | undefined;
  #none: Micros | undefined;
  #told: "some" | "none" | undefined;
  #count: number | undefined;

  constructor(options: SubscribersOptions) {
    this.#o = options;
    const live = options.site.points.filter((point) => point.stage === "live");
    // One a domain: each look costs the broker a comparison with every subscription of every client.
    const chosen = DOMAINS.map((domain) => live.find((point) => point.domain === domain)).filter(
      (point) => point !== undefined,
    );
    this.#topics = chosen.map((point) => {
      const address = { domain: point.domain, point: point.id, subject: ANY, rule: ANY };
      return { point, event: eventTopic("red", address), alarm: alarmTopic(address) };
    });
  }

  /** Fewest listeners of any domain at the last look; undefined when no broker can tell. */
  get count(): number | undefined {
    return this.#count;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    this.#count = this.#fewest();
    this.#judge(this.#count);
    this.#timer = this.#o.clock.after(LOOK_EVERY, () => this.#look());
  }

  #judge(count: number | undefined): void {
    // Who cannot tell neither raises nor clears.
    if (count === undefined) return;
    const { clock, after, onSubscribers } = this.#o;
    if (count > 0) {
      this.#none = undefined;
      // Told at the first look too: the alarm may stand from before a restart.
      if (this.#told !== "some") onSubscribers(count);
      this.#told = "some";
      return;
    }
    this.#none ??= clock.now();
    if (this.#told === "none" || clock.now() - this.#none < after) return;
    this.#told = "none";
    onSubscribers(0);
  }

  #fewest(): number | undefined {
    const uplinks = this.#o.uplinks();
    let fewest: number | undefined;
    let couldTell = false;
    const buses = [...this.#o.buses()];
    for (const { point, event, alarm } of this.#topics) {
      let here = uplinks + (this.#o.routes?.(point) ?? 0);
      for (const { bus, root } of buses) {
        const listening = bus.subscribers(root.topic(event));
        if (listening === undefined) continue;
        couldTell = true;
        // Most listen to both; whoever listens to one of them will see a danger.
        here += Math.max(listening, bus.subscribers(root.topic(alarm)) ?? 0);
      }
      fewest = Math.min(fewest ?? here, here);
    }
    // Without a broker of ours, uplinks that are down are all there is.
    return couldTell || buses.length === 0 ? fewest : undefined;
  }
}
