import type { Micros } from "../../model/time.ts";
import { clockFacts, instantFact, same, textFact } from "../facts.ts";
import type { Fact } from "../request.ts";
import { analogType, standardAnalog } from "./analog-types.ts";
import { decodeText } from "./gb18030.ts";
import type { Gb26875Section } from "./profile.ts";
import {
  COMPONENT_STATES,
  DEVICE_OPERATIONS,
  DEVICE_STATES,
  SYSTEM_OPERATIONS,
  SYSTEM_STATES,
  wordsOf,
} from "./states.ts";
import { type InformationObject, TYPE, type Unit, type UnitType } from "./unit.ts";
import { whereOf } from "./wording.ts";

/** Types whose objects are about the transmission device itself. */
const OWN: ReadonlySet<UnitType> = new Set([
  TYPE.deviceState,
  TYPE.deviceOperation,
  TYPE.deviceVersion,
  TYPE.deviceConfiguration,
  TYPE.deviceTime,
]);
/** Digits behind the point that a step of 0.01 needs. */
const DIGITS = 2;

/** What a unit says, thing by thing. `wall` is our clock, for how far off another one is. */
export function factsOf(
  { type, objects }: Unit,
  { order, wall }: { order: Gb26875Section["order"]; wall: Micros },
): Fact[] {
  return objects.flatMap((object) => {
    const of = OWN.has(type) ? undefined : whereOf(type, object, order);
    return objectFacts(type, object, wall).map((fact) => (of === undefined ? fact : { of, ...fact }));
  });
}

function objectFacts(type: UnitType, object: InformationObject, wall: Micros): Fact[] {
  switch (type) {
    case TYPE.systemState:
      return [state(object, SYSTEM_STATES), ...at(object)];
    case TYPE.componentState:
      return [state(object, COMPONENT_STATES), ...at(object)];
    case TYPE.deviceState:
      return [state(object, DEVICE_STATES), ...at(object)];
    case TYPE.componentAnalog:
      return [analog(object), ...at(object)];
    case TYPE.systemOperation:
      return [operation(object, SYSTEM_OPERATIONS), operator(object), ...at(object)];
    case TYPE.deviceOperation:
      return [operation(object, DEVICE_OPERATIONS), operator(object), ...at(object)];
    case TYPE.systemVersion:
    case TYPE.deviceVersion:
      return [textFact("version", { zh: "软件版本", en: "version" }, `${object.major}.${object.minor}`)];
    case TYPE.systemConfiguration:
    case TYPE.deviceConfiguration:
    case TYPE.componentConfiguration:
      return [textFact("configuration", { zh: "配置", en: "configuration" }, decodeText(object.text))];
    case TYPE.systemTime:
    case TYPE.deviceTime:
      return clockFacts(object.time, wall);
    default:
      return [];
  }
}

function at({ time }: InformationObject): Fact[] {
  return [instantFact("time", { zh: "时间", en: "time" }, time)];
}

function state({ flags }: InformationObject, bits: Parameters<typeof wordsOf>[1]): Fact {
  return { id: "state", name: { zh: "状态", en: "state" }, value: flags, text: wordsOf(flags, bits) };
}

function operation({ flags }: InformationObject, bits: Parameters<typeof wordsOf>[1]): Fact {
  return { id: "operation", name: { zh: "操作", en: "operation" }, value: flags, text: wordsOf(flags, bits) };
}

function operator(object: InformationObject): Fact {
  return {
    id: "operator",
    name: { zh: "操作员编号", en: "operator" },
    value: object.operator,
    text: same(`${object.operator}`),
  };
}

function analog(object: InformationObject): Fact {
  const { unit, step = 1 } = standardAnalog(object.analog) ?? {};
  const value = Number((object.raw * step).toFixed(DIGITS));
  const { zh, en } = analogType(object.analog);
  return {
    id: `analog-${object.analog}`,
    name: { zh, en },
    value,
    text: same(unit === undefined || unit === "1" ? `${value}` : `${value} ${unit}`),
  };
}
