import type { Timer } from "../../model/time.ts";
import type { Body, BodyHead } from "./body-visitor.ts";
import type { Writing } from "./body-writer.ts";

/** What a station answered; the body is a copy. */
export interface Answer extends Body, BodyHead {}

/** A question of the centre (mode M4). */
export interface Question {
  readonly code: number;
  readonly body: (writing: Writing) => Uint8Array;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** Stops listening for the one who asked losing patience. */
  readonly forget: () => void;
  asked: number;
  timer: Timer | undefined;
}
