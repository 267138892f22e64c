import { SerialPort } from "serialport";
import { HostError } from "../model/error.ts";
import { type ModbusLine, ModbusSession } from "./modbus-session.ts";

/** How a serial port is set. */
export interface SerialSettings {
  readonly path: string;
  readonly baudRate: number;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
}

/** Instruments that answer with RTU frames on a serial port. */
export class ModbusSerial {
  readonly #line: ModbusLine;
  readonly #settings: SerialSettings;
  #port: SerialPort | undefined;
  #session: ModbusSession | undefined;

  constructor(line: ModbusLine, settings: SerialSettings) {
    this.#line = line;
    this.#settings = settings;
  }

  /**
   * Opens the port and answers.
   * @throws HostError ADDRESS_UNAVAILABLE when the port is not there or another program holds it.
   */
  async start(): Promise<void> {
    const { path, baudRate, parity, stopBits } = this.#settings;
    const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits: 8, autoOpen: false });
    try {
      await new Promise<void>((resolve, reject) => {
        port.open((failure) => (failure ? reject(failure) : resolve()));
      });
    } catch (cause) {
      throw new HostError("ADDRESS_UNAVAILABLE", `cannot open the serial port ${path}`, {
        cause,
        hint: "does it exist, may this user use it (group dialout), does another program hold it?",
      });
    }
    const session = new ModbusSession(this.#line, {
      send: (bytes) => port.write(bytes),
      // A serial line has no connection: what would be reset is silent instead.
      reset: () => {},
      pause: () => port.pause(),
      resume: () => port.resume(),
    });
    port.on("data", (bytes: Buffer) => session.receive(bytes));
    port.on("error", () => {});
    this.#port = port;
    this.#session = session;
  }

  /** Closes the port. */
  async stop(): Promise<void> {
    this.#session?.close();
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }
}
