import { MINUTE, type Micros } from "../../model/time.ts";

/** Greatest step that is a gap; beyond it the counter has begun anew (MAX_FCNT_GAP of LoRaWAN 1.0.x). */
const GAP_MAX = 16_384;
/** A device sends a frame again within seconds, when it got no answer. The same counter later is a device that began anew. */
const RETRANSMISSION: Micros = MINUTE;

/** What a counter says of a frame. */
export type Order =
  | { readonly kind: "next"; readonly missed: number }
  /** The same frame on the air again. */
  | { readonly kind: "repeat" }
  /** The same number or a lower one: a device that began anew, frames that overtook each other, or a message redelivered. */
  | { readonly kind: "back" };

/** The frame counter of one device. */
export class FrameCounter {
  #session = "";
  #last = -1;
  #said = 0;
  #at: Micros = 0;

  /** Judges a frame and remembers it. `said`: a check sum of its bytes. */
  note(frame: { session: string; counter: number; said: number; now: Micros }): Order {
    const { session, counter, said, now } = frame;
    const known = this.#last >= 0 && session === this.#session;
    const step = counter - this.#last;
    const again = step === 0 && said === this.#said && now - this.#at <= RETRANSMISSION;
    this.#session = session;
    this.#last = counter;
    this.#said = said;
    this.#at = now;
    if (!known) return { kind: "next", missed: 0 };
    if (again) return { kind: "repeat" };
    return step > 0 && step <= GAP_MAX ? { kind: "next", missed: step - 1 } : { kind: "back" };
  }

  /** A new session begins: the next frame follows nothing. */
  forget(): void {
    this.#last = -1;
  }
}
