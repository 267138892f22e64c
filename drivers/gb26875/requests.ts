import type { Micros } from "../../model/time.ts";
import { encodeUnit, type WrittenObject } from "./encode-unit.ts";
import { COMMAND } from "./frame.ts";
import { TYPE, type UnitType } from "./unit.ts";

/** Something that the centre asks of a device, or has it do. */
export interface CentreRequest {
  readonly command: typeof COMMAND.request | typeof COMMAND.control;
  readonly type: UnitType;
  readonly object: WrittenObject;
}

const ask = (type: UnitType, object: WrittenObject = {}): CentreRequest => ({
  command: COMMAND.request,
  type,
  object,
});

/** A system on a device: kind (table 4) and address. */
interface SystemAt {
  readonly system: number;
  readonly systemAddress: number;
}

/** A component in a system: its four bytes as one number. */
interface ComponentAt extends SystemAt {
  readonly address: number;
}

/** Records asked for, the newest before or at `time`. */
interface Records {
  readonly records: number;
  readonly time: Micros;
}

/** What the centre can ask (8.3): each reply is a unit of the up-going type that is 60 less. */
export const REQUEST = {
  systemState: (at: SystemAt) => ask(TYPE.readSystemState, at),
  componentState: (at: ComponentAt) => ask(TYPE.readComponentState, at),
  componentAnalog: (at: ComponentAt) => ask(TYPE.readComponentAnalog, at),
  systemOperations: (of: SystemAt & Records) => ask(TYPE.readSystemOperation, of),
  systemVersion: (at: SystemAt) => ask(TYPE.readSystemVersion, at),
  systemConfiguration: (at: SystemAt) => ask(TYPE.readSystemConfiguration, at),
  componentConfiguration: (at: ComponentAt) => ask(TYPE.readComponentConfiguration, at),
  systemTime: (at: SystemAt) => ask(TYPE.readSystemTime, at),
  deviceState: () => ask(TYPE.readDeviceState),
  deviceOperations: (of: Records) => ask(TYPE.readDeviceOperation, of),
  deviceVersion: () => ask(TYPE.readDeviceVersion),
  deviceConfiguration: () => ask(TYPE.readDeviceConfiguration),
  deviceTime: () => ask(TYPE.readDeviceTime),
  /** Sets the device's clock. */
  setClock: (time: Micros): CentreRequest => ({
    command: COMMAND.control,
    type: TYPE.setClock,
    object: { time },
  }),
  /** Asks the people on duty to show that they are there, within so many minutes. */
  dutyCheck: (minutes: number): CentreRequest => ({
    command: COMMAND.control,
    type: TYPE.dutyCheck,
    object: { flags: minutes },
  }),
} as const;

/** The application unit of a request, times in the clock of the device. */
export function unitOf({ type, object }: CentreRequest, zone: Micros): Buffer {
  return encodeUnit(type, [object], { zone });
}
