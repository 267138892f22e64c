import { z } from "zod";
import type { RequestDescription } from "../request.ts";

/*
 * What a data logger can be asked (HJ 212-2017, 6.6.5), by command. Passwords (1072), time-outs (1000), instruments' own parameters and
 * all control (3011 and on) are left out. Imports nothing that opens a socket.
 */

/** Real-time data comes at least so often, in seconds (1062); minute data in minutes of an hour (1064). */
const REAL_TIME_SECONDS = { min: 30, max: 3_600 } as const;
const MINUTE_MINUTES = { min: 1, max: 60 } as const;

const instant = z.iso.datetime({ offset: true });
const none = z.strictObject({});
const span = z.strictObject({
  from: instant.meta({ description: "Beginning.", examples: ["2026-05-21T08:00:00+08:00"] }),
  to: instant.meta({ description: "End.", examples: ["2026-05-21T12:00:00+08:00"] }),
});

const request = (
  id: string,
  name: readonly [zh: string, en: string],
  { parameters = none, acts = false }: { parameters?: z.ZodObject; acts?: boolean } = {},
): RequestDescription => ({ id, name: { zh: name[0], en: name[1] }, parameters, acts });

/** Requests to data loggers. */
export const HJ212_REQUESTS: readonly RequestDescription[] = [
  request("clock", ["提取现场机时间", "clock of the logger"]),
  request("real-time", ["取实时数据", "real-time data now"]),
  request("minutes", ["取分钟历史数据", "stored minute data"], { parameters: span }),
  request("hours", ["取小时历史数据", "stored hourly data"], { parameters: span }),
  request("days", ["取日历史数据", "stored daily data"], { parameters: span }),
  request("real-time-interval", ["提取实时数据间隔", "interval of real-time data"]),
  request("minute-interval", ["提取分钟数据间隔", "interval of minute data"]),
  request("set-clock", ["设置现场机时间", "set the clock"], { acts: true }),
  request("set-real-time-interval", ["设置实时数据间隔", "set the interval of real-time data"], {
    parameters: z.strictObject({
      seconds: z
        .number()
        .int()
        .min(REAL_TIME_SECONDS.min)
        .max(REAL_TIME_SECONDS.max)
        .meta({ description: "Seconds between two reports.", examples: [30] }),
    }),
    acts: true,
  }),
  request("set-minute-interval", ["设置分钟数据间隔", "set the interval of minute data"], {
    parameters: z.strictObject({
      minutes: z
        .number()
        .int()
        .min(MINUTE_MINUTES.min)
        .max(MINUTE_MINUTES.max)
        .meta({ description: "Minutes that a value stands for.", examples: [10] }),
    }),
    acts: true,
  }),
];
