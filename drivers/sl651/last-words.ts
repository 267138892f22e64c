import { ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import type { SnapshotValue } from "../driver.ts";
import { decodeBody } from "./body.ts";
import type { Body } from "./body-visitor.ts";
import { functionName } from "./control.ts";
import { UNREADABLE_TIME } from "./digits.ts";
import { formatGuide } from "./elements.ts";
import { fieldText } from "./field.ts";
import type { StationMapping } from "./station-mapping.ts";

/** Longest body kept; a report of a station with everything has about 200 bytes. */
const KEPT_BYTES = 1_024;
/** Functions whose last body is kept; stations use half a dozen. */
const KEPT_FUNCTIONS = 16;

interface Word {
  body: Body;
  received: Micros;
}

/** What a station said last with each function, for `tocsin read`. */
export class LastWords {
  readonly #words = new Map<number, Word>();

  get silent(): boolean {
    return this.#words.size === 0;
  }

  remember({ encoding, code, bytes }: Body, received: Micros): void {
    if (bytes.length > KEPT_BYTES) return;
    const known = this.#words.get(code);
    if (known === undefined && this.#words.size >= KEPT_FUNCTIONS) return;
    const same = known?.body.encoding === encoding && known.body.bytes.length === bytes.length;
    if (known !== undefined && same) {
      known.body.bytes.set(bytes);
      known.received = received;
      return;
    }
    this.#words.set(code, { body: { encoding, code, bytes: Uint8Array.from(bytes) }, received });
  }

  /** The latest value of each channel of `address`, with what it came from. */
  explain(
    mapping: StationMapping,
    from: { address: number; offset: Micros; names: ReadonlyMap<number, string> },
  ): SnapshotValue[] {
    const values = new Map<string, SnapshotValue>();
    for (const { body, received } of [...this.#words.values()].sort((a, b) => a.received - b.received)) {
      const batch = new ReadingBatch();
      let ours = true;
      const visitor = {
        head: () => {},
        station: (address: number) => {
          ours = address === from.address;
        },
        element: (field: Parameters<StationMapping["add"]>[0]) => {
          if (!ours) return;
          batch.clear();
          mapping.add(field, batch, false);
          for (let i = 0; i < batch.length; i++) {
            const channel = from.names.get(batch.channel[i]!) ?? "";
            const time = batch.time[i]!;
            values.set(channel, {
              channel,
              raw: fieldText(field).toUpperCase(),
              from: `${formatGuide(field.guide)} in ${functionName(body.code).en}`,
              value: batch.value[i]!,
              reason: batch.reason[i]!,
              time: time === UNREADABLE_TIME ? received : time,
            });
          }
        },
        manual: () => {},
        picture: () => {},
        content: () => {},
      };
      try {
        decodeBody(body, from.offset, visitor);
      } catch {
        // What stands before the place that makes no sense is shown; the rest was reported when it came.
      }
    }
    return [...values.values()];
  }
}
