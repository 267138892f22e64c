import type { z } from "zod";
import type { Text } from "../model/text.ts";
import { type Micros, SECOND } from "../model/time.ts";

/*
 * Requests: what a device can be asked, or told to do, beyond its channels and outputs. A kind of link names them, so that the
 * gateway, its command line and its brokers offer them without knowing any protocol.
 */

/** Longest time a request may take, its turn included; then its `signal` is aborted. */
export const REQUEST_BOUND: Micros = 60 * SECOND;

/** Something that devices of a kind of link can be asked or told. */
export interface RequestDescription {
  /** `device-time`, `set-clock`: chosen once, and never used for something else. */
  readonly id: string;
  readonly name: Text;
  /** What it takes: an object of scalars, each with its description. Imports no protocol library. */
  readonly parameters: z.ZodObject;
  /** It changes something at the device, or calls on people there: only where the site file lists it, and with a reason. */
  readonly acts: boolean;
}

/** One request to one device. */
export interface RequestOrder {
  /** Index of the device. */
  readonly device: number;
  /** Id of the description. */
  readonly request: string;
  /** As its schema has parsed them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Aborted when nobody waits any more: what has not been sent is not, and no later request gets its answer. */
  readonly signal: AbortSignal;
}

/** One thing that a device has answered. */
export interface Fact {
  /** What it is about, where an answer tells of several: a component, an operation, a time. */
  readonly of?: string;
  readonly id: string;
  readonly name: Text;
  /** For machines: a number, or a text; instants as RFC 3339; null when the device says that it has none. */
  readonly value: number | string | null;
  /** For people, with the unit. */
  readonly text: Text;
}

/** What a device answered. */
export interface RequestAnswer {
  readonly facts: readonly Fact[];
  /** The answer as it came, in hexadecimal or as the text it is; bounded by what the driver takes of one message. */
  readonly raw: string;
  /** What comes of it later, where people answer and not the device. Always settles, empty when nothing will come. */
  readonly later?: Promise<readonly Fact[]>;
}
