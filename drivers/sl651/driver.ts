import { ConfigurationError, DeviceError, InternalError } from "../../model/error.ts";
import { parseListen } from "../../model/listen.ts";
import { REASON } from "../../model/quality.ts";
import { type Micros, SECOND, type Timer } from "../../model/time.ts";
import type { Driver, DriverContext, Intake, SnapshotValue, Stranger } from "../driver.ts";
import type { RequestAnswer, RequestOrder } from "../request.ts";
import type { Connection } from "../tcp/connection.ts";
import { networkList } from "../tcp/networks.ts";
import { TcpServer } from "../tcp/server.ts";
import { Session } from "../tcp/session.ts";
import { zoneOf } from "../zone.ts";
import { answer } from "./answering.ts";
import { Centre } from "./centre.ts";
import { Complaints } from "./complaints.ts";
import type { Frame } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Sl651Address, Sl651Options } from "./options.ts";
import type { Sl651Section } from "./profile.ts";
import type { Station } from "./station.ts";
import { formatStationAddress } from "./station-address.ts";

/** A context of this driver. */
export type Sl651Context = DriverContext<Sl651Options, Sl651Address, Sl651Section>;

/** How often time-outs are looked after. */
const WATCH_EVERY: Micros = 1 * SECOND;
const PASSWORD = /^[0-9A-Fa-f]{4}$/;

/** Creates the server of one link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): Sl651Driver {
  return new Sl651Driver(context as Sl651Context);
}

/**
 * A server for hydrological stations of SL 651-2014. Stations dial in and report; a report is confirmed once it is on disk, and a
 * station that stays online can be asked.
 */
export class Sl651Driver implements Driver {
  readonly #context: Sl651Context;
  readonly #offset: Micros;
  readonly #centre: Centre;
  readonly #byDevice = new Map<number, Station>();
  readonly #complaints: Complaints;
  readonly #server: TcpServer;
  #intake: Intake | undefined;
  #watch: Timer | undefined;
  #detach: (() => void) | undefined;

  constructor(context: Sl651Context) {
    this.#context = context;
    const { options, devices, clock, counters, log } = context;
    this.#offset = zoneOf(options.zone);
    const own = { link: context.link.id, clock, counters, log };
    this.#complaints = new Complaints({ ...own, strangers: options.limits.strangers });
    this.#centre = new Centre({
      ...own,
      options,
      devices,
      offset: this.#offset,
      complaints: this.#complaints,
    });
    for (const station of this.#centre.stations.values()) {
      this.#byDevice.set(station.device.device.index, station);
    }
    const { limits } = options;
    this.#server = new TcpServer({
      address: parseListen(options.listen) ?? { host: "127.0.0.1", port: 0 },
      permitted: networkList(options.from),
      limits: { ...limits, partial: limits.frameTimeout, hello: limits.firstFrame, idle: limits.silence },
      clock,
      open: (connection) => this.#open(connection),
      congested: () => this.#intake?.congested ?? true,
      witness: this.#complaints.peers,
    });
  }

  get listening(): string {
    return this.#server.listening;
  }

  /** Stations that call and that the site does not have. */
  strangers(): Stranger[] {
    return this.#complaints.peers.strangers.list();
  }

  /** Confirmations that wait for the disk. */
  get held(): number {
    return this.#centre.held;
  }

  /** Connections open now. */
  get connections(): number {
    return this.#server.connections;
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE; ConfigurationError SECRET_MISSING, CONFIG_INVALID */
  async start(intake: Intake): Promise<void> {
    const { options, link, log, secret } = this.#context;
    const password = options.password === undefined ? undefined : parsePassword(secret(options.password));
    this.#intake = intake;
    this.#complaints.intake = intake;
    this.#centre.start(intake, password);
    this.#detach = intake.onRelieved(() => this.#server.resume());
    try {
      await this.#server.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
    log.info({ link: link.id, listening: this.listening }, "SL 651 server listens");
    this.#armWatch();
    intake.linkHealth(link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    this.#watch?.cancel();
    await this.#centre.stop();
    this.#detach?.();
    await this.#server.stop();
    this.#intake = undefined;
    this.#complaints.intake = undefined;
  }

  /** @throws DeviceError DEVICE_TIMEOUT when the station has said nothing since the link began. */
  read(device: number, _signal: AbortSignal): Promise<SnapshotValue[]> {
    const { last, mapping, address, names } = this.#stationOf(device);
    if (!last.silent) {
      return Promise.resolve(last.explain(mapping, { address, offset: this.#offset, names }));
    }
    const error = new DeviceError(
      "DEVICE_TIMEOUT",
      "the station has said nothing since the gateway started",
      {
        hint: `it dials in by itself: look at its address ${formatStationAddress(address)} and at the centre's in its settings`,
      },
    );
    return Promise.reject(error);
  }

  /** Asks or tells a station what request-kinds.ts lists. Elements in the answer enter as readings, too. @throws as `Driver.request` */
  async request(order: RequestOrder): Promise<RequestAnswer> {
    const { questions, upkeep } = this.#centre;
    const { clock } = this.#context;
    const station = this.#stationOf(order.device);
    return await answer(
      { station, questions, upkeep, offset: this.#offset, wall: () => clock.wall() },
      order,
    );
  }

  #stationOf(device: number): Station {
    const station = this.#byDevice.get(device);
    if (station === undefined) throw new InternalError("INTERNAL", `device ${device} is not on this link`);
    return station;
  }

  #open(connection: Connection): Session {
    const reader = (session: Session) =>
      new FrameReader({
        frame: (frame, raw) => {
          session.heard();
          this.#frame(session, frame, raw);
        },
        spoiled: (why, raw) => {
          connection.spoiled();
          this.#complaints.spoiled(connection, why, raw);
        },
      });
    return new Session(connection, reader);
  }

  #frame(session: Session, frame: Frame, raw: Uint8Array): void {
    if (this.#intake === undefined || !this.#centre.admits(session, frame)) return;
    if (session.connection.introduce()) this.#centre.take(session, frame, raw);
  }

  #armWatch(): void {
    this.#watch = this.#context.clock.after(WATCH_EVERY, () => {
      this.#centre.watch(this.#context.clock.now());
      this.#armWatch();
    });
  }
}

function parsePassword(secret: string): number {
  if (!PASSWORD.test(secret)) {
    throw new ConfigurationError("CONFIG_INVALID", "the password of the stations is not four hex digits");
  }
  return Number.parseInt(secret, 16);
}
