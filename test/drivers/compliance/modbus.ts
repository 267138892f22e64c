import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { SerialPort } from "serialport";
import { stringify } from "yaml";
import { SystemClock } from "../../../model/time.ts";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import { type Framing, framingOf } from "../../../simulators/modbus-frame.ts";
import {
  type ModbusLine,
  type ModbusPeer,
  ModbusSession,
  modbusLine,
} from "../../../simulators/modbus-session.ts";
import type { ModbusUnit } from "../../../simulators/modbus-unit.ts";
import { openPseudoTerminals, type PseudoTerminals } from "../../../simulators/pseudo-terminal.ts";
import { freePort } from "../../support/free-port.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import type { Bench, Peer } from "./peer.ts";

/*
 * Modbus on the bench: one unit whose registers hold 7, behind a TCP server, a modem that dials, or a serial line.
 */

const UNIT = 1;
const REGISTRATION = "DTU-1";
const clock = new SystemClock();
const moment = { elapsed: 0, story: 0, round: 0 };

const PROFILE = stringify({
  id: "bench",
  vendor: "test",
  product: "test",
  class: "controller",
  name: "台架",
  source: "test",
  maturity: "documented",
  channels: { first: { quantity: "count" }, second: { quantity: "count" } },
  modbus: { period: "50ms", channels: { first: { address: 7 }, second: { address: 107 } } },
});

const QUICK = { timeout: "200ms", probe: "1s" };

function siteText(link: object, address: object): string {
  return stringify({
    site: { id: "bench", name: "试验台" },
    http: { enabled: false },
    profiles: ["./profiles"],
    links: { bus: link },
    points: { pump: { name: "泵房", domain: "gas" } },
    devices: { unit: { profile: "bench", link: "bus", point: "pump", address: { unit: UNIT, ...address } } },
  });
}

const setting = (link: object, peer: Peer, address: object = {}) => ({
  site: siteText(link, address),
  files: { "profiles/bench.yaml": PROFILE },
  peer,
});

/** A unit that answers on any number of connections; its next answer can be nonsense. */
class Unit {
  readonly #line: ModbusLine;
  #nonsense: Buffer | undefined;

  constructor(framing: Framing) {
    const unit: ModbusUnit = {
      faults: () => [],
      memory: {
        writable: false,
        read: (_table, { count }) => new Uint16Array(count).fill(7),
        write: () => false,
      },
    };
    const stage = { clock, moment: () => moment };
    this.#line = modbusLine({
      framing,
      units: new Map([[UNIT, unit]]),
      unknownUnit: "silent",
      stage: stage as unknown as ModbusLine["stage"],
    });
  }

  attach(send: (bytes: Buffer) => void): ModbusSession {
    const peer: ModbusPeer = {
      send: (bytes) => {
        send(this.#nonsense ?? bytes);
        this.#nonsense = undefined;
      },
      reset: () => {},
      pause: () => {},
      resume: () => {},
    };
    return new ModbusSession(this.#line, peer);
  }

  async babble(bytes: Buffer): Promise<void> {
    this.#nonsense = bytes;
    await until("it was asked", () => this.#nonsense === undefined);
  }

  /** Answers over a socket until it closes. */
  serve(socket: Socket): void {
    const session = this.attach((bytes) => socket.write(bytes));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => session.receive(bytes));
    socket.on("close", () => session.close());
  }
}

/** A unit behind a TCP server. */
class Served implements Peer {
  readonly #unit: Unit;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(framing: Framing, port: number) {
    this.#unit = new Unit(framing);
    this.#port = port;
  }

  async appear(): Promise<void> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      this.#unit.serve(socket);
    });
    this.#server = server;
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
  }

  async vanish(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  babble(bytes: Buffer): Promise<void> {
    return this.#unit.babble(bytes);
  }
}

/** A unit behind a modem that dials. */
class Dialling implements Peer {
  readonly #unit = new Unit(framingOf("modbus-rtu"));
  #socket: Socket | undefined;

  async appear(listening: string | undefined): Promise<void> {
    const socket = connect(parseEndpoint(listening!));
    this.#socket = socket;
    this.#unit.serve(socket);
    await once(socket, "connect");
    socket.write(REGISTRATION);
  }

  async vanish(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    const closed = once(socket, "close");
    socket.resetAndDestroy();
    await closed;
  }

  babble(bytes: Buffer): Promise<void> {
    return this.#unit.babble(bytes);
  }
}

/** A unit at the far end of a serial line; the line goes with it, as a USB converter does. */
class OnLine implements Peer {
  readonly #unit: Unit;
  readonly #folder = temporaryFolder("line");
  #line: PseudoTerminals | undefined;
  #port: SerialPort | undefined;

  constructor(framing: Framing) {
    this.#unit = new Unit(framing);
  }

  /** The driver's end. */
  get path(): string {
    return this.#folder.join("near");
  }

  async appear(): Promise<void> {
    const far = this.#folder.join("far");
    this.#line = await openPseudoTerminals({ left: this.path, right: far }, clock);
    const port = new SerialPort({ path: far, baudRate: 9_600, autoOpen: false });
    this.#port = port;
    const session = this.#unit.attach((bytes) => port.write(bytes));
    port.on("data", (bytes: Buffer) => session.receive(bytes));
    port.on("error", () => {});
    port.on("close", () => session.close());
    await new Promise<void>((resolve, reject) =>
      port.open((failure) => (failure ? reject(failure) : resolve())),
    );
  }

  async vanish(): Promise<void> {
    const [port, line] = [this.#port, this.#line];
    this.#port = undefined;
    this.#line = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
    await line?.stop();
  }

  babble(bytes: Buffer): Promise<void> {
    return this.#unit.babble(bytes);
  }
}

const served = (type: string): Bench => ({
  asks: true,
  set: async () => {
    const port = await freePort();
    return setting(
      { type, host: "127.0.0.1", port, reconnect: "200ms", ...QUICK },
      new Served(framingOf(type), port),
    );
  },
});

const onLine = (type: string): Bench => ({
  asks: true,
  needs: ["socat"],
  set: () => {
    const peer = new OnLine(framingOf(type));
    return Promise.resolve(setting({ type, path: peer.path, reconnect: "200ms", ...QUICK }, peer));
  },
});

/** All ways in which Modbus travels. */
export const modbusBenches: Readonly<Record<string, Bench>> = {
  "modbus-tcp": served("modbus-tcp"),
  "modbus-rtu-over-tcp": served("modbus-rtu-over-tcp"),
  "modbus-ascii-over-tcp": served("modbus-ascii-over-tcp"),
  "modbus-rtu": onLine("modbus-rtu"),
  "modbus-ascii": onLine("modbus-ascii"),
  "modbus-dial-in": {
    asks: true,
    set: () => {
      const modems = { alpha: { text: REGISTRATION } };
      const link = { type: "modbus-dial-in", listen: "127.0.0.1:0", modems, away: "1s", ...QUICK };
      return Promise.resolve(setting(link, new Dialling(), { modem: "alpha" }));
    },
  },
};
