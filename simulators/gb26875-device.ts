import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { encodeUnit, type WrittenObject } from "../drivers/gb26875/encode-unit.ts";
import { COMMAND, encodeFrame, type Frame, SERIAL_MAX } from "../drivers/gb26875/frame.ts";
import { FrameReader } from "../drivers/gb26875/frame-reader.ts";
import { encodeText } from "../drivers/gb26875/gb18030.ts";
import { writeTime } from "../drivers/gb26875/timestamp.ts";
import { DESCRIPTION_BYTES, decodeUnit, TYPE, type UnitType } from "../drivers/gb26875/unit.ts";
import { zoneOf } from "../drivers/zone.ts";
import { describe, NetworkError } from "../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../model/time.ts";
import type { Endpoint } from "./endpoint.ts";

/** An unconfirmed frame is sent again after this time, so often in all (6.2). */
const CONFIRMED_WITHIN: Micros = 10 * SECOND;
const SENDINGS_MOST = 4;
/** Zones are the lower half of a component's address, points the upper one. */
const UPPER_HALF = 0x1_0000;
/** Operation records that it has. */
const OPERATIONS_KEPT = 3;
/** Duty check answered: bit 5 of the device's operations. */
const DUTY_ANSWERED = 1 << 5;

/** How a frame leaves. */
export interface Leaving {
  /** Bytes of each piece; the last goes on as long as there are any. Default: whole. */
  readonly pieces?: readonly number[];
  /** Changes the frame before it leaves. */
  readonly spoil?: (frame: Buffer) => Buffer;
}

/** What a device does wrong with something it is asked, by the type of unit. */
export type Misbehaviour =
  | "silent"
  | "denies"
  /** Answers with a unit of another type. */
  | "other-type"
  /** Tells of the next system, or of the next component. */
  | "other-place"
  /** Answers under a serial number that nobody had used. */
  | "other-serial"
  | { readonly after: Micros };

export interface SimulatedTransmitterOptions {
  readonly clock: Clock;
  readonly centre: Endpoint;
  /** Address of this machine to call from over TCP. Default: the system chooses. */
  readonly from?: string;
  readonly transport?: "tcp" | "udp";
  /** Its own address. */
  readonly source: number;
  /** The centre's. */
  readonly destination?: number;
  readonly versions?: readonly [main: number, user: number];
  /** Offset of its clock. Default: +08:00. */
  readonly zone?: Micros;
  /** Its own state, type 21. Default: normal monitoring. */
  readonly state?: number;
  /** Whether somebody on duty answers. Default: yes. */
  readonly onDuty?: boolean;
  /** Faults at being asked. Default: none. */
  readonly misbehaves?: (type: UnitType) => Misbehaviour | undefined;
  /** Time after which an unconfirmed frame is sent again. */
  readonly confirmedWithin?: Micros;
}

/** A component as its panel knows it. */
export interface SimulatedComponent {
  readonly system?: number;
  readonly systemAddress?: number;
  readonly type?: number;
  readonly zone: number;
  readonly point: number;
  readonly text?: string;
}

interface Waiting {
  readonly resolve: (answer: "confirmed" | "denied") => void;
  readonly reject: (error: NetworkError) => void;
  readonly bytes: Buffer;
  sendings: number;
  timer: Timer | undefined;
}

/** A user information transmission device: sends what its panels say until it is confirmed, and answers the centre. */
export class SimulatedTransmitter {
  readonly #o: SimulatedTransmitterOptions;
  readonly #zone: Micros;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reader: FrameReader;
  /** What the centre asked, by type of unit. */
  readonly asked: UnitType[] = [];
  /** Serial numbers confirmed and denied, in order; a repeat is confirmed again. */
  readonly confirmed: number[] = [];
  readonly denied: number[] = [];
  /** What the centre set the clock to; undefined: never. */
  clockSetTo: Micros | undefined;
  #serial = 0;
  #tcp: Socket | undefined;
  #udp: DatagramSocket | undefined;

  constructor(options: SimulatedTransmitterOptions) {
    this.#o = options;
    this.#zone = options.zone ?? zoneOf("+08:00");
    this.#reader = new FrameReader({
      frame: (frame) => this.#heard(frame),
      fault: () => {},
      skipped: () => {},
    });
  }

  get connected(): boolean {
    return this.#udp !== undefined || this.#tcp?.readyState === "open";
  }

  /** @throws NetworkError LINK_DOWN */
  async connect(): Promise<void> {
    const { centre, from } = this.#o;
    const { host, port } = centre;
    if (this.#o.transport === "udp") {
      const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
      socket.on("message", (bytes) => this.#reader.feed(bytes));
      await new Promise<void>((resolve) => socket.connect(port, host, () => resolve()));
      this.#udp = socket;
      return;
    }
    const socket = connect({ host, port, noDelay: true, localAddress: from });
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (error) =>
        reject(new NetworkError("LINK_DOWN", `${host}:${port}: ${describe(error)}`, { cause: error })),
      );
    });
    socket.on("data", (bytes) => this.#reader.feed(bytes));
    socket.on("error", () => socket.destroy());
    this.#tcp = socket;
  }

  /** Goes without a word; what is not confirmed yet never will be. */
  async disconnect(): Promise<void> {
    for (const [serial, waiting] of this.#waiting) {
      this.#settle(serial);
      waiting.reject(new NetworkError("LINK_DOWN", "disconnected"));
    }
    const [tcp, udp] = [this.#tcp, this.#udp];
    this.#tcp = undefined;
    this.#udp = undefined;
    if (tcp !== undefined && !tcp.destroyed) {
      const closed = new Promise<void>((resolve) => tcp.once("close", () => resolve()));
      tcp.destroy();
      await closed;
    }
    if (udp !== undefined) await new Promise<void>((resolve) => udp.close(() => resolve()));
  }

  /** The state word of a component, type 2. */
  component(
    at: SimulatedComponent,
    flags: number,
    options: { time?: Micros; short?: boolean } & Leaving = {},
  ): Promise<"confirmed" | "denied"> {
    const { time = this.#o.clock.wall(), short = false, ...leaving } = options;
    const object = { ...objectAt(at), flags, time };
    const unit = encodeUnit(TYPE.componentState, [object], { zone: this.#zone, short });
    return this.send(unit, leaving);
  }

  /** Objects of any type. */
  say(
    type: UnitType,
    objects: readonly WrittenObject[],
    leaving: Leaving = {},
  ): Promise<"confirmed" | "denied"> {
    return this.send(encodeUnit(type, objects, { zone: this.#zone }), leaving);
  }

  /** "Send data" without any, as vendors do. */
  heartbeat(): Promise<"confirmed" | "denied"> {
    return this.send(Buffer.alloc(0));
  }

  /**
   * Sends a unit, again and again within bounds.
   * @throws NetworkError LINK_DOWN when nobody answers, or it is disconnected.
   */
  send(unit: Buffer, { pieces, spoil }: Leaving = {}): Promise<"confirmed" | "denied"> {
    const serial = this.#next();
    const whole = this.frame({ serial, command: COMMAND.send, unit });
    const bytes = spoil === undefined ? whole : spoil(whole);
    return new Promise((resolve, reject) => {
      this.#waiting.set(serial, { resolve, reject, bytes, sendings: 0, timer: undefined });
      this.#transmit(serial, pieces);
    });
  }

  /** The bytes of a frame of this device. */
  frame(frame: Pick<Frame, "serial" | "command" | "unit">): Buffer {
    const { source, destination = 0, versions = [1, 1], clock } = this.#o;
    return encodeFrame({
      ...frame,
      mainVersion: versions[0],
      userVersion: versions[1],
      time: writeTime(clock.wall(), this.#zone),
      source,
      destination,
    });
  }

  /** Bytes as they are. */
  raw(bytes: Buffer): void {
    if (this.#udp !== undefined) this.#udp.send(bytes);
    else this.#tcp?.write(bytes);
  }

  #next(): number {
    const serial = this.#serial;
    this.#serial = serial === SERIAL_MAX ? 0 : serial + 1;
    return serial;
  }

  #transmit(serial: number, pieces: readonly number[] | undefined): void {
    const waiting = this.#waiting.get(serial);
    if (waiting === undefined) return;
    if (waiting.sendings >= SENDINGS_MOST) {
      this.#settle(serial);
      waiting.reject(new NetworkError("LINK_DOWN", `nobody confirmed frame ${serial}`));
      return;
    }
    waiting.sendings++;
    const { clock, confirmedWithin = CONFIRMED_WITHIN } = this.#o;
    waiting.timer = clock.after(confirmedWithin, () => this.#transmit(serial, pieces));
    void this.#inPieces(waiting.bytes, pieces);
  }

  async #inPieces(bytes: Buffer, pieces: readonly number[] | undefined): Promise<void> {
    if (pieces === undefined || pieces.length === 0) {
      this.raw(bytes);
      return;
    }
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const size = Math.max(1, pieces[Math.min(i, pieces.length - 1)]!);
      this.raw(bytes.subarray(at, at + size));
      at += size;
      // A turn of the loop between two pieces, so that they leave as segments of their own.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #heard(frame: Frame): void {
    switch (frame.command) {
      case COMMAND.confirm:
        this.confirmed.push(frame.serial);
        this.#settle(frame.serial)?.resolve("confirmed");
        break;
      case COMMAND.deny:
        this.denied.push(frame.serial);
        this.#settle(frame.serial)?.resolve("denied");
        break;
      case COMMAND.request:
        this.#answer(frame);
        break;
      case COMMAND.control:
        this.#obey(frame);
        break;
      default:
        break;
    }
  }

  #settle(serial: number): Waiting | undefined {
    const waiting = this.#waiting.get(serial);
    waiting?.timer?.cancel();
    this.#waiting.delete(serial);
    return waiting;
  }

  #answer(frame: Frame): void {
    const { type, objects } = decodeUnit(frame.unit, { zone: this.#zone, shortComponents: false });
    this.asked.push(type);
    const answer = this.#replyTo(type, objects[0]!);
    this.#reply(frame, type, answer === undefined ? undefined : encodeUnit(...answer, { zone: this.#zone }));
  }

  /** The unit that a read is answered with; undefined: it is denied. */
  #replyTo(type: UnitType, asked: WrittenObject): [UnitType, WrittenObject[]] | undefined {
    const time = this.#o.clock.wall();
    const { state = 1, misbehaves } = this.#o;
    const fault = misbehaves?.(type);
    if (fault === "denies") return undefined;
    if (fault === "other-type") return [TYPE.deviceVersion, [{ major: 9, minor: 9 }]];
    const { system = 1, systemAddress = 1, address = 0, records = 1 } = asked;
    const at = { system, systemAddress: systemAddress + (fault === "other-place" ? 1 : 0) };
    const part = { ...at, component: 40, address };
    const operations = (object: WrittenObject) =>
      Array.from({ length: Math.min(records, OPERATIONS_KEPT) }, (_, i) => ({
        ...object,
        flags: 1,
        operator: i + 1,
        time,
      }));
    switch (type) {
      case TYPE.readDeviceState:
        return [TYPE.deviceState, [{ flags: state, time }]];
      case TYPE.readDeviceOperation:
        return [TYPE.deviceOperation, operations({})];
      case TYPE.readDeviceVersion:
        return [TYPE.deviceVersion, [{ major: 1, minor: 1 }]];
      case TYPE.readDeviceConfiguration:
        return [TYPE.deviceConfiguration, [{ text: encodeText("模拟装置") }]];
      case TYPE.readDeviceTime:
        return [TYPE.deviceTime, [{ time }]];
      case TYPE.readSystemState:
        return [TYPE.systemState, [{ ...at, flags: 1, time }]];
      case TYPE.readSystemOperation:
        return [TYPE.systemOperation, operations(at)];
      case TYPE.readSystemVersion:
        return [TYPE.systemVersion, [{ ...at, major: 3, minor: 4 }]];
      case TYPE.readSystemConfiguration:
        return [TYPE.systemConfiguration, [{ ...at, text: encodeText("两路总线") }]];
      case TYPE.readSystemTime:
        return [TYPE.systemTime, [{ ...at, time }]];
      case TYPE.readComponentState:
        return [TYPE.componentState, [{ ...part, flags: 1, time, text: encodeText("模拟部件") }]];
      case TYPE.readComponentAnalog:
        return [TYPE.componentAnalog, [{ ...part, analog: 3, raw: 253, time }]];
      case TYPE.readComponentConfiguration:
        return [TYPE.componentConfiguration, [{ ...part, text: encodeText("模拟部件") }]];
      default:
        return undefined;
    }
  }

  /** Sends the answer to a frame as it should be, or as the fault wants it; without a unit it is a denial. */
  #reply(
    frame: Frame,
    type: UnitType,
    unit: Buffer | undefined,
    command: number = unit === undefined ? COMMAND.deny : COMMAND.reply,
  ): void {
    const fault = this.#o.misbehaves?.(type);
    if (fault === "silent") return;
    const serial = fault === "other-serial" ? (frame.serial + 1_000) & SERIAL_MAX : frame.serial;
    const bytes = this.frame({ serial, command, unit: unit ?? Buffer.alloc(0) });
    if (typeof fault === "object") this.#o.clock.after(fault.after, () => this.raw(bytes));
    else this.raw(bytes);
  }

  #obey(frame: Frame): void {
    const { type, objects } = decodeUnit(frame.unit, { zone: this.#zone, shortComponents: false });
    this.asked.push(type);
    const denied = this.#o.misbehaves?.(type) === "denies";
    this.#reply(frame, type, Buffer.alloc(0), denied ? COMMAND.deny : COMMAND.confirm);
    if (denied) return;
    if (type === TYPE.setClock) this.clockSetTo = objects[0]!.time;
    if (type === TYPE.dutyCheck && this.#o.onDuty !== false) {
      const time = this.#o.clock.wall();
      this.say(TYPE.deviceOperation, [{ flags: DUTY_ANSWERED, operator: 1, time }]).catch(() => {});
    }
  }
}

/** The fields of an object that say where a component is. */
export function objectAt(at: SimulatedComponent): WrittenObject {
  const { system = 1, systemAddress = 1, type = 40, zone, point, text = "" } = at;
  return {
    system,
    systemAddress,
    component: type,
    address: zone + point * UPPER_HALF,
    text: encodeText(text).subarray(0, DESCRIPTION_BYTES),
  };
}
