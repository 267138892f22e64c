import { ConfigurationError, DeviceError, describe } from "../../model/error.ts";
import type { Micros } from "../../model/time.ts";
import type { WriteResult } from "../driver.ts";
import type { Bus, Exchange } from "./bus.ts";
import { compileReader, readBit } from "./codec.ts";
import { encode } from "./encode.ts";
import { isSilence, ModbusException } from "./failure.ts";
import { type Output, statesOf } from "./outputs.ts";
import type { Pauses } from "./pauses.ts";
import { where } from "./planner.ts";
import type { ModbusSection } from "./profile.ts";
import { isBitTable, type Place, place } from "./registers.ts";
import { BROADCAST, type WriteRequest } from "./request.ts";

/** A value may miss the nearest raw number by this share of it: 0.1 has no exact double. */
const ROUNDING = 1e-9;

/** An output of a device, ready to be written. */
export interface CompiledOutput {
  readonly id: string;
  readonly place: Place;
  readonly single: boolean;
  readonly word: boolean;
  readonly broadcast: boolean;
  /** Where it is read back; undefined: it cannot be. */
  readonly verify: Place | undefined;
  /** Time before that. */
  readonly settle: Micros;
  /** The raw number for a value. @throws ConfigurationError WRITE_REFUSED when it is none that may be written. */
  readonly raw: (value: number) => number;
}

/**
 * Compiles an output of a profile.
 * @throws ConfigurationError PROFILE_INVALID when it is outside its table.
 */
export function compileOutput(section: ModbusSection, id: string): CompiledOutput {
  const output = section.outputs[id]!;
  const written = place(section, output);
  const { verify } = output;
  return {
    id,
    place: written,
    single: output.function === undefined ? written.count === 1 : output.function <= 6,
    word: output.word,
    broadcast: output.broadcast,
    verify: verify === "none" ? undefined : verify === "read-back" ? written : place(section, verify),
    settle: output.settle,
    raw: rawOf(id, output),
  };
}

function rawOf(id: string, output: Output): (value: number) => number {
  const refuse = (words: string): never => {
    throw new ConfigurationError("WRITE_REFUSED", `output ${id}: ${words}`);
  };
  const states = statesOf(output);
  if (states !== undefined) {
    const raws = new Set(Object.values(states));
    return (value) => {
      if (raws.has(value)) return value;
      const known = Object.entries(states).map(([name, raw]) => `${name} (${raw})`);
      return refuse(`${value} is none of its states: ${known.join(", ")}`);
    };
  }
  const { range, scale, offset, type, unit } = output;
  const whole = type !== "f32" && type !== "f64";
  return (value) => {
    if (range !== undefined && !(value >= range.low && value <= range.high))
      refuse(`${value} is outside ${range.low} to ${range.high}${unit === undefined ? "" : ` ${unit}`}`);
    const raw = (value - offset) / scale;
    if (!whole) return raw;
    const nearest = Math.round(raw);
    if (Math.abs(raw - nearest) > ROUNDING * Math.max(1, Math.abs(raw)))
      refuse(`${value} cannot be written exactly; the nearest is ${nearest * scale + offset}`);
    return nearest;
  };
}

export interface Writing {
  readonly output: CompiledOutput;
  readonly raw: number;
  readonly unit: number;
  readonly anyUnit: boolean;
  readonly bus: Bus;
  readonly pauses: Pauses;
  readonly timeout: Micros;
  readonly pause: Micros;
  /** True: nobody waits any more, and what is not on the wire yet stays off it. */
  readonly abandoned: () => boolean;
  /** Goes before what waits. */
  readonly urgent: boolean;
}

/** What is put on the wire for an output. @throws ConfigurationError WRITE_REFUSED when the number does not fit its type. */
function writeRequest({ output, raw, unit, anyUnit }: Writing): WriteRequest {
  const { table, address, count, format } = output.place;
  let values: number[];
  try {
    values = output.word
      ? encode(raw, { type: "u16", order: "ABCD" })
      : isBitTable(table)
        ? [raw === 0 ? 0 : 1]
        : encode(raw, format);
  } catch (error) {
    throw new ConfigurationError("WRITE_REFUSED", `output ${output.id}: ${describe(error)}`, {
      cause: error,
    });
  }
  return {
    table: table === "coil" ? "coil" : "holding",
    address,
    count,
    unit: output.broadcast ? BROADCAST : unit,
    anyUnit,
    values,
    single: output.single,
    ...(output.word ? { word: true } : {}),
  };
}

/** Writes without reading back: what a trigger needs. @throws as `Bus.exchange`; ConfigurationError WRITE_REFUSED */
export async function writeOnce(writing: Writing): Promise<WriteRequest> {
  const request = writeRequest(writing);
  const { bus, timeout, pause, abandoned, urgent } = writing;
  const done = await bus.exchange({ request, timeout, pause, abandoned, urgent });
  if (done === undefined) throw new DeviceError("DEVICE_TIMEOUT", `${where(request)}: its turn did not come`);
  return request;
}

/**
 * Writes an output and reads it back. An answer that was lost does not decide: what stands there does.
 * @throws DeviceError WRITE_UNVERIFIED when something else stands there, and what `Bus.exchange` throws.
 */
export async function writeOutput(writing: Writing): Promise<WriteResult> {
  const { output, pauses } = writing;
  let failure: unknown;
  try {
    await writeOnce(writing);
  } catch (error) {
    const lost = isSilence(error) && error instanceof DeviceError && !(error instanceof ModbusException);
    if (!lost || output.verify === undefined) throw error;
    failure = error;
  }
  const request = writeRequest(writing);
  const told = { to: where(request), raw: rawText(request.values, request.table) };
  if (output.verify === undefined) return { verified: false, ...told };
  if (output.settle > 0) await pauses.wait(output.settle);
  const found = await readPlace(writing, output.verify);
  if (found === expectedAt(writing, output.verify)) return { verified: true, ...told };
  if (failure !== undefined) throw failure;
  throw new DeviceError(
    "WRITE_UNVERIFIED",
    `${told.to}: ${told.raw} was written, and ${where({ ...output.verify, unit: writing.unit })} is ${found}, not ${expectedAt(writing, output.verify)}`,
  );
}

/** What must be read where an output is read back. */
function expectedAt({ raw }: Writing, { table, format }: Place): number {
  if (isBitTable(table)) return raw === 0 ? 0 : 1;
  return format.type === "f32" ? Math.fround(raw) : raw;
}

async function readPlace(writing: Writing, at: Place): Promise<number> {
  const { bus, unit, anyUnit, timeout, pause, abandoned, urgent } = writing;
  const { table, address, count } = at;
  const exchange: Exchange = {
    request: { table, address, count, unit, anyUnit },
    timeout,
    pause,
    abandoned,
    urgent,
  };
  const bytes = await bus.exchange(exchange);
  if (bytes === undefined) {
    throw new DeviceError(
      "WRITE_UNVERIFIED",
      `${where(exchange.request)}: there was no time to read it back`,
    );
  }
  return isBitTable(table) ? readBit(bytes, 0) : compileReader(at.format)(bytes, 0);
}

function rawText(values: readonly number[], table: WriteRequest["table"]): string {
  if (table === "coil") return String(values[0]);
  return values.map((word) => `0x${word.toString(16).toUpperCase().padStart(4, "0")}`).join(" ");
}
