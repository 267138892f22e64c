import type { RouteKind } from "../route.ts";
import { sirenSchema } from "./options.ts";

/** What people at the site hear and see. */
export const sirenKinds: readonly RouteKind[] = [
  {
    type: "siren",
    summary: "A sounder and a beacon (声光报警器) by a Modbus relay.",
    options: sirenSchema,
    load: () => import("./siren.ts"),
  },
];
