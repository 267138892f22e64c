import { zoneAndPoint } from "./address.ts";
import { analogType } from "./analog-types.ts";
import { componentType } from "./component-types.ts";
import { decodeText } from "./gb18030.ts";
import type { Gb26875Section } from "./profile.ts";
import { COMPONENT_STATES, DEVICE_STATES, SYSTEM_STATES, wordsOf } from "./states.ts";
import { systemType } from "./system-types.ts";
import { type InformationObject, TYPE, type UnitType } from "./unit.ts";

/** Hexadecimal digits of a component's address. */
const ADDRESS_DIGITS = 8;

/** Where an object says it is, for people: system, kind of component, zone and point, and the panel's own description. */
export function whereOf(type: UnitType, object: InformationObject, order: Gb26875Section["order"]): string {
  const system = `${systemType(object.system).zh} (${object.system}/${object.systemAddress})`;
  if (!isAboutComponent(type)) return system;
  const { zone, point } = zoneAndPoint(object.address, order);
  const hex = object.address.toString(16).padStart(ADDRESS_DIGITS, "0");
  const text = decodeText(object.text);
  return [
    system,
    `${componentType(object.component).zh} (${object.component})`,
    `${zone}区${point}位 (zone ${zone} point ${point}, 0x${hex})`,
    ...(text === "" ? [] : [`“${text}”`]),
  ].join(", ");
}

/** Whether a type's objects name a component. */
export function isAboutComponent(type: UnitType): boolean {
  return (
    type === TYPE.componentState || type === TYPE.componentAnalog || type === TYPE.componentConfiguration
  );
}

/** The words of a state. */
export function stateWords(type: UnitType, flags: number): string {
  const bits =
    type === TYPE.componentState
      ? COMPONENT_STATES
      : type === TYPE.systemState
        ? SYSTEM_STATES
        : DEVICE_STATES;
  const { zh, en } = wordsOf(flags, bits);
  return `${zh} ${en}`;
}

/** A state word as people write it. */
export function hexWord(flags: number): string {
  return `0x${flags.toString(16).padStart(4, "0")}`;
}

/** The name of a kind of analog value. */
export function analogWords(analog: number): string {
  return `${analogType(analog).zh} (${analog})`;
}
