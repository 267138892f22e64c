import { MAX_REGISTRATION_BYTES, type ModemOptions, packetOf } from "./dial-in-options.ts";
import type { Heartbeats } from "./heartbeats.ts";

/** Carriage return, line feed, NUL and space: modems end their packets with any of them, or none. */
const PADDING = new Set([0x0d, 0x0a, 0x00, 0x20]);

/** What a packet says: a modem of the site, the beginning of what may become one, or somebody else. */
export type Said = { readonly modem: string } | "incomplete" | "unknown";

/** Knows modems by the packets with which they register. */
export class Registrations {
  readonly #packets: readonly { readonly modem: string; readonly packet: Buffer }[];
  readonly #imeis = new Map<string, string>();
  readonly #heartbeats: Heartbeats;

  constructor(modems: Readonly<Record<string, ModemOptions>>, heartbeats: Heartbeats) {
    this.#heartbeats = heartbeats;
    this.#packets = Object.entries(modems)
      .filter(([, { imei }]) => imei === undefined)
      .map(([modem, options]) => ({ modem, packet: packetOf(options) }));
    for (const [modem, { imei }] of Object.entries(modems))
      if (imei !== undefined) this.#imeis.set(imei, modem);
  }

  /**
   * Who has sent this, as far as it came. Packets must be whole and alone but for heartbeats and padding: of `DTU-1` and `DTU-12`
   * neither is taken for the other.
   */
  judge(received: Buffer): Said {
    const bytes = this.#bare(received);
    const exact = this.#packets.find(({ packet }) => packet.equals(bytes) || packet.equals(received));
    if (exact !== undefined) return { modem: exact.modem };
    if (this.#imeis.size > 0) {
      // Digits that still go on may become another number.
      for (const [digits] of received.toString("latin1").matchAll(/(?<!\d)\d{15}(?!\d)/g)) {
        const modem = this.#imeis.get(digits);
        if (modem !== undefined) return { modem };
        return "unknown";
      }
      return received.length < MAX_REGISTRATION_BYTES ? "incomplete" : "unknown";
    }
    const begins = this.#packets.some(({ packet }) => packet.subarray(0, bytes.length).equals(bytes));
    return begins ? "incomplete" : "unknown";
  }

  /** Without heartbeats and padding before and after it. */
  #bare(received: Buffer): Buffer {
    let from = 0;
    let end = received.length;
    for (;;) {
      const beat = this.#heartbeats.at(received.subarray(0, end), from);
      if (beat > 0) from += beat;
      else if (from < end && PADDING.has(received[from]!)) from++;
      else break;
    }
    for (;;) {
      const beat = this.#heartbeats.before(received, { from, end });
      if (beat > 0) end -= beat;
      else if (end > from && PADDING.has(received[end - 1]!)) end--;
      else return received.subarray(from, end);
    }
  }
}
