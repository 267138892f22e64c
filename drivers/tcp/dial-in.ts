import { DeviceError } from "../../model/error.ts";
import { parseListen } from "../../model/listen.ts";
import { REASON } from "../../model/quality.ts";
import { MILLISECOND, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { Driver, DriverContext, Intake, SnapshotValue, Stranger } from "../driver.ts";
import type { Complaints } from "./complaints.ts";
import type { Connection, ConnectionLimits, Dialogue } from "./connection.ts";
import { networkList } from "./networks.ts";
import { TcpServer } from "./server.ts";

/** Stop waits this long for the disk, so that what can be answered is. */
const STOP_PATIENCE: Micros = 1 * SECOND;
const STOP_STEP: Micros = 10 * MILLISECOND;
/** How often a centre looks after its own time-outs. */
const WATCH_EVERY: Micros = 1 * SECOND;

/** What knows the devices of a link and makes readings of what they say. Knows no sockets. */
export interface DialInCentre {
  readonly complaints: Complaints;
  /** Answers that wait for the disk. */
  readonly waiting: number;
  open(connection: Connection): Dialogue;
  /** Begins to take frames. @throws ConfigurationError SECRET_MISSING, CONFIG_INVALID */
  start(intake: Intake): void;
  /** Everything up to this ticket is on disk. */
  release(durable: number): void;
  /** Nothing enters after this. */
  stop(): void;
  /** Looks after what has a time limit. */
  watch(now: Micros): void;
  /** What the channels of a device said last. */
  said(device: number): SnapshotValue[];
}

/** What the options of such a link have in common. */
export interface DialInOptions {
  readonly listen: string;
  readonly from?: readonly string[] | undefined;
  readonly limits: ConnectionLimits & { readonly connections: number; readonly waiting: number };
}

/** The driver of a link whose devices dial in, report, and wait for an answer that is given once the report is on disk. */
export class DialInDriver implements Driver {
  readonly #context: DriverContext<DialInOptions>;
  readonly #centre: DialInCentre;
  readonly #server: TcpServer;
  #intake: Intake | undefined;
  #watch: Timer | undefined;
  readonly #detach: (() => void)[] = [];

  constructor(context: DriverContext<DialInOptions>, centre: DialInCentre) {
    this.#context = context;
    this.#centre = centre;
    const { options, clock } = context;
    this.#server = new TcpServer({
      address: parseListen(options.listen) ?? { host: "127.0.0.1", port: 0 },
      permitted: networkList(options.from),
      limits: options.limits,
      clock,
      open: (connection) => centre.open(connection),
      congested: () => this.#intake?.congested ?? true,
      witness: centre.complaints,
    });
  }

  get listening(): string {
    return this.#server.listening;
  }

  strangers(): Stranger[] {
    return this.#centre.complaints.strangers.list();
  }

  /** Answers that wait for the disk. */
  get held(): number {
    return this.#centre.waiting;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#server.connections;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError SECRET_MISSING, CONFIG_INVALID */
  async start(intake: Intake): Promise<void> {
    const { link, log } = this.#context;
    this.#centre.start(intake);
    this.#centre.complaints.intake = intake;
    this.#intake = intake;
    this.#detach.push(
      intake.onDurable((durable) => this.#centre.release(durable)),
      intake.onRelieved(() => this.#server.resume()),
    );
    try {
      await this.#server.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    log.info({ link: link.id, type: link.type, listening: this.listening }, "devices may dial in");
    this.#watchAfter();
    intake.linkHealth(link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    this.#watch?.cancel();
    this.#centre.stop();
    const { clock } = this.#context;
    const end = clock.now() + STOP_PATIENCE;
    while (this.#centre.waiting > 0 && clock.now() < end) {
      await new Promise<void>((resolve) => clock.after(STOP_STEP, resolve));
    }
    for (const detach of this.#detach.splice(0)) detach();
    await this.#server.stop();
    this.#intake = undefined;
    this.#centre.complaints.intake = undefined;
  }

  /** @throws DeviceError DEVICE_TIMEOUT when the device has said nothing since the link began. */
  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    const values = this.#centre.said(device);
    if (values.length > 0) return Promise.resolve(values);
    const error = new DeviceError("DEVICE_TIMEOUT", "the device has said nothing since the gateway started", {
      hint: "it dials in by itself: look at the centre's address and port, and at its own identity, in its settings",
    });
    return Promise.reject(error);
  }

  #watchAfter(): void {
    const { clock } = this.#context;
    this.#watch = clock.after(WATCH_EVERY, () => {
      this.#centre.watch(clock.now());
      this.#watchAfter();
    });
  }
}
