import { InternalError } from "../model/error.ts";
import type { Instrument } from "./instrument.ts";
import type { ModbusUnit } from "./modbus-unit.ts";
import type { Moment } from "./moment.ts";
import type { Reached } from "./player.ts";
import { RegisterImage } from "./register-image.ts";

/** Unit id of a device whose address names none. */
const DEFAULT_UNIT = 1;

function unitOf({ device }: Instrument): number {
  return device.address.unit ?? DEFAULT_UNIT;
}

/** The slaves that instruments make on a line, by unit id. @throws ConfigurationError when a profile cannot work. */
export function modbusUnits(instruments: readonly Instrument[]): Map<number, ModbusUnit> {
  return new Map(
    instruments.map((instrument) => {
      const { section, id } = instrument.device;
      if (!("modbus" in section)) throw new InternalError("INTERNAL", `${id} is no Modbus device`);
      const memory = new RegisterImage(instrument, section.modbus);
      const unit: ModbusUnit = { memory, faults: (moment) => instrument.faults(moment) };
      return [unitOf(instrument), unit] as const;
    }),
  );
}

/** Whether the link as a whole is dead at a moment. */
export function isLinkDead(instruments: readonly Instrument[], moment: Moment): boolean {
  const [first] = instruments;
  if (first === undefined) return false;
  const key = `link@${first.device.link}`;
  return first.faults(moment).some(({ fault }) => fault.kind === "dead" && fault.on === key);
}

/** How the slaves of a line are reached. */
export function modbusReached(instruments: readonly Instrument[], where: string): Reached[] {
  return instruments.map((instrument) => {
    const { id, name, profile, link, channels } = instrument.device;
    return {
      device: id,
      name,
      profile,
      link,
      where: `${where} unit ${unitOf(instrument)}`,
      channels: channels.length,
    };
  });
}
