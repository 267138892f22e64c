import type { BusMessage, OutsideTopic, Ticket } from "../../drivers/driver.ts";
import { REFUSED } from "../../drivers/driver.ts";
import type { Counter, Counters } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import type { OutsideSource } from "../../model/outside.ts";
import type { Micros } from "../../model/time.ts";
import { LocalTime } from "../../rules/circumstance/local-time.ts";
import type { OutsideInput } from "../../rules/input.ts";
import type { OutsideConfiguration } from "../configuration.ts";
import { type Heard, OutsideDecoder } from "./decode.ts";

export interface OutsideReceptionOptions {
  readonly sources: readonly OutsideConfiguration[];
  readonly timeZone: string;
  /** The intake clock. */
  readonly now: () => Micros;
  /** Gives it to the rules and the journal. */
  readonly enter: (said: Pick<OutsideInput, "id" | "value" | "level" | "until">) => Ticket;
  /** Last ticket of all. */
  readonly last: () => Ticket;
  readonly whenDurable: (ticket: Ticket) => Promise<void>;
  readonly log: Log;
  readonly counters: Counters;
}

/** What became of a message that was posted. */
export type Posted =
  | { readonly outcome: "taken"; readonly until: Micros }
  | { readonly outcome: "malformed"; readonly why: string }
  | { readonly outcome: "expired" | "unknown" | "forbidden" | "not-durable" };

const OUTCOMES = ["taken", "malformed", "expired", "undated"] as const satisfies readonly Heard["outcome"][];

interface Listening {
  readonly source: OutsideSource;
  readonly configuration: OutsideConfiguration;
  readonly decoder: OutsideDecoder;
  readonly counted: Readonly<Record<Heard["outcome"], Counter>>;
}

/**
 * Where word from outside comes in. What can be read becomes an input of the rules; what cannot becomes one that says that nobody
 * knows, because it may have been a warning; what is over or undated says nothing about now and is only counted.
 */
export class OutsideReception {
  readonly #o: OutsideReceptionOptions;
  readonly #sources: ReadonlyMap<string, Listening>;

  constructor(options: OutsideReceptionOptions) {
    this.#o = options;
    const { sources, timeZone, counters } = options;
    const zone = new LocalTime(timeZone);
    this.#sources = new Map(
      sources.map((configuration) => {
        const { source, options: own } = configuration;
        const counted = Object.fromEntries(
          OUTCOMES.map((outcome) => [
            outcome,
            counters.counter({
              name: "outside_messages",
              help: "Messages of outside sources, by what became of them.",
              labels: { source: source.id, outcome },
            }),
          ]),
        ) as Record<Heard["outcome"], Counter>;
        const decoder = new OutsideDecoder(source, own.mqtt, zone);
        return [source.id, { source, configuration, decoder, counted }];
      }),
    );
  }

  /** The topics of a link on which outside sources speak. */
  topicsOn(link: string): OutsideTopic[] {
    return [...this.#sources.values()].flatMap((listening): OutsideTopic[] => {
      const { mqtt } = listening.configuration.options;
      if (mqtt?.link !== link) return [];
      return [
        { topic: mqtt.topic, users: mqtt.users ?? [], take: (message) => this.#take(listening, message) },
      ];
    });
  }

  /** Takes what a user of the HTTP interface says. Resolves when it is on disk. */
  async post(
    id: string,
    from: {
      readonly user: string | undefined;
      readonly body: { value: unknown; issued?: unknown; until?: unknown };
    },
  ): Promise<Posted> {
    const listening = this.#sources.get(id);
    const users = listening?.configuration.options.http?.users;
    if (listening === undefined || users === undefined) return { outcome: "unknown" };
    if (from.user === undefined || !users.includes(from.user)) return { outcome: "forbidden" };
    const heard = listening.decoder.posted(from.body, this.#o.now());
    const ticket = this.#enter(listening, heard, from.user);
    if (heard.outcome !== "taken") return heard.outcome === "malformed" ? heard : { outcome: "expired" };
    if (ticket === REFUSED) return { outcome: "not-durable" };
    await this.#o.whenDurable(ticket);
    return { outcome: "taken", until: heard.until };
  }

  #take(listening: Listening, { payload, retained, sender }: BusMessage): Ticket {
    // An empty message is what clears a retained one: nobody said anything.
    if (payload.length === 0) return 0;
    const heard = listening.decoder.payload(payload, { now: this.#o.now(), stored: retained });
    return this.#enter(listening, heard, sender.user ?? sender.client);
  }

  #enter({ source, counted }: Listening, heard: Heard, from: string): Ticket {
    const { log, enter, now, last } = this.#o;
    counted[heard.outcome].add();
    const fields = { source: source.id, from };
    switch (heard.outcome) {
      case "taken":
        log.info({ ...fields, value: source.levels?.[heard.value] ?? heard.value }, "word from outside");
        return enter({
          id: source.id,
          value: heard.value,
          until: heard.until,
          ...(source.levels === undefined ? {} : { level: source.levels[heard.value]! }),
        });
      case "malformed":
        log.warn(
          { ...fields, why: heard.why },
          "word from outside could not be read; rules take what is stricter",
        );
        return enter({ id: source.id, value: Number.NaN, until: now() + source.validFor });
      case "expired":
      case "undated":
        log.warn({ ...fields, why: heard.outcome }, "word from outside says nothing about now");
        return last();
    }
  }
}
