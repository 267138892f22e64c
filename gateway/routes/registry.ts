import { z } from "zod";
import { capKinds } from "./cap/kinds.ts";
import { robotKinds } from "./robots/kinds.ts";
import type { RouteKind } from "./route.ts";
import { sirenKinds } from "./siren/kinds.ts";
import { smsKinds } from "./sms/kinds.ts";
import { webhookKinds } from "./webhook/kinds.ts";

const KINDS: readonly RouteKind[] = [...webhookKinds, ...robotKinds, ...capKinds, ...smsKinds, ...sirenKinds];

/** The kinds of route there are, by the `type` they have in a site file. */
export const routeKinds: ReadonlyMap<string, RouteKind> = new Map(KINDS.map((kind) => [kind.type, kind]));

function optionsOf(kind: RouteKind) {
  return kind.options
    .safeExtend({ type: z.literal(kind.type).meta({ description: kind.summary }) })
    .meta({ title: kind.type, description: kind.summary });
}

const [firstKind, ...otherKinds] = [...routeKinds.values()].map(optionsOf);

/** One entry of `routes:`; `type` chooses the kind. */
export const routeSchema = z.discriminatedUnion("type", [firstKind!, ...otherKinds]);
