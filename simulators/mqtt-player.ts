import { InternalError } from "../model/error.ts";
import type { Micros } from "../model/time.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import type { BrokerAccess } from "./mqtt-connection.ts";
import { MqttDevice } from "./mqtt-device.ts";
import type { Player, Reached } from "./player.ts";
import type { Stage } from "./stage.ts";

export interface MqttPlayerOptions {
  readonly access: BrokerAccess;
  readonly instruments: readonly Instrument[];
  /** How often a device publishes, by its id; undefined: by its profile. */
  readonly every: (device: string) => Micros | undefined;
  readonly stage: Stage;
  readonly onConnection: (device: string, connected: boolean) => void;
  readonly onTrouble: (where: string, words: string) => void;
}

/** The devices that publish to one broker, each with a connection of its own. */
export class MqttPlayer implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly devices: readonly MqttDevice[];
  readonly #options: MqttPlayerOptions;
  /** Troubles that have been told and not been over since: six hundred devices without a broker are one trouble. */
  readonly #told = new Set<string>();

  constructor(link: string, options: MqttPlayerOptions) {
    this.link = link;
    this.#options = options;
    const { access, stage, every, onConnection, onTrouble } = options;
    this.devices = options.instruments.map((instrument) => {
      const { id, section } = instrument.device;
      if (!("payload" in section)) throw new InternalError("INTERNAL", `${id} is no MQTT device`);
      return new MqttDevice({
        instrument,
        section: section.payload,
        access,
        stage,
        every: every(id),
        onConnected: (connected) => {
          if (connected) this.#told.clear();
          onConnection(id, connected);
        },
        onTrouble: (words) => {
          if (this.#told.has(words)) return;
          this.#told.add(words);
          onTrouble(id, words);
        },
      });
    });
  }

  start(): Promise<void> {
    for (const device of this.devices) device.start();
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    for (const device of this.devices) device.tick(moment);
  }

  reached(): Reached[] {
    return this.#options.instruments.map(({ device }, i) => ({
      device: device.id,
      name: device.name,
      profile: device.profile,
      link: device.link,
      where: `${this.#options.access.url} ${this.devices[i]!.topic}`,
      channels: device.channels.length,
    }));
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.devices.map((device) => device.stop()));
  }
}
