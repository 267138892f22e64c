import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadConfiguration } from "../../gateway/config/load.ts";
import { Gateway } from "../../gateway/gateway.ts";
import type { Log } from "../../model/log.ts";
import type { Clock } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { Staff } from "./staff.ts";

/** A line of the gateway's log, as a test looks for it. */
export interface LogLine {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

interface StandOptions {
  readonly files?: Record<string, string>;
  readonly data?: string;
  readonly staff?: { username: string; password: string };
}

/** Keeps what is logged. */
class RecordingLog implements Log {
  readonly lines: LogLine[] = [];
  debug(): void {}
  info(fields: object, message: string): void {
    this.lines.push({ level: "info", message, fields: { ...fields } });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: "warn", message, fields: { ...fields } });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: "error", message, fields: { ...fields } });
  }
}

/**
 * A test stand: a site in a folder of its own, a gateway in this process that runs it (real sockets, threads and disk; the clock
 * can jump), and somebody on duty who hears its alerts.
 */
export class Stand implements AsyncDisposable {
  readonly folder = temporaryFolder("stand");
  readonly clock = new JumpingClock();
  readonly #log = new RecordingLog();
  readonly #data: string | undefined;
  readonly #identity: StandOptions["staff"];
  gateway!: Gateway;
  staff!: Staff;

  /** `files`: further files beside `site.yaml`. `data`: a data folder elsewhere. `staff`: as whom staff connects. */
  static async start(site: string, options: StandOptions = {}): Promise<Stand> {
    const stand = new Stand(options);
    for (const [name, text] of Object.entries({ "site.yaml": site, ...options.files })) {
      mkdirSync(dirname(stand.folder.join(name)), { recursive: true });
      writeFileSync(stand.folder.join(name), text);
    }
    try {
      await stand.start();
    } catch (thrown) {
      stand.folder.remove();
      throw thrown;
    }
    return stand;
  }

  private constructor({ data, staff }: StandOptions) {
    this.#data = data;
    this.#identity = staff;
  }

  /** Everything logged so far, at level `info` and above. */
  get log(): readonly LogLine[] {
    return this.#log.lines;
  }

  /** The data folder. */
  get data(): string {
    return this.#data ?? this.folder.join("data");
  }

  async start(): Promise<void> {
    this.gateway = await startGatewayHere(this.folder.join("site.yaml"), {
      clock: this.clock,
      log: this.#log,
      ...(this.#data === undefined ? {} : { data: this.#data }),
    });
    this.staff = await Staff.connect(this.gateway.addresses.mqtt!, this.#identity);
  }

  async stop(): Promise<void> {
    await this.staff.leave();
    await this.gateway.stop();
  }

  /** Sum of a counter over its labels. */
  counted(name: string): number {
    let sum = 0;
    for (const counter of this.gateway.counters) if (counter.name.name === name) sum += counter.total;
    return sum;
  }

  /** The alarms that are not normal: `rule subject state`. */
  standing(): string[] {
    return standing(this.gateway);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gateway.journal.resume();
    await this.stop();
    this.folder.remove();
  }
}

/** The alarms that are not normal: `rule subject state`, sorted. */
export function standing(gateway: Gateway): string[] {
  return [...gateway.engine.alarms()].map(({ rule, subject, state }) => `${rule} ${subject} ${state}`).sort();
}

/** Starts a gateway in this process. */
export function startGatewayHere(
  site: string,
  { clock, log, data }: { clock: Clock; log: Log; data?: string },
): Promise<Gateway> {
  return Gateway.start({
    configuration: loadConfiguration(site, data === undefined ? {} : { data }),
    clock,
    log,
  });
}
