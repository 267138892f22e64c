import type { Text } from "../model/text.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Moment } from "./moment.ts";

/** One device as it is reached. */
export interface Reached {
  readonly device: string;
  readonly name: Text;
  readonly profile: string;
  readonly link: string;
  /** `127.0.0.1:1502 unit 7`, `mqtt://127.0.0.1:1883 devices/sa-301`. */
  readonly where: string;
  readonly channels: number;
}

/** The instruments of one link. */
export interface Player {
  /** Id of the link. */
  readonly link: string;
  /** Where it listens, if it does. */
  readonly endpoint: Endpoint | undefined;
  /** @throws HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE */
  start(): Promise<void>;
  /** Called on every tick, for players that speak by themselves or die as a whole. */
  tick(moment: Moment): void;
  /** How its devices are reached, for people. */
  reached(): Reached[];
  stop(): Promise<void>;
}
