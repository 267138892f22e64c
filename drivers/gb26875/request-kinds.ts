import { z } from "zod";
import type { RequestDescription } from "../request.ts";
import { DUTY_MINUTES_MAX } from "./address.ts";

/*
 * What a user information transmission device can be asked (8.3), by the types of the standard's table 3. Initialising (89) is left
 * out: nobody should be able to do that to a fire-control room from afar. Imports no protocol library.
 */

const BYTE_MAX = 255;
const WORD_MAX = 0xffff_ffff;
const HALF_MAX = 0xffff;
/** Records fit into one unit of 1024 bytes, 10 bytes each (8.2.1.4). */
const RECORDS_MAX = 102;

const byte = z.number().int().min(0).max(BYTE_MAX);
const half = z.number().int().min(0).max(HALF_MAX);

const systemShape = {
  system: byte.default(1).meta({ description: "Kind of system (table 4); 1 is fire alarm.", examples: [1] }),
  systemAddress: byte.default(1).meta({ description: "Address of the system.", examples: [1] }),
};
const componentShape = {
  component: z
    .string()
    .optional()
    .meta({ description: "Id of a component in the site file, instead of numbers.", examples: ["l3d2"] }),
  ...systemShape,
  zone: half.optional().meta({ description: "Zone (区).", examples: [10] }),
  point: half.optional().meta({ description: "Number (位).", examples: [2] }),
  raw: z
    .number()
    .int()
    .min(0)
    .max(WORD_MAX)
    .optional()
    .meta({ description: "The four bytes of the address as one number, instead of zone and point." }),
};
const recordShape = {
  records: z
    .number()
    .int()
    .min(1)
    .max(RECORDS_MAX)
    .default(10)
    .meta({ description: "How many records.", examples: [10] }),
  time: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: "From when on; left out, a day ago.", examples: ["2026-05-21T08:00:00+08:00"] }),
};

const none = z.strictObject({});
const system = z.strictObject(systemShape);
const component = z.strictObject(componentShape);

const asks = (id: string, zh: string, en: string, parameters: z.ZodObject = none): RequestDescription => ({
  id,
  name: { zh, en },
  parameters,
  acts: false,
});

/** Requests to devices of this link. */
export const GB26875_REQUESTS: readonly RequestDescription[] = [
  asks("device-state", "读用户信息传输装置运行状态", "state of the transmission device"),
  asks(
    "device-operations",
    "读用户信息传输装置操作信息",
    "operations at the transmission device",
    z.strictObject(recordShape),
  ),
  asks("device-version", "读用户信息传输装置软件版本", "software version of the transmission device"),
  asks("device-configuration", "读用户信息传输装置配置", "configuration of the transmission device"),
  asks("device-time", "读用户信息传输装置系统时间", "clock of the transmission device"),
  asks("system-state", "读消防设施系统状态", "state of a system", system),
  asks(
    "system-operations",
    "读消防设施操作信息",
    "operations at a system",
    z.strictObject({ ...systemShape, ...recordShape }),
  ),
  asks("system-version", "读消防设施软件版本", "software version of a system", system),
  asks("system-configuration", "读消防设施系统配置", "configuration of a system", system),
  asks("system-time", "读消防设施系统时间", "clock of a system", system),
  asks("component-state", "读部件运行状态", "state of a component", component),
  asks("component-analog", "读部件模拟量值", "analog value of a component", component),
  asks("component-configuration", "读部件配置", "configuration of a component", component),
  {
    id: "set-clock",
    name: { zh: "同步时钟", en: "set the clock" },
    parameters: none,
    acts: true,
  },
  {
    id: "duty-check",
    name: { zh: "查岗", en: "duty check" },
    parameters: z.strictObject({
      minutes: z
        .number()
        .int()
        .min(1)
        .max(DUTY_MINUTES_MAX)
        .default(10)
        .meta({ description: "Minutes the people on duty have to answer.", examples: [10] }),
    }),
    acts: true,
  },
];
