import { type Micros, SECOND } from "../../model/time.ts";

/** Commands of one client at once, and how many a second it gets back. A person sends a few; a loop gone wild sends thousands. */
const BURST = 20;
const PER_SECOND = 5;
/** Clients that are remembered; the one that was quiet longest is forgotten, which gives it a full burst. */
const CLIENTS_BOUND = 1_024;

/** Bounds how many commands each client may send. */
export class RateBound {
  readonly #clients = new Map<string, { tokens: number; at: Micros }>();

  /** Takes one of the client's tokens; false when it has none left. */
  take(client: string, now: Micros): boolean {
    const known = this.#clients.get(client) ?? { tokens: BURST, at: now };
    const tokens = Math.min(BURST, known.tokens + (Math.max(0, now - known.at) / SECOND) * PER_SECOND);
    const allowed = tokens >= 1;
    this.#clients.delete(client);
    this.#clients.set(client, { tokens: allowed ? tokens - 1 : tokens, at: now });
    if (this.#clients.size > CLIENTS_BOUND) this.#clients.delete(this.#clients.keys().next().value!);
    return allowed;
  }
}
