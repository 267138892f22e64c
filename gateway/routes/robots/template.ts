import type { Micros } from "../../../model/time.ts";
import type { RateBound } from "../rate-limit.ts";

/** One request to a robot. */
export interface RobotRequest {
  readonly url: string;
  readonly body: object;
}

/** What is to be said, and with what. */
export interface RobotMessage {
  readonly text: string;
  /** Everybody in the group is called. */
  readonly all: boolean;
  /** Address of the service, as configured. */
  readonly url: string;
  readonly token: string;
  /** Key of the signature; undefined: unsigned. */
  readonly secret: string | undefined;
  /** The wall clock, for the signature. */
  readonly wall: Micros;
}

/** What the code in an answer means. Codes that are not named are taken for a failure that may pass. */
export interface CodeMeaning {
  /** `refused`: this message; `limit`: too many; `setup`: key, signature, keyword, address. */
  readonly meaning: "refused" | "limit" | "setup";
  /** With `limit`: how long to stay away, µs. */
  readonly wait?: Micros;
  readonly hint?: string;
}

/** A maker's robot: all that differs between them. */
export interface RobotTemplate {
  readonly name: string;
  /** Its limits, with a margin: time runs differently at the other end of the network. */
  readonly limits: readonly RateBound[];
  /** Longest text, bytes of UTF-8. */
  readonly mostTextBytes: number;
  request(message: RobotMessage): RobotRequest;
  /** Names of the answer's field that holds the code; 0 is success. */
  readonly codeFields: readonly string[];
  readonly codes: Readonly<Record<number, CodeMeaning>>;
}
