import type { Counter, Counters } from "../../model/counter.ts";
import type { Log } from "../../model/log.ts";
import type { Micros } from "../../model/time.ts";
import { functionName } from "./control.ts";
import { formatStationAddress } from "./station-address.ts";

/** A station that calls here and is not in the site file. */
export interface Stranger {
  /** Ten digits, as they go into the site file. */
  readonly station: string;
  /** Where it came from last. */
  readonly peer: string;
  readonly frames: number;
  readonly last: Micros;
  readonly code: number;
}

/** Stations that the site does not have: counted, and named so that they can be added. The least recent is forgotten first. */
export class Strangers {
  readonly #known = new Map<number, Stranger>();
  readonly #bound: number;
  readonly #link: string;
  readonly #log: Log;
  readonly #frames: Counter;

  constructor(options: { link: string; bound: number; log: Log; counters: Counters }) {
    this.#bound = options.bound;
    this.#link = options.link;
    this.#log = options.log;
    this.#frames = options.counters.counter({
      name: "sl651_unknown_stations",
      help: "Frames of stations that the site does not have: neither kept nor confirmed.",
      labels: { link: options.link },
    });
  }

  /** Notes a frame; true when this station was not known as a stranger yet. */
  note(address: number, from: { peer: string; code: number; now: Micros }): boolean {
    this.#frames.add();
    const known = this.#known.get(address);
    this.#known.delete(address);
    const station = formatStationAddress(address);
    this.#known.set(address, {
      station,
      peer: from.peer,
      code: from.code,
      last: from.now,
      frames: (known?.frames ?? 0) + 1,
    });
    if (this.#known.size > this.#bound) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    if (known !== undefined) return false;
    this.#log.warn(
      { link: this.#link, station, peer: from.peer, function: functionName(from.code).en },
      `a station that the site does not have calls: add it as a device with address: { station: "${station}" }`,
    );
    return true;
  }

  /** Those remembered, the least recent first. */
  list(): Stranger[] {
    return [...this.#known.values()];
  }
}
