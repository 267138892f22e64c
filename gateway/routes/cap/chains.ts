import type { AlarmEvent } from "../../../rules/event.ts";
import type { RouteContext } from "../route.ts";
import { isSilenced } from "../selection.ts";
import type { CapMessages, CapReference } from "./messages.ts";

/** Occurrences whose messages are remembered; those forgotten are looked up in the alarm log. */
const MOST_CHAINS = 4_096;
/** Events of one look into the log, backwards. */
const PAGE = 500;
/** An occurrence that began more events ago than this is referred to as far as was found. */
const MOST_PAGES = 400;

/**
 * The messages that were sent of each occurrence: an update refers to all of them. In memory while the process lives; the
 * alarm log tells what a process before this one had sent, because the messages of a route follow from its events.
 */
export class CapChains {
  readonly #c: Pick<RouteContext, "events" | "began" | "selected" | "log">;
  readonly #messages: CapMessages;
  readonly #chains = new Map<number, CapReference[]>();

  constructor(context: Pick<RouteContext, "events" | "began" | "selected" | "log">, messages: CapMessages) {
    this.#c = context;
    this.#messages = messages;
  }

  /** What was sent of an event's occurrence before it. */
  async before(event: AlarmEvent): Promise<readonly CapReference[]> {
    const known = this.#chains.get(event.occurrence);
    // One that is sent again does not refer to itself.
    if (known !== undefined) return known.filter(({ seq }) => seq < event.seq);
    if (event.transition === "raise") return [];
    const chain = await this.#fromLog(event);
    this.#keep(event.occurrence, chain);
    return chain;
  }

  /** An event's message has arrived. */
  sent(event: AlarmEvent): void {
    const chain = this.#chains.get(event.occurrence) ?? [];
    this.#keep(event.occurrence, this.#after(chain, event));
  }

  #after(chain: readonly CapReference[], event: AlarmEvent): CapReference[] {
    // What was cancelled was wrong: nothing refers to it any more.
    if (this.#messages.cancels(event)) return [];
    if (chain.some(({ seq }) => seq === event.seq)) return [...chain];
    return [...chain, this.#messages.reference(event)];
  }

  #keep(occurrence: number, chain: CapReference[]): void {
    this.#chains.delete(occurrence);
    this.#chains.set(occurrence, chain);
    if (this.#chains.size > MOST_CHAINS) this.#chains.delete(this.#chains.keys().next().value!);
  }

  async #fromLog(event: AlarmEvent): Promise<CapReference[]> {
    const { events, began } = this.#c;
    const found: AlarmEvent[] = [];
    let to = event.seq;
    for (let pages = 0; to > began; pages++) {
      if (pages === MOST_PAGES) {
        this.#c.log.warn(
          { occurrence: event.occurrence, seq: event.seq },
          "the beginning of an occurrence lies too far back: a CAP message does not refer to it",
        );
        break;
      }
      const from = Math.max(began, to - PAGE);
      const page = await events({ from, to, limit: PAGE });
      const own = page.filter(({ seq, occurrence }) => seq < event.seq && occurrence === event.occurrence);
      found.unshift(...own);
      if (own.some(({ transition }) => transition === "raise")) break;
      to = from;
    }
    let chain: CapReference[] = [];
    for (const one of found) if (this.#wasSent(one, chain)) chain = this.#after(chain, one);
    return chain;
  }

  #wasSent(event: AlarmEvent, chain: readonly CapReference[]): boolean {
    if (!this.#c.selected(event) || !this.#messages.says(event)) return false;
    if (this.#messages.ends(event)) return chain.length > 0;
    return !isSilenced(event);
  }
}
