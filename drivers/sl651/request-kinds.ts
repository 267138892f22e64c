import { z } from "zod";
import { durationSchema } from "../../model/schema.ts";
import type { RequestDescription } from "../request.ts";
import { parseGuide } from "./elements.ts";

/*
 * What a hydrological station can be asked (6.6.4.10 to 6.6.4.26), by function. Configuration (40H to 43H), storage (47H, 48H),
 * passwords, pumps, valves, gates and quotas (49H, 4BH to 4FH) are left out. Imports nothing that opens a socket.
 */

/** Elements that one question may have. */
const ELEMENTS_MAX = 32;
/** The longest step that table C.3 can say. */
const STEP_MAX = "31d";

const guide = z
  .string()
  .refine((text) => parseGuide(text) !== undefined, "write an element as Z, 39H or FF21H")
  .transform((text) => parseGuide(text)!);
const instant = z.iso.datetime({ offset: true });

const none = z.strictObject({});
const asks = (id: string, zh: string, en: string, parameters: z.ZodObject = none): RequestDescription => ({
  id,
  name: { zh, en },
  parameters,
  acts: false,
});

/** Requests to stations. */
export const SL651_REQUESTS: readonly RequestDescription[] = [
  asks("now", "查询实时数据", "present values"),
  asks(
    "elements",
    "查询指定要素",
    "present values of elements",
    z.strictObject({
      elements: z
        .string()
        .transform((text) => text.split(",").map((part) => part.trim()))
        .pipe(z.array(guide).min(1).max(ELEMENTS_MAX))
        .meta({ description: "Elements, separated by commas.", examples: ["Z,PJ,VT"] }),
    }),
  ),
  asks(
    "period",
    "查询时段数据",
    "stored values of a period",
    z.strictObject({
      element: guide.meta({ description: "One element.", examples: ["Z"] }),
      from: instant.meta({
        description: "Beginning; the station knows whole hours.",
        examples: ["2026-05-21T08:00:00+08:00"],
      }),
      to: instant.meta({ description: "End.", examples: ["2026-05-21T20:00:00+08:00"] }),
      step: durationSchema({ min: "1m", max: STEP_MAX })
        .prefault("1h")
        .meta({ description: "Between two values: whole days, hours or minutes.", examples: ["1h"] }),
    }),
  ),
  asks("manual", "查询人工置数", "last manual report"),
  asks("pump-motors", "查询水泵电机实时数据", "pump motors"),
  asks("version", "查询软件版本", "software version"),
  asks("status", "查询状态和报警", "status and alarms"),
  asks("events", "查询事件记录", "counts of events"),
  asks("clock", "查询时钟", "clock of the station"),
  { id: "set-clock", name: { zh: "设置时钟", en: "set the clock" }, parameters: none, acts: true },
];
