import type { NetworkServer } from "../drivers/lorawan/options.ts";
import { InternalError } from "../model/error.ts";
import type { Micros } from "../model/time.ts";
import { CallerPlayer } from "./caller-player.ts";
import type { Instrument } from "./instrument.ts";
import { LoraCaller } from "./lora-caller.ts";
import { type BrokerAccess, MqttConnection } from "./mqtt-connection.ts";
import type { Stage } from "./stage.ts";

export interface LoraPlayerOptions {
  readonly access: BrokerAccess;
  readonly server: NetworkServer;
  readonly instruments: readonly Instrument[];
  /** How often a device sends, by its id; undefined: by its profile. */
  readonly every: (device: string) => Micros | undefined;
  readonly stage: Stage;
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** A network server with its devices: one connection that all uplinks go out on. */
export class LoraPlayer extends CallerPlayer {
  readonly #network: MqttConnection;

  constructor(link: string, options: LoraPlayerOptions) {
    const { access, server, stage, every, onConnection, onTrouble } = options;
    const network = new MqttConnection({
      access,
      clientId: `simulator-${link}`,
      onConnected: () => {},
      onTrouble: (words) => onTrouble(`link@${link}`, words),
    });
    const callers = options.instruments.map((instrument) => {
      const { id, section } = instrument.device;
      if (!("lorawan" in section)) throw new InternalError("INTERNAL", `${id} is no LoRaWAN device`);
      const { url } = access;
      return new LoraCaller(instrument, section.lorawan, { server, network, url, every: every(id), stage });
    });
    super(link, { callers, onConnection, onTrouble });
    this.#network = network;
  }

  /** A broker that is not there yet is a normal situation. */
  override start(): Promise<void> {
    this.#network.open();
    return super.start();
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.#network.close();
  }
}
