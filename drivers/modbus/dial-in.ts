import { ConfigurationError, InternalError } from "../../model/error.ts";
import { parseListen } from "../../model/listen.ts";
import { REASON } from "../../model/quality.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import type {
  Driver,
  DriverContext,
  Intake,
  RawRead,
  SnapshotValue,
  Stranger,
  WriteOrder,
  WriteResult,
} from "../driver.ts";
import { Strangers } from "../strangers.ts";
import { Complaints } from "../tcp/complaints.ts";
import type { Connection } from "../tcp/connection.ts";
import { networkList } from "../tcp/networks.ts";
import { TcpServer } from "../tcp/server.ts";
import { AsciiPort } from "./ascii-port.ts";
import { Berth } from "./berth.ts";
import type { ModbusDevice } from "./compile.ts";
import { DialInCounts } from "./dial-in-counts.ts";
import { type DialInAddress, type DialInOptions, packetOf } from "./dial-in-options.ts";
import { Dialling } from "./dialling.ts";
import { Heartbeats } from "./heartbeats.ts";
import { ModbusLink } from "./link.ts";
import { MbapPort } from "./mbap-port.ts";
import { Registrations } from "./registrations.ts";
import { RtuPort } from "./rtu-port.ts";
import { type MakePort, ModbusSession } from "./session.ts";

/** A modem that was lost is waited for again at once: nobody is dialled, so nobody is pestered. */
const NO_PAUSE: Micros = 100 * MILLISECOND;
/** Chunks a second from one modem before it is slowed down: a serial line of 115200 bit/s brings fewer. */
const MOST_CHUNKS = 1_000;
/** Bytes that may wait for a modem that does not take them; a question has a dozen. */
const OUTGOING_MOST = 65_536;
/** How much of an unknown packet is shown. */
const SHOWN_MOST = 64;

/** A modem of the site, with the devices behind it. */
interface Modem {
  readonly berth: Berth;
  readonly link: ModbusLink;
}

/** Creates the server of one link. @throws ConfigurationError when devices or options contradict each other. */
export function create(context: DriverContext): ModbusDialIn {
  return new ModbusDialIn(context);
}

/**
 * A link on which 4G modems dial in: each says who it is by its registration packet, and then carries the frames of the units on
 * its serial line. Every modem has a bus of its own, so none waits for another.
 */
export class ModbusDialIn implements Driver {
  readonly #context: DriverContext;
  readonly #modems = new Map<string, Modem>();
  readonly #byDevice = new Map<number, Modem>();
  readonly #counts: DialInCounts;
  readonly #complaints: Complaints;
  readonly #server: TcpServer;

  constructor(context: DriverContext) {
    this.#context = context;
    // The gateway has parsed them with the schemas of kinds.ts.
    const options = context.options as DialInOptions;
    const { link, clock, counters, log } = context;
    this.#counts = new DialInCounts(link.id, counters);
    const heartbeats = new Heartbeats(options.heartbeats.map(packetOf));
    for (const id of Object.keys(options.modems)) this.#modems.set(id, this.#modem(id, options));
    for (const { device, address } of context.devices) {
      const { modem: id } = address as DialInAddress;
      const modem = this.#modems.get(id);
      if (modem === undefined) throw new ConfigurationError("CONFIG_INVALID", noSuchModem(device.id, id));
      this.#byDevice.set(device.index, modem);
    }
    this.#complaints = new Complaints({
      link: link.id,
      clock,
      log,
      counts: this.#counts,
      strangers: new Strangers({
        link: link.id,
        protocol: "Modbus",
        bound: options.limits.strangers,
        clock,
        log,
      }),
    });
    const registrations = new Registrations(options.modems, heartbeats);
    const { limits } = options;
    this.#server = new TcpServer({
      address: parseListen(options.listen) ?? { host: "127.0.0.1", port: 0 },
      permitted: networkList(options.from),
      limits: {
        // A modem that dials in anew has two connections for a moment.
        connections: 2 * this.#modems.size,
        waiting: limits.waiting,
        held: Number.POSITIVE_INFINITY,
        outgoing: OUTGOING_MOST,
        partial: limits.registration,
        hello: limits.registration,
        idle: limits.silence,
        rate: MOST_CHUNKS,
      },
      clock,
      open: (connection) =>
        new Dialling(connection, {
          registrations,
          clock,
          onModem: (id, line) => {
            this.#counts.registered.add();
            log.info({ link: link.id, modem: id, peer: connection.peer }, `modem ${id} has dialled in`);
            this.#modems.get(id)?.berth.arrive(line);
          },
          onStranger: (from, packet) => this.#stranger(from, packet),
        }),
      witness: this.#complaints,
    });
  }

  get listening(): string {
    return this.#server.listening;
  }

  /** Modems that dial in and that the site does not have. */
  strangers(): readonly Stranger[] {
    return this.#complaints.strangers.list();
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(intake: Intake): Promise<void> {
    const { link, log } = this.#context;
    this.#complaints.intake = intake;
    await this.#server.start();
    log.info({ link: link.id, listening: this.listening }, "waits for modems");
    intake.linkHealth(link.index, true, REASON.good);
    await Promise.all([...this.#modems.values()].map((modem) => modem.link.start(intake)));
  }

  async stop(): Promise<void> {
    this.#complaints.intake = undefined;
    await Promise.all([...this.#modems.values()].map((modem) => modem.link.stop()));
    await this.#server.stop();
  }

  async read(device: number, signal: AbortSignal): Promise<SnapshotValue[]> {
    return await this.#of(device).link.read(device, signal);
  }

  async write(order: WriteOrder): Promise<WriteResult> {
    return await this.#of(order.device).link.write(order);
  }

  async readRaw(request: RawRead): Promise<Uint8Array> {
    return await this.#named(request.modem).link.readRaw(request);
  }

  async identify(unit: Pick<RawRead, "unit" | "modem">): Promise<Readonly<Record<string, string>>> {
    return await this.#named(unit.modem).link.identify(unit);
  }

  #of(device: number): Modem {
    const modem = this.#byDevice.get(device);
    if (modem === undefined) throw new InternalError("INTERNAL", `device ${device} is not on this link`);
    return modem;
  }

  #named(id: string | undefined): Modem {
    const modem = id === undefined ? undefined : this.#modems.get(id);
    if (modem !== undefined) return modem;
    throw new ConfigurationError(
      "COMMAND_USAGE",
      `say behind which modem: ${[...this.#modems.keys()].join(", ")}`,
    );
  }

  #modem(id: string, options: DialInOptions): Modem {
    const { link, clock, devices } = this.#context;
    const name = `${link.id}/${id}`;
    const berth = new Berth({
      name,
      away: options.away,
      clock,
      onReplaced: () => this.#counts.replaced.add(),
    });
    const own = options.modems[id]!;
    // Some modems go on sending their packet: behind the first it is a heartbeat like others.
    const packets = own.imei === undefined ? [packetOf(own)] : [];
    const heartbeats = new Heartbeats([...options.heartbeats.map(packetOf), ...packets]);
    const makePort: MakePort = (line, events) => {
      if (options.framing === "mbap") return new MbapPort(line, events, heartbeats);
      if (options.framing === "ascii") return new AsciiPort(line, events, { clock });
      return new RtuPort(line, events, { clock, heartbeats });
    };
    const context: DriverContext = {
      ...this.#context,
      options: { ...options, reconnect: NO_PAUSE },
      devices: (devices as readonly ModbusDevice[]).filter(
        ({ address }) => (address as unknown as DialInAddress).modem === id,
      ),
    };
    return {
      berth,
      link: new ModbusLink(context, {
        open: async (signal, renew) =>
          new ModbusSession(await berth.next(signal, renew), makePort, {
            clock,
            inFlight: 1,
            name,
            onHeartbeat: (bytes) => this.#counts.heartbeats.add(bytes),
          }),
        inFlight: 1,
        untagged: options.framing !== "mbap",
        frameGap: 0,
        // Silence of all devices is no reason to make a modem dial again: that is what `silence` is for.
        mayBeDeaf: false,
        carrier: name,
      }),
    };
  }

  #stranger(connection: Connection, packet: Buffer): void {
    this.#counts.unknown.add();
    const shown = packet.subarray(0, SHOWN_MOST);
    const text = shown.toString("latin1").replaceAll(/[\r\n\0]+$/g, "");
    const printable = /^[\x20-\x7e]+$/.test(text);
    const words = printable ? `{ text: ${JSON.stringify(text)} }` : `{ hex: "${shown.toString("hex")}" }`;
    this.#complaints.stranger(`modems: { new: ${words} }`, {
      peer: connection.peer,
      said: printable ? text : shown.toString("hex"),
      raw: packet,
    });
  }
}

/** Words for a device that names a modem which the link does not have. */
export function noSuchModem(device: string, modem: string): string {
  return `device "${device}": the link has no modem "${modem}"`;
}
