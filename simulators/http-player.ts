import type { SourceOptions } from "../drivers/http/options.ts";
import type { Micros } from "../model/time.ts";
import { CallerPlayer } from "./caller-player.ts";
import type { Endpoint } from "./endpoint.ts";
import { HttpCaller } from "./http-caller.ts";
import type { Instrument } from "./instrument.ts";
import type { Stage } from "./stage.ts";

export interface HttpPlayerOptions {
  readonly server: Endpoint;
  /** Those that push, by id. */
  readonly sources: Readonly<Record<string, SourceOptions>>;
  /** Reads a secret named `env:NAME` or `file:PATH`. */
  readonly secret: (reference: string) => string;
  readonly instruments: readonly Instrument[];
  /** How often a device's platform pushes, by its id; undefined: by its profile. */
  readonly every: (device: string) => Micros | undefined;
  readonly stage: Stage;
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** The platforms that push to one HTTP intake, with their devices. */
export class HttpPlayer extends CallerPlayer {
  readonly #callers: readonly HttpCaller[];

  constructor(link: string, options: HttpPlayerOptions) {
    const { server, sources, secret, stage, every, onConnection, onTrouble } = options;
    const callers = options.instruments.map((instrument) => {
      const { id, address } = instrument.device;
      const source = { id: address.pushedBy ?? "", options: sources[address.pushedBy ?? ""]!, secret };
      const trouble = (words: string) => onTrouble(id, words);
      return new HttpCaller(instrument, { server, source, every: every(id), stage, onTrouble: trouble });
    });
    super(link, { callers, onConnection, onTrouble });
    this.#callers = callers;
  }

  override async stop(): Promise<void> {
    await super.stop();
    for (const caller of this.#callers) caller.end();
  }
}
