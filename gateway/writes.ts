import type { Driver, OutputDescription } from "../drivers/driver.ts";
import type { Counters } from "../model/counter.ts";
import { asTocsinError, describe } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { Configuration } from "./configuration.ts";

/** What somebody, or a route, wants to be switched or set. */
export interface WriteWish {
  /** Id of the device. */
  readonly device: string;
  /** Id of the output in its profile. */
  readonly output: string;
  /** In the output's unit, or the name of a state. */
  readonly value: number | string;
  /** Who wants it, for the log. */
  readonly user: string;
  readonly reason: string;
  /** One of many that only keep something as it is: not told in the log unless it fails. */
  readonly routine?: boolean;
}

/** What came of it. */
export type Written =
  | { readonly outcome: "written"; readonly verified: boolean; readonly to: string }
  /** Nothing was written: it is not allowed, or not a value the output takes. */
  | { readonly outcome: "not-allowed"; readonly detail: string }
  /** It is not known to stand there: the device did not answer, refused, or shows something else. */
  | { readonly outcome: "device-failed"; readonly detail: string };

export interface WritesOptions {
  readonly configuration: Configuration;
  /** By link id. */
  readonly drivers: () => ReadonlyMap<string, Driver>;
  /** A write failed, or succeeded where one had failed: `subject` is the output. */
  readonly onOutcome: (subject: string, failed: boolean, note: string) => void;
  readonly log: Log;
  readonly counters: Counters;
}

/** Subject of `write-failed`: the output of a device. */
export function outputSubject(device: string, output: string): string {
  return `output@${device}.${output}`;
}

/**
 * The one way in which something is written to instruments, whoever wants it. Only what the site file lists is; a write that is not
 * known to stand where it should raises `write-failed` until one to the same output succeeds. Who carries out a command records it.
 */
export class Writes {
  readonly #o: WritesOptions;
  /** What became of the last write to each output: the rules hear of changes, and once after a start. */
  readonly #failed = new Map<string, boolean>();

  constructor(options: WritesOptions) {
    this.#o = options;
  }

  /** Writes and reads back; settles within the drivers' WRITE_BOUND. Never rejects. */
  async write(wish: WriteWish): Promise<Written> {
    const { log } = this.#o;
    const target = this.#target(wish);
    if (typeof target === "string") return this.#count({ outcome: "not-allowed", detail: target });
    const { device, driver, value } = target;
    const { output, user, reason, routine = false } = wish;
    // Before it is on the wire: should the machine fail meanwhile, it is known that it was tried.
    log[routine ? "debug" : "info"](
      { device: wish.device, output, value, user, reason },
      "a device is written to",
    );
    const subject = outputSubject(wish.device, output);
    try {
      const { verified, to } = await driver.write({ device, output, value });
      this.#tell(subject, false, "");
      return this.#count({ outcome: "written", verified, to });
    } catch (thrown) {
      const detail = describe(thrown);
      if (asTocsinError(thrown).code === "WRITE_REFUSED")
        return this.#count({ outcome: "not-allowed", detail });
      log.error({ device: wish.device, output, value, user, reason: detail }, "a write failed");
      this.#tell(subject, true, `${user}: ${output} = ${wish.value}; ${detail}`);
      return this.#count({ outcome: "device-failed", detail });
    }
  }

  #tell(subject: string, failed: boolean, note: string): void {
    if (this.#failed.get(subject) === failed) return;
    this.#failed.set(subject, failed);
    this.#o.onOutcome(subject, failed, note);
  }

  #count(written: Written): Written {
    this.#o.counters
      .counter({
        name: "device_writes",
        help: "Writes to devices that were asked for, by what came of them.",
        labels: { outcome: written.outcome },
      })
      .add();
    return written;
  }

  /** Where the wish leads, or why nowhere. */
  #target({
    device: id,
    output: name,
    value,
  }: WriteWish):
    | { device: number; driver: Driver & Required<Pick<Driver, "write">>; value: number }
    | string {
    const { configuration, drivers } = this.#o;
    const { site } = configuration;
    const device = site.devices.find((candidate) => candidate.id === id);
    if (device === undefined) return `no device is called ${JSON.stringify(id)}`;
    const link = site.links[device.link]!;
    const onLink = configuration.devicesOf(link.index).find((one) => one.device.index === device.index);
    const outputs = configuration.drivers.get(link.type)?.outputs?.(onLink?.profile) ?? [];
    const output = outputs.find((candidate) => candidate.id === name);
    if (output === undefined) return `${id} has no output ${JSON.stringify(name)}`;
    if (onLink?.writes?.includes(name) !== true)
      return `the site file does not allow ${name} of ${id} to be written`;
    const number = numberOf(output, value);
    if (number === undefined) return `${name} of ${id} cannot be ${JSON.stringify(value)}: ${said(output)}`;
    const driver = drivers().get(link.id);
    if (driver === undefined || !canWrite(driver)) return `the link of ${id} is not open, or cannot write`;
    return { device: device.index, driver, value: number };
  }
}

function canWrite(driver: Driver): driver is Driver & Required<Pick<Driver, "write">> {
  return driver.write !== undefined;
}

/** The number for a value that may be the name of a state. */
function numberOf({ states }: OutputDescription, value: number | string): number | undefined {
  if (typeof value === "string")
    return states !== undefined && Object.hasOwn(states, value) ? states[value] : undefined;
  if (states !== undefined && !Object.values(states).includes(value)) return undefined;
  return value;
}

function said({ states, range, unit }: OutputDescription): string {
  if (states !== undefined) return Object.keys(states).join(", ");
  return range === undefined
    ? "a number"
    : `${range.low} to ${range.high}${unit === undefined ? "" : ` ${unit}`}`;
}
