import type { Counter, Counters } from "../../model/counter.ts";
import type { PeerCounts } from "../tcp/complaints.ts";
import type { Cut } from "../tcp/connection.ts";
import type { TurnedAway } from "../tcp/server.ts";

/** What is counted of those who dial in. */
export class DialInCounts implements PeerCounts {
  readonly registered: Counter;
  readonly replaced: Counter;
  readonly unknown: Counter;
  readonly heartbeats: Counter;
  readonly #link: string;
  readonly #counters: Counters;
  readonly #slowed: Counter;

  constructor(link: string, counters: Counters) {
    this.#link = link;
    this.#counters = counters;
    const labels = { link };
    this.registered = counters.counter({
      name: "modbus_modems_registered",
      help: "Times that a modem of the site has dialled in.",
      labels,
    });
    this.replaced = counters.counter({
      name: "modbus_modems_replaced",
      help: "Connections of modems given up because the modem dialled in anew.",
      labels,
    });
    this.unknown = counters.counter({
      name: "modbus_unknown_modems",
      help: "Connections ended because no modem of the site registers like that.",
      labels,
    });
    this.heartbeats = counters.counter({
      name: "modbus_heartbeat_bytes",
      help: "Bytes of modems' heartbeats.",
      labels,
    });
    this.#slowed = counters.counter({
      name: "modbus_modems_slowed",
      help: "Times that a modem was slowed down because it sent too fast.",
      labels,
    });
  }

  cut(why: Cut): void {
    this.#counters
      .counter({
        name: "modbus_modems_cut",
        help: "Connections of those who dial in that we ended, by why.",
        labels: { link: this.#link, why },
      })
      .add();
  }

  turnedAway(why: TurnedAway): void {
    this.#counters
      .counter({
        name: "modbus_modems_turned_away",
        help: "Connections not accepted, by why.",
        labels: { link: this.#link, why },
      })
      .add();
  }

  slowed(): void {
    this.#slowed.add();
  }
}
