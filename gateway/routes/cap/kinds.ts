import type { RouteKind } from "../route.ts";
import { capRouteSchema } from "./options.ts";

/** CAP on a topic. */
export const capKinds: readonly RouteKind[] = [
  {
    type: "cap",
    summary: "Common Alerting Protocol 1.2 (XML) on the topic `cap/…` of a broker.",
    options: capRouteSchema,
    load: () => import("./cap-topic.ts"),
  },
];
