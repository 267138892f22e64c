import { ConfigurationError, DeviceError, InternalError } from "../../model/error.ts";
import { DAY, formatInstant, MILLISECOND, type Micros } from "../../model/time.ts";
import { clockFacts } from "../facts.ts";
import type { Fact, RequestAnswer, RequestOrder } from "../request.ts";
import { type ComponentAddress, wireAddress } from "./address.ts";
import { factsOf } from "./facts.ts";
import type { Duty, Member } from "./member.ts";
import { type CentreRequest, REQUEST } from "./requests.ts";
import type { InformationObject } from "./unit.ts";

/** The reply to a read is the unit whose type is so much less (table 3): 61 is answered by 1, 81 by 21. */
const REPLY_TYPE_BELOW = 60;

interface Parameters {
  readonly component?: string;
  readonly system: number;
  readonly systemAddress: number;
  readonly zone?: number;
  readonly point?: number;
  readonly raw?: number;
  readonly records: number;
  readonly time?: string;
  readonly minutes: number;
}

/** Carries out one of the requests of request-kinds.ts. @throws as `Driver.request` */
export async function answer(
  member: Member,
  order: RequestOrder,
  wall: () => Micros,
): Promise<RequestAnswer> {
  const parameters = order.parameters as unknown as Parameters;
  if (order.request === "set-clock") {
    const time = wall();
    await member.setClock(order.signal);
    return { facts: clockFacts(time, time), raw: "" };
  }
  if (order.request === "duty-check") {
    const { minutes } = parameters;
    const { outcome } = await member.dutyCheck(minutes, order.signal);
    return {
      facts: [
        {
          id: "minutes",
          name: { zh: "应答时限", en: "time to answer" },
          value: minutes,
          text: { zh: `${minutes}分钟`, en: `${minutes} min` },
        },
      ],
      raw: "",
      later: outcome.then((duty) => dutyFacts(duty, minutes)),
    };
  }
  return await read(member, { order, parameters, wall });
}

async function read(
  member: Member,
  { order, parameters, wall }: { order: RequestOrder; parameters: Parameters; wall: () => Micros },
): Promise<RequestAnswer> {
  const request = requestOf(order.request, { parameters, member, now: wall() });
  const { unit, raw } = await member.askRaw(request, order.signal);
  const { id } = member.station.device.device;
  if (unit === undefined)
    throw new DeviceError("DEVICE_ANSWER", `${id} confirmed the request and said nothing`);
  if (unit.type !== request.type - REPLY_TYPE_BELOW) {
    throw new DeviceError("DEVICE_ANSWER", `${id} answered type ${request.type} with type ${unit.type}`);
  }
  for (const object of unit.objects) mustBeAbout(object, request, id);
  const { order: halves } = member.station.device.profile;
  return { facts: factsOf(unit, { order: halves, wall: wall() }), raw: raw.toString("hex") };
}

/** @throws DeviceError DEVICE_ANSWER when a device tells of another system or component than it was asked for */
function mustBeAbout(object: InformationObject, { object: asked }: CentreRequest, device: string): void {
  for (const field of ["system", "systemAddress", "address"] as const) {
    const wanted = asked[field];
    if (wanted === undefined || object[field] === wanted) continue;
    throw new DeviceError(
      "DEVICE_ANSWER",
      `${device} was asked for ${field} ${wanted} and answered for ${object[field]}`,
    );
  }
}

function requestOf(
  id: string,
  { parameters, member, now }: { parameters: Parameters; member: Member; now: Micros },
): CentreRequest {
  const { system, systemAddress, records, time } = parameters;
  const at = { system, systemAddress };
  const since = { records, time: time === undefined ? now - DAY : Date.parse(time) * MILLISECOND };
  switch (id) {
    case "device-state":
      return REQUEST.deviceState();
    case "device-operations":
      return REQUEST.deviceOperations(since);
    case "device-version":
      return REQUEST.deviceVersion();
    case "device-configuration":
      return REQUEST.deviceConfiguration();
    case "device-time":
      return REQUEST.deviceTime();
    case "system-state":
      return REQUEST.systemState(at);
    case "system-operations":
      return REQUEST.systemOperations({ ...at, ...since });
    case "system-version":
      return REQUEST.systemVersion(at);
    case "system-configuration":
      return REQUEST.systemConfiguration(at);
    case "system-time":
      return REQUEST.systemTime(at);
    case "component-state":
      return REQUEST.componentState(componentOf(parameters, member));
    case "component-analog":
      return REQUEST.componentAnalog(componentOf(parameters, member));
    case "component-configuration":
      return REQUEST.componentConfiguration(componentOf(parameters, member));
    default:
      throw new InternalError("INTERNAL", `request ${id} is described and not known`);
  }
}

/** Where a component is, by its id in the site file or by numbers. @throws ConfigurationError COMMAND_USAGE */
function componentOf(
  parameters: Parameters,
  { station }: Member,
): { system: number; systemAddress: number; address: number } {
  const { device, profile, channels } = station.device;
  const listed =
    parameters.component === undefined
      ? undefined
      : channels.find(({ component }) => component?.id === parameters.component)?.component;
  if (parameters.component !== undefined && listed === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", `${device.id} has no component ${parameters.component}`);
  }
  const where = (listed?.address ?? parameters) as ComponentAddress;
  const address = wireAddress(where, profile.order);
  if (address === undefined) {
    throw new ConfigurationError("COMMAND_USAGE", "which component?", {
      hint: "component=ID of the site file, or zone=… point=…, or raw=…",
    });
  }
  const { system = parameters.system, systemAddress = parameters.systemAddress } = where;
  return { system, systemAddress, address };
}

function dutyFacts(duty: Duty, minutes: number): Fact[] {
  if (duty.kind === "ended") return [];
  const name = { zh: "查岗结果", en: "duty check" };
  if (duty.kind === "unanswered") {
    return [
      {
        id: "duty",
        name,
        value: "unanswered",
        text: { zh: `${minutes}分钟内无人应答`, en: `no answer within ${minutes} min` },
      },
    ];
  }
  const at = formatInstant(duty.at);
  return [
    { id: "duty", name, value: "answered", text: { zh: "已应答", en: "answered" } },
    { id: "time", name: { zh: "应答时间", en: "answered at" }, value: at, text: { zh: at, en: at } },
  ];
}
