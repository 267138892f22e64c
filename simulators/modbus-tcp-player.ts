import { describe } from "../model/error.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Instrument } from "./instrument.ts";
import { framingOf } from "./modbus-frame.ts";
import { ModbusServer } from "./modbus-server.ts";
import { modbusLine } from "./modbus-session.ts";
import { isLinkDead, modbusReached, modbusUnits } from "./modbus-units.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";
import type { Stage } from "./stage.ts";

export interface ModbusTcpOptions {
  readonly type: "modbus-tcp" | "modbus-rtu-over-tcp" | "modbus-ascii-over-tcp";
  readonly endpoint: Endpoint;
  readonly unknownUnit: "silent" | "exception" | undefined;
  readonly instruments: readonly Instrument[];
  readonly stage: Stage;
  readonly onTrouble: (words: string) => void;
}

/** The instruments of a Modbus link over TCP: all units behind one port, which closes while the link is dead. */
export class ModbusTcpPlayer implements Player {
  readonly link: string;
  readonly #options: ModbusTcpOptions;
  readonly #server: ModbusServer;
  #dead = false;

  constructor(link: string, options: ModbusTcpOptions) {
    this.link = link;
    this.#options = options;
    const overTcp = options.type === "modbus-tcp";
    const line = modbusLine({
      framing: framingOf(options.type),
      units: modbusUnits(options.instruments),
      unknownUnit: options.unknownUnit ?? (overTcp ? "exception" : "silent"),
      stage: options.stage,
    });
    this.#server = new ModbusServer(line, options.endpoint, (trouble) =>
      options.onTrouble(describe(trouble)),
    );
  }

  get endpoint(): Endpoint {
    return this.#server.endpoint;
  }

  async start(): Promise<void> {
    await this.#server.start();
  }

  tick(moment: Moment): void {
    const dead = isLinkDead(this.#options.instruments, moment);
    if (dead === this.#dead) return;
    this.#dead = dead;
    if (dead) this.#server.die();
    else this.#server.revive();
  }

  reached(): Reached[] {
    return modbusReached(this.#options.instruments, formatEndpoint(this.endpoint));
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
