import type { Counter } from "../../../model/counter.ts";
import type { Log } from "../../../model/log.ts";
import type { Connection } from "./connection.ts";

/** Clients whose refusal is logged by name; of later ones only the number grows. */
const LOGGED_CLIENTS_MAX = 1_000;

/** What clients were not permitted to do: counted always, logged once for each client. */
export class Refusals {
  readonly #link: string;
  readonly #log: Log;
  readonly #count: Counter;
  readonly #logged = new Set<string>();

  constructor(link: string, log: Log, count: Counter) {
    this.#link = link;
    this.#log = log;
    this.#count = count;
  }

  /** `verb` completes "may not … this topic". */
  refuse(connection: Connection, { verb, topic }: { verb: string; topic: string }): void {
    this.#count.add();
    const { clientId, identity, peer } = connection;
    if (this.#logged.has(clientId) || this.#logged.size >= LOGGED_CLIENTS_MAX) return;
    this.#logged.add(clientId);
    this.#log.warn(
      { link: this.#link, client: clientId, user: identity?.user, peer, topic },
      `MQTT client may not ${verb} this topic; further refusals are only counted`,
    );
  }
}
