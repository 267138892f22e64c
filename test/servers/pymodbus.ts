import { join } from "node:path";
import { requireProgram } from "./available.ts";
import type { ModbusTable } from "./mbpoll.ts";
import { ServerProcess } from "./server-process.ts";

/** One table of a unit. A register holds its own address, and a bit the lowest bit of it, unless told otherwise. */
export interface PymodbusTable {
  /** Values from an address on (registers 0 to 65535, bits 0 or 1). */
  values?: Record<number, number[]>;
  /** `[first, count]`: addresses that answer exception 2. */
  holes?: [number, number][];
  /** Whether all addresses that `values` does not name are holes. */
  only?: boolean;
}

/** One unit: tables that are not named hold their own addresses. */
export type PymodbusUnit = Partial<Record<ModbusTable, PymodbusTable>>;

/** Options of {@link startPymodbus}. */
export interface PymodbusOptions {
  /** By unit id; others do not answer. One unit 1 unless told otherwise. */
  units?: Record<number, PymodbusUnit>;
  /** Path of a serial port, served as RTU; a free TCP port otherwise. */
  serial?: string;
  /** How frames look: on TCP `socket` is Modbus TCP, `rtu` and `ascii` are passed through; a serial port takes the latter two. */
  framer?: "socket" | "rtu" | "ascii";
}

/** A foreign Modbus server of one test. */
export interface Pymodbus extends AsyncDisposable {
  readonly host: string;
  /** 0 on a serial port. */
  readonly port: number;
  readonly server: ServerProcess;
  /** Changes values, as the process being measured would; resolves once they are in force. */
  set(change: { unit: number; table: ModbusTable; address: number; values: number[] }): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Starts it again on its port, with the values of the beginning. */
  start(): Promise<void>;
  restart(): Promise<void>;
}

const script = join(import.meta.dirname, "pymodbus_server.py");

/** Starts Debian's pymodbus 3.0 as a Modbus TCP, RTU or RTU-over-TCP server. */
export async function startPymodbus(options: PymodbusOptions = {}): Promise<Pymodbus> {
  const { serial, units = { 1: {} } } = options;
  const framer = options.framer ?? (serial === undefined ? "socket" : "rtu");
  const server = await ServerProcess.start({
    name: "pymodbus",
    ports: serial === undefined ? 1 : 0,
    command: ([port]) => {
      const transport = serial === undefined ? { tcp: port } : { serial };
      return {
        command: requireProgram("pymodbus"),
        args: [script, JSON.stringify({ transport, framer, units })],
      };
    },
    bound: /^listening /,
    // It prints that line only once it serves.
    answers: () => Promise.resolve(true),
  });
  const stop = () => server.stop();

  function set(change: {
    unit: number;
    table: ModbusTable;
    address: number;
    values: number[];
  }): Promise<void> {
    const { child } = server;
    return new Promise((resolve, reject) => {
      const forget = child.onLine(({ stream, text }) => {
        if (stream !== "stdout" || text !== "set") return;
        forget();
        resolve();
      });
      void child.exited.then(() =>
        reject(new Error(`pymodbus ended before it had set a value\n${child.tail()}`)),
      );
      child.write(`${JSON.stringify(change)}\n`);
    });
  }

  // Answers carry no name: one change at a time, so that each caller gets its own.
  let last: Promise<void> = Promise.resolve();
  return {
    host: "127.0.0.1",
    port: serial === undefined ? server.port() : 0,
    server,
    set: (change) => {
      last = last.catch(() => {}).then(() => set(change));
      return last;
    },
    stop,
    kill: () => server.kill(),
    start: () => server.start(),
    restart: () => server.restart(),
    [Symbol.asyncDispose]: stop,
  };
}
