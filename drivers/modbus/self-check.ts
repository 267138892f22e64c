import { DeviceError } from "../../model/error.ts";
import { REASON } from "../../model/quality.ts";
import { type Clock, MINUTE, type Micros } from "../../model/time.ts";
import { compileReader, ORDERS, type Order, type RegisterFormat } from "./codec.ts";
import type { Verdict } from "./group.ts";
import { type PlannedRequest, spanText } from "./planner.ts";
import { isBitTable, type Place } from "./registers.ts";

/** How often a known number is looked at again while it is right: a device may be replaced without a word. */
const INTERVAL: Micros = 10 * MINUTE;
/** The same while it is wrong, or could not be read. */
const RETRY: Micros = MINUTE;

/** A register that always holds the same number. */
export interface CompiledSelfCheck {
  readonly place: Place;
  readonly expected: number;
  /** What it says about the channels it decides about. Uncertain until it was looked at. */
  readonly verdict: Verdict;
}

export interface SelfCheckEvents {
  failed(what: string, error: unknown): void;
  succeeded(what: string): void;
}

/** Looks now and then whether a device's known numbers are what they should be, so that a wrong word order shows. */
export class SelfChecks {
  readonly #checks: readonly CompiledSelfCheck[];
  readonly #clock: Clock;
  readonly #events: SelfCheckEvents;
  #due: Micros = 0;

  constructor(checks: readonly CompiledSelfCheck[], options: { clock: Clock; events: SelfCheckEvents }) {
    this.#checks = checks;
    this.#clock = options.clock;
    this.#events = options.events;
  }

  get due(): boolean {
    return this.#checks.length > 0 && this.#due <= this.#clock.now();
  }

  /** The device may be another one now: nothing is known of it. */
  reconsider(): void {
    this.#due = 0;
    for (const { verdict } of this.#checks) verdict.reason = REASON.uncertain;
  }

  /** Looks at all of them. */
  async run(ask: (request: PlannedRequest) => Promise<Uint8Array | undefined>): Promise<void> {
    this.#due = this.#clock.now() + INTERVAL;
    for (const check of this.#checks) {
      const { place, verdict } = check;
      const what = `self-check ${spanText(place)}`;
      try {
        const bytes = await ask({
          table: place.table,
          address: place.address,
          count: place.count,
          values: [],
        });
        if (bytes === undefined) throw new DeviceError("DEVICE_TIMEOUT", `${what} was not read`);
        const words = mismatch(check, bytes);
        verdict.reason = words === undefined ? REASON.good : REASON.configuration_error;
        if (words !== undefined) throw new DeviceError("DEVICE_ANSWER", words);
        this.#events.succeeded(what);
      } catch (error) {
        this.#due = this.#clock.now() + RETRY;
        this.#events.failed(what, error);
      }
    }
  }
}

/** What is wrong with the registers of a check, and which byte order would be right; undefined when nothing is. */
function mismatch({ place, expected }: CompiledSelfCheck, bytes: Uint8Array): string | undefined {
  const { format } = place;
  if (isBitTable(place.table)) return undefined;
  const wanted = format.type === "f32" ? Math.fround(expected) : expected;
  const read = (order: Order) => compileReader({ ...format, order })(bytes, 0);
  const found = read(format.order);
  if (found === wanted) return undefined;
  const fitting = ORDERS.filter((order) => read(order) === wanted);
  const advice =
    fitting.length === 0
      ? "no byte order makes it right: is this the product that the profile is for?"
      : `with the order ${fitting.join(" or ")} it would be right; the profile says ${format.order}`;
  return `${spanText(place)} always holds ${numberText(wanted, format)}, and now ${numberText(found, format)}: ${advice}`;
}

function numberText(value: number, { type }: RegisterFormat): string {
  if (!Number.isInteger(value) || value < 0 || type.startsWith("f")) return String(value);
  return `0x${value.toString(16).toUpperCase()}`;
}
