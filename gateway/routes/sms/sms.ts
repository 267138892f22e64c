import { openSerial } from "../../../drivers/modbus/byte-line.ts";
import { HOUR, MINUTE } from "../../../model/time.ts";
import type { AlarmEvent } from "../../../rules/event.ts";
import type { RateBound } from "../rate-limit.ts";
import {
  type DigestBounds,
  type Dispatch,
  type Route,
  type RouteContext,
  RouteRefused,
  RouteUnavailable,
} from "../route.ts";
import { isNews } from "../selection.ts";
import { MessageRejected, Modem } from "./modem.ts";
import { numbersOf } from "./numbers.ts";
import type { SmsOptions } from "./options.ts";
import { divide, submitPdu } from "./pdu.ts";
import { ShortText } from "./text.ts";

/** Dispatches of which is remembered who has got them; those are tried again one after the other. */
const MOST_BEGUN = 64;
const MOST_REFERENCES = 256;

/** A dispatch that has gone to some of its numbers. */
interface Begun {
  /** Of the parts of its text. */
  readonly reference: number;
  /** `<number> <part>` that the network has. */
  readonly sent: Set<string>;
}

/** Text messages to a list of telephones. A repetition goes only to those that have not got the first. */
class Sms implements Route {
  readonly limits: readonly RateBound[];
  readonly digest: DigestBounds;
  readonly #c: RouteContext<SmsOptions>;
  readonly #numbers: readonly string[];
  readonly #text: ShortText;
  readonly #modem: Modem;
  readonly #begun = new Map<string, Begun>();
  #reference = 0;

  constructor(context: RouteContext<SmsOptions>) {
    const { id, options, secret, clock, log, counters, condition } = context;
    this.#c = context;
    this.digest = options.digest;
    this.#numbers = numbersOf(
      id,
      options.to.map((reference) => secret(reference)),
    );
    const each = this.#numbers.length * options.parts;
    const bound = (most: number) => Math.max(1, Math.floor(most / each));
    this.limits = [
      { most: bound(options.perMinute), within: MINUTE },
      { most: bound(options.perHour), within: HOUR, exceptUrgent: true },
    ];
    this.#text = new ShortText({ ...context, language: options.language, parts: options.parts });
    const { path, baudRate, watch } = options;
    this.#modem = new Modem({
      open: (signal) => openSerial({ path, baudRate, dataBits: 8, parity: "none", stopBits: 1 }, signal),
      pin: options.pin === undefined ? undefined : secret(options.pin),
      watch,
      clock,
      log,
      counters,
      route: id,
      onCondition: condition,
    });
  }

  wants(event: AlarmEvent): boolean {
    return this.#c.options.select.transitions !== undefined || isNews(event);
  }

  async deliver(dispatch: Dispatch, signal: AbortSignal): Promise<void> {
    const parts = divide(this.#text.say(dispatch));
    const begun = this.#begin(dispatch);
    const rejected: string[] = [];
    for (const number of this.#numbers) {
      for (const [i, text] of parts.entries()) {
        if (signal.aborted) throw new RouteUnavailable("given up", { kind: "deadline" });
        try {
          await this.#send(begun, { number, text, at: i, of: parts.length });
        } catch (thrown) {
          // A number that is not assigned must not keep the others from hearing.
          if (!(thrown instanceof MessageRejected)) throw thrown;
          rejected.push(thrown.message);
          break;
        }
      }
    }
    if (rejected.length > 0) throw new RouteRefused(rejected.join("; "));
    this.#begun.delete(keyOf(dispatch));
  }

  close(): void {
    this.#modem.close();
  }

  /** Sends one part to one number, unless the network has it from an earlier attempt. */
  #send(
    { reference, sent }: Begun,
    { number, text, at, of }: { number: string; text: string; at: number; of: number },
  ): Promise<void> {
    const { validity, report } = this.#c.options;
    const key = `${number} ${at}`;
    // Looked at when its turn has come: an attempt that was given up may still be under way.
    return this.#modem.exclusive(async (send) => {
      if (sent.has(key)) return;
      const part = of === 1 ? {} : { part: { reference, total: of, number: at + 1 } };
      await send(submitPdu({ to: number, text, validity, report, ...part }), number);
      sent.add(key);
    });
  }

  #begin(dispatch: Dispatch): Begun {
    const key = keyOf(dispatch);
    const known = this.#begun.get(key);
    if (known !== undefined) return known;
    this.#reference = (this.#reference + 1) % MOST_REFERENCES;
    const begun: Begun = { reference: this.#reference, sent: new Set() };
    this.#begun.set(key, begun);
    if (this.#begun.size > MOST_BEGUN) this.#begun.delete(this.#begun.keys().next().value!);
    return begun;
  }
}

/** What makes two attempts the same message. */
function keyOf(dispatch: Dispatch): string {
  switch (dispatch.kind) {
    case "event":
      return `event ${dispatch.event.seq}`;
    case "trial":
      return `trial ${dispatch.time}`;
    case "digest":
    case "outline":
      return `${dispatch.kind} ${dispatch.events.map(({ seq }) => seq).join(" ")}`;
  }
}

/** Opens the port at once, and again until it is closed. @throws ConfigurationError SECRET_MISSING */
export function create(context: RouteContext): Route {
  return new Sms(context as RouteContext<SmsOptions>);
}
