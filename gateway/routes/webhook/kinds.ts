import type { RouteKind } from "../route.ts";
import { webhookSchema } from "./options.ts";

/** Webhooks. */
export const webhookKinds: readonly RouteKind[] = [
  {
    type: "webhook",
    summary: "Every event by HTTP POST, signed, as JSON or as CAP.",
    options: webhookSchema,
    load: () => import("./webhook.ts"),
  },
];
