import type { Counter } from "../../model/counter.ts";
import { REASON, type Reason } from "../../model/quality.ts";
import { NO_TIME, type ReadingBatch } from "../../model/reading.ts";
import { type Micros, SECOND } from "../../model/time.ts";
import type { Intake, SnapshotValue } from "../driver.ts";
import { Said } from "../said.ts";
import type { Decoded } from "../value.ts";
import { ResetWatch } from "./reset-watch.ts";
import { DEVICE_OPERATIONS, SYSTEM_OPERATIONS, SYSTEM_STATES, says } from "./states.ts";
import {
  addressOfSystem,
  type Gb26875Device,
  reasonFor,
  type Slot,
  type StateChannel,
  systemNumber,
  systemOf,
  type Target,
  Translation,
} from "./translation.ts";
import { type InformationObject, TYPE, type Unit } from "./unit.ts";
import { Unlisted } from "./unlisted.ts";
import { analogWords, hexWord, stateWords, whereOf } from "./wording.ts";

/** A sign of life is journalled at most this often: it is there for people, and flash is not. */
const HEARTBEAT_SPACING: Micros = 10 * SECOND;

/** What a station needs to have counted and told. */
export interface StationReport {
  /** Objects of systems and components that the site does not list. */
  readonly unlisted: Counter;
  /** Values and operations that no channel takes. */
  readonly unmapped: Counter;
  /** Somebody whom the site does not list says fire. */
  onUnlistedFire(where: string): void;
  /** Somebody did something at a panel or at the device. */
  onOperation(words: { where: string; what: string; operator: number }): void;
}

/** One user information transmission device: turns what its units say into readings. */
export class Station {
  readonly device: Gb26875Device;
  readonly translation: Translation;
  readonly #report: StationReport;
  readonly #said: Said;
  readonly #resets = new ResetWatch();
  readonly #ends: ReadonlySet<string>;
  readonly #endsUnlisted: boolean;
  #unlisted = new Unlisted(false);
  #heartbeatAt: Micros = Number.NEGATIVE_INFINITY;
  #frames = 0;
  readonly #decoded: Decoded = { value: Number.NaN, reason: REASON.good };
  #batch!: ReadingBatch;
  #received: Micros = 0;

  constructor(device: Gb26875Device, report: StationReport) {
    this.device = device;
    this.#report = report;
    this.translation = new Translation(device);
    this.#ends = new Set(device.profile.reset.ends);
    this.#endsUnlisted = Object.entries(device.profile.device).some(
      ([local, { unlisted }]) => unlisted === "fire" && this.#ends.has(local),
    );
    this.#said = new Said(device.channels.map(({ channel }) => channel.id));
  }

  /** Learns what stood before this run. */
  start(intake: Intake): void {
    for (const [slot, { channel }] of this.device.channels.entries()) {
      const value = intake.lastValue?.(channel.index) ?? Number.NaN;
      if (!Number.isNaN(value)) this.#said.remember(slot, value);
    }
    const standing = this.translation.unlistedFire.some(({ slot }) => this.#said.value(slot) === 1);
    this.#unlisted = new Unlisted(standing);
  }

  /** A whole frame came, whatever was in it. */
  alive(batch: ReadingBatch, received: Micros): void {
    this.#frames++;
    if (received - this.#heartbeatAt < HEARTBEAT_SPACING) return;
    this.#heartbeatAt = received;
    this.#begin(batch, received);
    for (const slot of this.translation.heartbeat) {
      this.#say(slot, { value: this.#frames, time: NO_TIME, raw: `${this.#frames}`, from: "frames" });
    }
  }

  /** Appends what a unit says. */
  hear({ type, objects }: Unit, batch: ReadingBatch, received: Micros): void {
    this.#begin(batch, received);
    for (const object of objects) {
      switch (type) {
        case TYPE.systemState:
          this.#systemState(object);
          break;
        case TYPE.componentState:
          this.#componentState(object);
          break;
        case TYPE.componentAnalog:
          this.#componentAnalog(object);
          break;
        case TYPE.systemOperation:
          this.#systemOperation(object);
          break;
        case TYPE.deviceState:
          this.#states(this.translation.states, object, { type, from: "21 运行状态 device state" });
          break;
        case TYPE.deviceOperation:
          this.#deviceOperation(object);
          break;
        default:
          // Versions, configurations and clocks are looked at when somebody asks for them.
          break;
      }
    }
  }

  /** How the duty check stands. */
  duty(state: number, batch: ReadingBatch, received: Micros): void {
    this.#begin(batch, received);
    for (const slot of this.translation.duty) {
      this.#say(slot, { value: state, time: NO_TIME, raw: `${state}`, from: "91 查岗 duty check" });
    }
  }

  /** What its channels said last in this run. */
  snapshot(): SnapshotValue[] {
    return this.#said.values();
  }

  #begin(batch: ReadingBatch, received: Micros): void {
    this.#batch = batch;
    this.#received = received;
  }

  #timeOf({ time }: InformationObject): Micros {
    return this.device.profile.time === "device" ? time : NO_TIME;
  }

  #say(
    { slot, channel }: Slot,
    said: { value: number; reason?: Reason; time: Micros; raw: string; from: string },
  ): void {
    const { value, reason = REASON.good, raw, from } = said;
    let { time } = said;
    // A clock that was set back would make a new fire look older than the all-clear before it, and what is late raises nothing.
    if (channel.danger && value !== 0 && this.#said.isBack(slot, time)) time = NO_TIME;
    this.#said.timed(slot, time);
    this.#batch.add(channel.index, value, reason, time);
    this.#said.hear(slot, { value, reason, time: Number.isNaN(time) ? this.#received : time, raw, from });
  }

  #states(
    states: readonly StateChannel[],
    object: InformationObject,
    about: { type: Unit["type"]; from: string; target?: Target },
  ): void {
    const { flags } = object;
    const raw = hexWord(flags);
    const time = this.#timeOf(object);
    for (let i = 0; i < states.length; i++) {
      const state = states[i]!;
      const value = ((flags >> state.bit) & 1) === (state.inverted ? 0 : 1) ? 1 : 0;
      const reason = about.target === undefined ? REASON.good : reasonFor(about.target, state, flags);
      this.#say(state, { value, reason, time, raw, from: about.from });
    }
  }

  #systemState(object: InformationObject): void {
    const type = TYPE.systemState;
    const { flags } = object;
    const system = systemOf(object);
    const fire = says(flags, SYSTEM_STATES.fire);
    const reset = this.#resets.state(system, says(flags, SYSTEM_STATES.reset));
    // A state that says both is no word that the fire is over.
    if (reset && !fire && this.device.profile.reset.by.includes("state")) {
      this.#reset(system, this.#timeOf(object), { others: true });
    }
    if (fire) this.#resets.asserted(system);
    const target = this.translation.system(object);
    if (target === undefined) {
      this.#unlistedState(type, object, fire);
      return;
    }
    target.heardIn = system;
    this.#states(target.states, object, { type, from: target.component.key });
  }

  #componentState(object: InformationObject): void {
    const type = TYPE.componentState;
    const fire = says(object.flags, SYSTEM_STATES.fire);
    const system = systemOf(object);
    if (fire) this.#resets.asserted(system);
    const target = this.translation.component(object);
    if (target === undefined) {
      this.#unlistedState(type, object, fire);
      return;
    }
    target.heardIn = system;
    this.#states(target.states, object, { type, from: target.component.key, target });
  }

  #componentAnalog(object: InformationObject): void {
    const target = this.translation.component(object);
    if (target === undefined) {
      this.#report.unlisted.add();
      return;
    }
    const analog = target.analogs.get(object.analog);
    if (analog === undefined) {
      this.#report.unmapped.add();
      return;
    }
    const decoded = this.#decoded;
    analog.decode(object.raw, decoded);
    this.#say(analog, {
      value: decoded.value,
      reason: decoded.reason,
      time: this.#timeOf(object),
      raw: `${object.raw}`,
      from: `${target.component.key} ${analogWords(object.analog)}`,
    });
  }

  #systemOperation(object: InformationObject): void {
    const { flags } = object;
    const system = systemOf(object);
    const target = this.translation.system(object);
    const time = this.#timeOf(object);
    this.#tell(whereOf(TYPE.systemOperation, object, this.device.profile.order), object, SYSTEM_OPERATIONS);
    if (says(flags, SYSTEM_OPERATIONS.reset) && this.device.profile.reset.by.includes("operation")) {
      this.#reset(system, time, { others: false });
    }
    if (says(flags, SYSTEM_OPERATIONS.manual_alarm)) {
      this.#resets.asserted(system);
      if (target === undefined || target.manual.length === 0) {
        // Somebody pressed the alarm of a panel that nobody listed.
        this.#unlistedState(TYPE.systemOperation, object, true);
      } else this.#manual(target.manual, 1, object);
    } else if (says(flags, SYSTEM_OPERATIONS.reset) || says(flags, SYSTEM_OPERATIONS.clear)) {
      if (target !== undefined) this.#manual(target.manual, 0, object);
      this.#unlistedState(TYPE.systemOperation, object, false);
    }
  }

  #deviceOperation(object: InformationObject): void {
    const { flags } = object;
    const { manual } = this.translation;
    this.#tell(this.device.device.key, object, DEVICE_OPERATIONS);
    if (says(flags, DEVICE_OPERATIONS.manual_alarm)) {
      if (manual.length === 0) this.#report.unmapped.add();
      this.#manual(manual, 1, object);
    } else if (says(flags, DEVICE_OPERATIONS.reset) || says(flags, DEVICE_OPERATIONS.clear)) {
      this.#manual(manual, 0, object);
    }
  }

  #manual(slots: readonly Slot[], value: number, object: InformationObject): void {
    for (const slot of slots) {
      this.#say(slot, {
        value,
        time: this.#timeOf(object),
        raw: hexWord(object.flags),
        from: `操作 operation, ${object.operator}`,
      });
    }
  }

  #tell(
    where: string,
    object: InformationObject,
    operations: typeof SYSTEM_OPERATIONS | typeof DEVICE_OPERATIONS,
  ): void {
    const done = Object.values(operations).filter((operation) => says(object.flags, operation));
    const what = done.map(({ zh, en }) => `${zh} ${en}`).join(", ");
    this.#report.onOperation({ where, what, operator: object.operator });
  }

  /** Danger of somebody the site does not list is told all the same, at the device's own point. */
  #unlistedState(type: Unit["type"], object: InformationObject, fire: boolean): void {
    if (type !== TYPE.systemOperation) this.#report.unlisted.add();
    const system = systemOf(object);
    const who = `${type} ${system} ${object.address}`;
    if (!fire) {
      if (this.#unlisted.end(who)) this.#sayUnlisted(0, "");
      return;
    }
    const where = `${whereOf(type, object, this.device.profile.order)}: ${
      type === TYPE.systemOperation ? "手动报警 manual alarm" : stateWords(type, object.flags)
    }`;
    const news = this.#unlisted.assert(who, system);
    this.#sayUnlisted(1, where);
    for (const slot of this.translation.unlistedAddress) {
      this.#say(slot, { value: object.address, time: NO_TIME, raw: `${object.address}`, from: where });
    }
    if (news) this.#report.onUnlistedFire(where);
  }

  /** In the gateway's time: one channel stands for many components, whose own times are in no order. */
  #sayUnlisted(value: number, from: string): void {
    for (const slot of this.translation.unlistedFire) {
      this.#say(slot, { value, time: NO_TIME, raw: `${value}`, from });
    }
  }

  /**
   * The panel was reset: what the profile names ends, as far as it stands and was asserted in this system. `others`: the system's
   * own state stands in the object that told of the reset.
   */
  #reset(system: number, time: Micros, { others }: { others: boolean }): void {
    if (this.#ends.size === 0) return;
    const from = "复位 reset";
    for (const target of this.translation.targets) {
      if ((target.whole && others) || !isIn(target, system)) continue;
      for (const state of target.states) {
        const stands = this.#said.value(state.slot) > 0;
        if (stands && this.#ends.has(state.local)) this.#say(state, { value: 0, time, raw: from, from });
      }
    }
    if (this.#endsUnlisted && this.#unlisted.reset(system)) this.#sayUnlisted(0, from);
  }
}

/** Whether something belongs to a system: as it was heard last, or as the site file says. Unknown is no. */
function isIn({ heardIn, address }: Target, system: number): boolean {
  if (heardIn !== undefined) return heardIn === system;
  if (address.system === undefined) return false;
  const { systemAddress = addressOfSystem(system) } = address;
  return systemNumber(address.system, systemAddress) === system;
}
