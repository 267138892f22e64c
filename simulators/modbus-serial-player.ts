import type { Instrument } from "./instrument.ts";
import { framingOf } from "./modbus-frame.ts";
import { ModbusSerial, type SerialSettings } from "./modbus-serial.ts";
import { modbusLine } from "./modbus-session.ts";
import { modbusReached, modbusUnits } from "./modbus-units.ts";
import type { Player, Reached } from "./player.ts";
import { openPseudoTerminals, type PseudoTerminals } from "./pseudo-terminal.ts";
import type { Stage } from "./stage.ts";

export interface ModbusSerialOptions {
  readonly type: "modbus-rtu" | "modbus-ascii";
  readonly settings: SerialSettings;
  /** The gateway's end of a pair of pseudo-terminals that is made for it. */
  readonly pair: string | undefined;
  readonly unknownUnit: "silent" | "exception" | undefined;
  readonly instruments: readonly Instrument[];
  readonly stage: Stage;
  readonly onTrouble: (words: string) => void;
}

/** The instruments of a serial bus. While the bus is dead they are silent: the cable is there, nobody speaks. */
export class ModbusSerialPlayer implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #options: ModbusSerialOptions;
  readonly #serial: ModbusSerial;
  #terminals: PseudoTerminals | undefined;
  #stopping = false;

  constructor(link: string, options: ModbusSerialOptions) {
    this.link = link;
    this.#options = options;
    const line = modbusLine({
      framing: framingOf(options.type),
      units: modbusUnits(options.instruments),
      unknownUnit: options.unknownUnit ?? "silent",
      stage: options.stage,
    });
    this.#serial = new ModbusSerial(line, options.settings);
  }

  async start(): Promise<void> {
    const { pair, settings, stage, onTrouble } = this.#options;
    if (pair !== undefined) {
      const terminals = await openPseudoTerminals({ left: settings.path, right: pair }, stage.clock);
      this.#terminals = terminals;
      void terminals.gone.then(() => {
        if (!this.#stopping)
          onTrouble(`the pseudo-terminals ${settings.path} and ${pair} are gone: socat has ended`);
      });
    }
    await this.#serial.start();
  }

  tick(): void {}

  reached(): Reached[] {
    const { pair, settings, instruments } = this.#options;
    return modbusReached(instruments, pair ?? settings.path);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#serial.stop();
    await this.#terminals?.stop();
  }
}
