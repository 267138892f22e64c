import { NetworkError } from "../../model/error.ts";
import type { Clock, Micros } from "../../model/time.ts";
import type { Renew } from "./addresses.ts";
import type { ModemLine } from "./modem-line.ts";

export interface BerthOptions {
  /** For messages: `modems/pump-3`. */
  readonly name: string;
  /** How long it may be away before it counts as lost. */
  readonly away: Micros;
  readonly clock: Clock;
  /** A modem that had a connection has dialled in anew. */
  readonly onReplaced: () => void;
}

/**
 * Where one modem is waited for. It has one connection at a time: a modem that dials in again has lost the old one, whatever the
 * system thinks of it, so the new one takes its place.
 */
export class Berth {
  readonly #o: BerthOptions;
  /** Has dialled in, and is not in use yet. */
  #ready: ModemLine | undefined;
  #used: ModemLine | undefined;
  #renew: Renew | undefined;
  #awaited: ((line: ModemLine) => void) | undefined;

  constructor(options: BerthOptions) {
    this.#o = options;
  }

  /** Connected, as far as is known. */
  get occupied(): boolean {
    return this.#used !== undefined && !this.#used.destroyed;
  }

  /** The modem has dialled in. */
  arrive(line: ModemLine): void {
    this.#ready?.close();
    this.#ready = undefined;
    if (this.#awaited !== undefined) {
      this.#awaited(line);
      return;
    }
    this.#ready = line;
    if (!this.occupied) return;
    this.#o.onReplaced();
    this.#renew?.(new NetworkError("LINK_DOWN", `${this.#o.name}: the modem has dialled in anew`));
  }

  /**
   * The next connection of the modem.
   * @throws NetworkError LINK_DOWN when it does not dial in within `away`.
   */
  async next(signal: AbortSignal, renew: Renew): Promise<ModemLine> {
    this.#renew = renew;
    const ready = this.#ready;
    this.#ready = undefined;
    this.#used = ready !== undefined && !ready.destroyed ? ready : await this.#await(signal);
    return this.#used;
  }

  #await(signal: AbortSignal): Promise<ModemLine> {
    const { clock, away, name } = this.#o;
    return new Promise((resolve, reject) => {
      const settle = () => {
        timer.cancel();
        signal.removeEventListener("abort", abort);
        this.#awaited = undefined;
      };
      const abort = () => {
        settle();
        reject(new NetworkError("LINK_DOWN", `${name}: given up`));
      };
      const timer = clock.after(away, () => {
        settle();
        reject(
          new NetworkError("LINK_DOWN", `${name}: the modem has not dialled in`, {
            hint: "look at its power, its SIM card, and the server address and registration packet in its settings",
          }),
        );
      });
      this.#awaited = (line) => {
        settle();
        resolve(line);
      };
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
  }
}
