import { packetOf } from "../drivers/modbus/dial-in-options.ts";
import { MINUTE, type Micros } from "../model/time.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { Instrument } from "./instrument.ts";
import type { Framing } from "./modbus-frame.ts";
import { ModbusModem, REDIAL } from "./modbus-modem.ts";
import { modbusLine } from "./modbus-session.ts";
import { isLinkDead, modbusReached, modbusUnits } from "./modbus-units.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";
import type { Stage } from "./stage.ts";

/** How a modem says who it is, as a site file writes it. */
interface Registration {
  readonly text?: string | undefined;
  readonly hex?: string | undefined;
  readonly imei?: string | undefined;
}

export interface ModbusModemOptions {
  /** Where the gateway waits for modems. */
  readonly server: Endpoint;
  readonly framing: Framing;
  readonly modems: Readonly<Record<string, Registration>>;
  readonly heartbeat: Registration | undefined;
  readonly instruments: readonly Instrument[];
  readonly stage: Stage;
}

/** How often a modem keeps its connection open. */
const HEARTBEAT_EVERY: Micros = MINUTE;

/** The modems that dial one gateway, each with the instruments on its serial line. While the link is dead they have no network. */
export class ModbusModemPlayer implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #options: ModbusModemOptions;
  readonly #modems: readonly ModbusModem[];
  #dead = false;

  constructor(link: string, options: ModbusModemOptions) {
    this.link = link;
    this.#options = options;
    const { server, framing, modems, heartbeat, instruments, stage } = options;
    this.#modems = Object.entries(modems).map(([id, registration]) => {
      const line = modbusLine({
        framing,
        units: modbusUnits(instruments.filter(({ device }) => device.address.modem === id)),
        unknownUnit: "silent",
        stage,
      });
      return new ModbusModem(line, {
        server,
        registration: registrationPacket(registration),
        heartbeat:
          heartbeat === undefined ? undefined : { bytes: packetOf(heartbeat), every: HEARTBEAT_EVERY },
        redial: REDIAL,
      });
    });
  }

  /** A gateway that is not there yet is a normal situation: modems dial again. */
  start(): Promise<void> {
    for (const modem of this.#modems) modem.start();
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    const dead = isLinkDead(this.#options.instruments, moment);
    if (dead === this.#dead) return;
    this.#dead = dead;
    for (const modem of this.#modems) {
      if (dead) modem.stop();
      else modem.start();
    }
  }

  reached(): Reached[] {
    return modbusReached(this.#options.instruments, `dials ${formatEndpoint(this.#options.server)}`);
  }

  stop(): Promise<void> {
    for (const modem of this.#modems) modem.stop();
    return Promise.resolve();
  }
}

function registrationPacket(registration: Registration): Buffer {
  return registration.imei === undefined
    ? packetOf(registration)
    : Buffer.from(`IMEI:${registration.imei}\r\n`);
}
