import { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { SnapshotValue } from "../driver.ts";
import type { MessageDecoder } from "./message.ts";
import { formatPath } from "./path.ts";
import { ReceivedPayload } from "./received-payload.ts";

/** Longest payload kept for `read`. */
const LAST_WORDS_BYTES = 8_192;
const LAST_WORDS_STEP = 64;
const NOTHING_YET = -1;
const TOO_LONG = -2;
/** Longest JSON fragment shown by `read`. */
const FRAGMENT_CHARACTERS = 200;

/** What a device said last on a topic, for `tocsin read`: one buffer, overwritten in place and grown as needed. */
export class LastWords {
  #topic = "";
  #payload = Buffer.alloc(0);
  #length = NOTHING_YET;
  #received: Micros = 0;

  get topic(): string {
    return this.#topic;
  }

  get said(): boolean {
    return this.#length !== NOTHING_YET;
  }

  /** Too long to be kept. */
  get tooLong(): boolean {
    return this.#length === TOO_LONG;
  }

  remember(topic: string, payload: Buffer, received: Micros): void {
    this.#topic = topic;
    this.#received = received;
    if (payload.length > LAST_WORDS_BYTES) {
      this.#length = TOO_LONG;
      return;
    }
    if (payload.length > this.#payload.length) {
      this.#payload = Buffer.alloc(Math.ceil(payload.length / LAST_WORDS_STEP) * LAST_WORDS_STEP);
    }
    payload.copy(this.#payload);
    this.#length = payload.length;
  }

  /**
   * The values it said, each with the fragment it came from; `names` gives the ids of channels by index.
   * @throws SyntaxError or PayloadError when it cannot be decoded.
   */
  explain(messages: readonly MessageDecoder[], names: ReadonlyMap<number, string>): SnapshotValue[] {
    const batch = new ReadingBatch();
    const payload = new ReceivedPayload(this.#payload.subarray(0, this.#length));
    const origins: { raw: string; from: string }[] = [];
    for (const message of messages) {
      message.decode(payload.root(message), batch, (_, raw, path) => {
        const from = path.length === 0 ? this.#topic : `${this.#topic} ${formatPath(path)}`;
        origins.push({ raw: fragment(raw), from });
      });
    }
    return origins.map(({ raw, from }, i) => {
      const time = batch.time[i]!;
      return {
        channel: names.get(batch.channel[i]!) ?? "",
        raw,
        from,
        value: batch.value[i]!,
        reason: batch.reason[i]!,
        time: Number.isNaN(time) ? this.#received : time,
      };
    });
  }
}

function fragment(raw: unknown): string {
  try {
    return (JSON.stringify(raw) ?? "").slice(0, FRAGMENT_CHARACTERS);
  } catch {
    // Deeper than JSON.stringify can go.
    return "(too deep to show)";
  }
}
