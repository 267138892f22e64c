import { setTimeout as sleep } from "node:timers/promises";
import { compileReader } from "../../../drivers/modbus/codec.ts";
import { isBitTable, place } from "../../../drivers/modbus/registers.ts";
import type { Profile } from "../../../drivers/profile.ts";
import { asTocsinError, describe } from "../../../model/error.ts";
import type { Asker } from "./asker.ts";

/** A unit that answered. */
export interface FoundUnit {
  readonly unit: number;
  /** What it says of itself (FC 43/14); empty when it does not know that function. */
  readonly identity: Readonly<Record<string, string>>;
  /** Ids of profiles whose known numbers stand where they should. */
  readonly profiles: readonly string[];
}

/** How often a question is put again while the connection is being made anew. */
const MOST_RECONNECTS = 5;
const RECONNECT_MS = 500;

/**
 * Asks each unit for one register: who answers, be it with an exception, is there; then who it is. Reads only, and only what any
 * instrument bears: register 0, the identification, and the registers that known products identify themselves by.
 * @throws NetworkError when the link cannot be used at all.
 */
export async function* findUnits(
  asker: Asker,
  { units, profiles }: { units: readonly number[]; profiles: readonly Profile[] },
): AsyncGenerator<FoundUnit | { readonly silent: number }> {
  for (const unit of units) {
    const there = await patiently(async () => {
      const code = await failureOf(asker.raw({ unit, table: "holding", address: 0, count: 1 }));
      return code === undefined || code === "DEVICE_EXCEPTION" || code === "DEVICE_ANSWER";
    });
    if (there) {
      const identity = await asker.identify(unit).catch(() => ({}));
      yield { unit, identity, profiles: await fitting(asker, unit, profiles) };
    } else yield { silent: unit };
    await asker.rest();
  }
}

/** The code of what a device did wrong; undefined when it did answer. @throws what is no fault of the device */
async function failureOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked;
    return undefined;
  } catch (thrown) {
    const error = asTocsinError(thrown);
    if (error.fault !== "device") throw error;
    // A gateway says for a unit behind it that it does not answer (exceptions 10 and 11 of V1.1b3, section 7).
    return /exception 1[01]\b/i.test(describe(error)) ? "DEVICE_TIMEOUT" : error.code;
  }
}

/** A connection on which much was silent is made anew: that is no answer yet. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (asTocsinError(thrown).fault !== "network" || attempt >= MOST_RECONNECTS) throw thrown;
      await sleep(RECONNECT_MS);
    }
  }
}

async function fitting(asker: Asker, unit: number, profiles: readonly Profile[]): Promise<string[]> {
  const known = new Map<string, Uint8Array | undefined>();
  const found: string[] = [];
  for (const { id, modbus } of profiles) {
    if (modbus === undefined || modbus.selfCheck.length === 0) continue;
    let fits = true;
    for (const { register, equals } of modbus.selfCheck) {
      const { table, address, count, format } = place(modbus, register);
      const key = `${table} ${address} ${count}`;
      if (!known.has(key))
        known.set(key, await asker.raw({ unit, table, address, count }).catch(() => undefined));
      const bytes = known.get(key);
      fits &&= bytes !== undefined && !isBitTable(table) && compileReader(format)(bytes, 0) === equals;
    }
    if (fits) found.push(id);
  }
  return found;
}
