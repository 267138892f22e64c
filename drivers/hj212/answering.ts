import { ConfigurationError, DeviceError, InternalError } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { formatInstant, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { clockFacts, same } from "../facts.ts";
import type { Fact, RequestAnswer, RequestOrder } from "../request.ts";
import { DATA_COMMANDS, PARAMETER_COMMANDS } from "./commands.ts";
import type { Exchange, LoggerAnswer, LoggerRequest } from "./exchange.ts";
import { Parameters, parameter, readTime, UNREADABLE_TIME, writeTime } from "./parameters.ts";

/** Stored data by the name of its request. */
const STORED: Readonly<Record<string, number>> = {
  minutes: DATA_COMMANDS.minute,
  hours: DATA_COMMANDS.hour,
  days: DATA_COMMANDS.day,
};

/** Parameters that are read and set, by the name of their requests. */
const INTERVALS: Readonly<
  Record<string, { readonly read: number; readonly set: number; readonly field: string; readonly unit: Text }>
> = {
  "real-time-interval": {
    read: PARAMETER_COMMANDS.realTimeInterval,
    set: PARAMETER_COMMANDS.setRealTimeInterval,
    field: "RtdInterval",
    unit: { zh: "秒", en: "s" },
  },
  "minute-interval": {
    read: PARAMETER_COMMANDS.minuteInterval,
    set: PARAMETER_COMMANDS.setMinuteInterval,
    field: "MinInterval",
    unit: { zh: "分钟", en: "min" },
  },
};
const SET = "set-";

/** What is needed to ask a logger. */
export interface Asking {
  readonly device: string;
  readonly exchange: Exchange;
  /** Of its clock, µs ahead of UTC. */
  readonly zone: Micros;
  readonly wall: () => Micros;
  readonly setClock: (signal: AbortSignal) => Promise<void>;
}

/** The request that sets a logger's clock. */
export function setClockRequest(wall: Micros, zone: Micros): LoggerRequest {
  return {
    cn: PARAMETER_COMMANDS.setClock,
    cp: `SystemTime=${writeTime(wall, zone)}`,
    endsWith: "result",
  };
}

/** Carries out one of the requests of request-kinds.ts. @throws as `Driver.request` */
export async function answer(
  asking: Asking,
  { request, parameters, signal }: RequestOrder,
): Promise<RequestAnswer> {
  const { exchange, wall, zone } = asking;
  const ask = (wanted: LoggerRequest) => exchange.ask(wanted, signal);
  if (request === "set-clock") {
    const time = wall();
    await asking.setClock(signal);
    return { facts: clockFacts(time, time), raw: "" };
  }
  if (request === "clock") {
    const told = await ask({ cn: PARAMETER_COMMANDS.clock, cp: "", endsWith: "data" });
    const time = readTime(fieldOf(told, "SystemTime", asking), zone);
    return { facts: clockFacts(time === UNREADABLE_TIME ? Number.NaN : time, wall()), raw: rawOf(told) };
  }
  if (request === "real-time") {
    const told = await ask({ cn: DATA_COMMANDS["real-time"], cp: "", endsWith: "report" });
    return { facts: valueFacts(told, zone), raw: rawOf(told) };
  }
  const stored = STORED[request];
  if (stored !== undefined) {
    const told = await ask({ cn: stored, ...spanOf(parameters, zone), endsWith: "result" });
    return { facts: valueFacts(told, zone), raw: rawOf(told) };
  }
  const read = INTERVALS[request];
  if (read !== undefined) {
    const told = await ask({ cn: read.read, cp: "", endsWith: "data" });
    return { facts: [intervalFact(read, Number(fieldOf(told, read.field, asking)))], raw: rawOf(told) };
  }
  const set = request.startsWith(SET) ? INTERVALS[request.slice(SET.length)] : undefined;
  if (set === undefined) throw new InternalError("INTERNAL", `request ${request} is described and not known`);
  const value = Number(Object.values(parameters)[0]);
  await ask({ cn: set.set, cp: `${set.field}=${value}`, endsWith: "result" });
  return { facts: [intervalFact(set, value)], raw: "" };
}

/** A span as it is asked for, and how its reports are known. @throws ConfigurationError COMMAND_USAGE */
function spanOf(
  parameters: RequestOrder["parameters"],
  zone: Micros,
): Required<Pick<LoggerRequest, "cp" | "about">> {
  const [from, to] = ["from", "to"].map((key) => Date.parse(String(parameters[key])) * MILLISECOND) as [
    Micros,
    Micros,
  ];
  if (!(from < to)) throw new ConfigurationError("COMMAND_USAGE", "from must be before to");
  return {
    cp: `BeginTime=${writeTime(from, zone)};EndTime=${writeTime(to, zone)}`,
    about: ({ cp }) => {
      const time = readTime(parameter(cp, "DataTime") ?? "", zone);
      // Times are asked for in whole seconds.
      return time === UNREADABLE_TIME || (time > from - SECOND && time <= to);
    },
  };
}

/** @throws DeviceError DEVICE_ANSWER when the answer does not have what was asked for */
function fieldOf(told: LoggerAnswer, field: string, { device }: Asking): string {
  const value = parameter(told.at(-1)?.cp ?? "", field);
  if (value !== undefined) return value;
  throw new DeviceError("DEVICE_ANSWER", `${device} was asked for ${field} and answered something else`);
}

function intervalFact({ field, unit }: (typeof INTERVALS)[string], value: number): Fact {
  return {
    id: field,
    name: { zh: "间隔", en: "interval" },
    value: Number.isNaN(value) ? null : value,
    text: { zh: `${value}${unit.zh}`, en: `${value} ${unit.en}` },
  };
}

/** The values of reports, as the logger writes them. */
function valueFacts(told: LoggerAnswer, zone: Micros): Fact[] {
  const facts: Fact[] = [];
  const reader = new Parameters();
  for (const { cp } of told) {
    reader.read(cp, zone, {
      value: ({ code, field, text, flag, time }) => {
        const id = field === "" ? code : `${code}-${field}`;
        const number = text === "" ? Number.NaN : Number(text);
        facts.push({
          ...(time > UNREADABLE_TIME ? { of: formatInstant(time) } : {}),
          id,
          name: same(id),
          value: Number.isNaN(number) ? text : number,
          text: same(flag === "" ? text : `${text} ${flag}`),
        });
      },
    });
  }
  return facts;
}

function rawOf(told: LoggerAnswer): string {
  return told.map(({ cp }) => cp).join("\n");
}
