import type { Micros } from "../../model/time.ts";
import type { Field } from "./field.ts";
import type { Encoding } from "./frame.ts";

/** What a body begins with. */
export interface BodyHead {
  /** 1 to 65535; 0 in what the centre began. */
  readonly serial: number;
  /** The station's clock when it sent, µs; UNREADABLE_TIME when it is none. */
  readonly sent: Micros;
}

/** Receives what stands in a body, in its order. */
export interface BodyVisitor {
  /** Comes first: what every body begins with. */
  head(head: BodyHead): void;
  /** The elements that follow are of this station; `category` is its class (annex A), where the function carries one. */
  station(address: number, category: number | undefined): void;
  /** The field is overwritten by the next one. */
  element(field: Field): void;
  /** A manual report, as it was typed in (F2F2, RGZS). */
  manual(text: Uint8Array): void;
  picture(bytes: Uint8Array): void;
  /** Parameters and other contents that are no elements. */
  content(bytes: Uint8Array): void;
}

/** A whole body: of one frame, or put together of several. */
export interface Body {
  readonly encoding: Encoding;
  readonly code: number;
  readonly bytes: Uint8Array;
}
