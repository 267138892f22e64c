import { runChild } from "../support/child.ts";
import { requireProgram } from "./available.ts";

/** The four tables of Modbus and the number that `mbpoll -t` gives each. */
const tableNumbers = { coils: 0, discrete: 1, input: 3, holding: 4 } as const;

/** A table of a Modbus unit. */
export type ModbusTable = keyof typeof tableNumbers;

/** Where a unit is reached: Modbus TCP, or RTU on a serial port (8 data bits, 1 stop bit). */
export type ModbusAddress =
  | { host: string; port: number }
  | { path: string; baudRate?: number; parity?: "none" | "even" | "odd" };

/** What to read; `address` counts from 0 as in the protocol. */
export interface MbpollRequest {
  unit: number;
  table: ModbusTable;
  address: number;
  count: number;
  /** The unit may take so long, in seconds (0.01 to 10). */
  timeoutS?: number;
}

const defaultBaudRate = 9_600;

/** `[12]: 	345` or `[12]: 	65535 (-1)`: the first number is the unsigned one. */
const valueLine = /^\[(\d+)\]:\s*(\d+)/;

/**
 * Reads with `mbpoll`: registers as unsigned 16-bit numbers, bits as 0 or 1.
 *
 * @throws {Error} with mbpoll's words ("Illegal data address", "Connection timed out", …).
 */
export async function mbpollRead(target: ModbusAddress, request: MbpollRequest): Promise<number[]> {
  const lines = await mbpoll(target, request, []);
  const values = lines.flatMap((line) => valueLine.exec(line)?.slice(2, 3) ?? []).map(Number);
  if (values.length !== request.count) {
    throw new Error(
      `mbpoll printed ${values.length} values instead of ${request.count}:\n${lines.join("\n")}`,
    );
  }
  return values;
}

/**
 * Writes holding registers or coils with `mbpoll`.
 *
 * @throws {Error} with mbpoll's words when the unit refuses.
 */
export async function mbpollWrite(
  target: ModbusAddress,
  request: Omit<MbpollRequest, "count">,
  values: readonly number[],
): Promise<void> {
  await mbpoll(target, request, values.map(String));
}

async function mbpoll(
  target: ModbusAddress,
  { unit, table, address, count, timeoutS = 1 }: Omit<MbpollRequest, "count"> & { count?: number },
  values: readonly string[],
): Promise<string[]> {
  const where =
    "host" in target
      ? { mode: ["-m", "tcp", "-p", `${target.port}`], name: target.host }
      : {
          mode: ["-m", "rtu", "-b", `${target.baudRate ?? defaultBaudRate}`, "-P", target.parity ?? "none"],
          name: target.path,
        };
  const what = ["-0", "-1", "-a", `${unit}`, "-t", `${tableNumbers[table]}`, "-r", `${address}`];
  const amount = count === undefined ? [] : ["-c", `${count}`];
  const args = [...where.mode, ...what, ...amount, "-o", `${timeoutS}`, where.name, ...values];
  const { code, stdout, stderr } = await runChild(requireProgram("mbpoll"), args, { withinMs: 30_000 });
  const failure = [...stderr, ...stdout].find((line) => /failed:|error|unable/i.test(line));
  if (code !== 0 || failure !== undefined) throw new Error(`mbpoll: ${failure ?? `ended with ${code}`}`);
  return stdout;
}
