import { ConfigurationError, DeviceError } from "../../model/error.ts";
import type { Clock, Micros } from "../../model/time.ts";
import { WRITE_BOUND, type WriteOrder, type WriteResult } from "../driver.ts";
import type { Bus } from "./bus.ts";
import type { CompiledDevice } from "./compile.ts";
import type { Pauses } from "./pauses.ts";
import { writeOutput } from "./writing.ts";

export interface WriteQueueOptions {
  readonly bus: Bus;
  readonly pauses: Pauses;
  readonly clock: Clock;
  readonly timeout: Micros;
}

/** Writes of a link, one after the other: what one reads back was not written by the next. */
export class WriteQueue {
  readonly #o: WriteQueueOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: WriteQueueOptions) {
    this.#o = options;
  }

  /**
   * Writes an output of a device and reads it back, within WRITE_BOUND.
   * @throws as `Driver.write`.
   */
  async write(device: CompiledDevice, { output: id, value }: WriteOrder): Promise<WriteResult> {
    const output = device.outputs.get(id);
    if (output === undefined) {
      throw new ConfigurationError("WRITE_REFUSED", `${device.id}: writing ${id} is not allowed`, {
        hint: `list it in the site file: writes: { allow: [${id}] }`,
      });
    }
    const raw = output.raw(value);
    const { bus, pauses, clock, timeout } = this.#o;
    const { promise: late, reject } = Promise.withResolvers<never>();
    let over = false;
    const timer = clock.after(WRITE_BOUND, () => {
      over = true;
      reject(
        new DeviceError(
          "DEVICE_TIMEOUT",
          `${device.id}: ${id} was not written and read back within ${WRITE_BOUND / 1_000_000} s; whether it was written is not known`,
        ),
      );
    });
    const { workarounds, unit } = device;
    const written = this.#last.then(() => {
      return writeOutput({
        output,
        raw,
        unit,
        anyUnit: workarounds.acceptAnyUnit,
        bus,
        pauses,
        timeout,
        pause: workarounds.pauseBetweenRequests,
        abandoned: () => over,
        urgent: true,
      });
    });
    // What became of one write is told to who wanted it, and is nothing to the next.
    this.#last = written.catch(() => undefined);
    try {
      return await Promise.race([written, late]);
    } finally {
      timer.cancel();
    }
  }
}
