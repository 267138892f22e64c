import type { RouteKind } from "../route.ts";
import { smsSchema } from "./options.ts";

/** Text messages by a modem. */
export const smsKinds: readonly RouteKind[] = [
  {
    type: "sms",
    summary: "Text messages (短信) by a modem on a serial port.",
    options: smsSchema,
    load: () => import("./sms.ts"),
  },
];
