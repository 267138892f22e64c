import type { z } from "zod";
import type { BusMessage } from "../../drivers/driver.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { tooOld } from "./command-age.ts";
import {
  actCommandSchema,
  alarmCommandSchema,
  askCommandSchema,
  COMMAND_VERBS,
  type CommandVerb,
  closeCommandSchema,
  closePermitCommandSchema,
  openPermitCommandSchema,
  outOfServiceCommandSchema,
  proofTestCommandSchema,
  type Refusal,
  resendCommandSchema,
  respondCommandSchema,
  returnToServiceCommandSchema,
  selfTestCommandSchema,
  shelveCommandSchema,
  unshelveCommandSchema,
  writeCommandSchema,
} from "./command-schemas.ts";

/** A payload longer than this is no command. */
const PAYLOAD_BYTES_MAX = 8_192;
/** How much of what is wrong with a payload is told. */
const DETAIL_MAX = 200;

interface Asks<Verb extends CommandVerb, Schema extends z.ZodType> {
  readonly verb: Verb;
  readonly id: string;
  readonly body: z.output<Schema>;
}

/** A command for the rules that may be carried out. */
export type RulesRequest =
  | Asks<"acknowledge" | "reset", typeof alarmCommandSchema>
  | Asks<"shelve", typeof shelveCommandSchema>
  | Asks<"unshelve", typeof unshelveCommandSchema>
  | Asks<"out-of-service", typeof outOfServiceCommandSchema>
  | Asks<"return-to-service", typeof returnToServiceCommandSchema>
  | Asks<"respond", typeof respondCommandSchema>
  | Asks<"act", typeof actCommandSchema>
  | Asks<"close", typeof closeCommandSchema>
  | Asks<"proof-test", typeof proofTestCommandSchema>
  | Asks<"open-permit", typeof openPermitCommandSchema>
  | Asks<"close-permit", typeof closePermitCommandSchema>
  | Asks<"self-test", typeof selfTestCommandSchema>;

/** A command that may be carried out. */
export type Request =
  | RulesRequest
  | Asks<"resend", typeof resendCommandSchema>
  | Asks<"write", typeof writeCommandSchema>
  | Asks<"ask", typeof askCommandSchema>;

/** A command that may not. `id` where one could be read. */
export interface Refused {
  readonly id: string | undefined;
  readonly verb: string;
  readonly refusal: Refusal;
  readonly detail?: string;
}

/**
 * Reads a command from what came over the bus. `wall` is the wall clock: `expires` and `issued` are instants on the sender's.
 * Never throws: whatever can be sent is either a request or refused with the reason.
 */
export function parseRequest(message: BusMessage, verb: string, wall: Micros): Request | Refused {
  const known = COMMAND_VERBS.find((candidate) => candidate === verb);
  const said = verb.slice(0, 64);
  if (message.payload.length > PAYLOAD_BYTES_MAX) {
    return { id: undefined, verb: said, refusal: "invalid", detail: `more than ${PAYLOAD_BYTES_MAX} bytes` };
  }
  const json = parseJson(message.payload);
  const id = idOf(json);
  const refused = (refusal: Refusal, detail?: string): Refused => ({
    id,
    verb: said,
    refusal,
    ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_MAX) }),
  });
  // A retained command would be carried out again at every reconnection, by whoever is then in danger.
  if (message.retained) return refused("retained");
  if (json === undefined) return refused("invalid", "no JSON object");
  if (id === undefined) return refused("invalid", "id is missing");
  if (known === undefined) return refused("not-supported");
  const parsed = parseBody(known, json);
  if (parsed === undefined) return refused("not-supported");
  if (!parsed.success) return refused("invalid", words(parsed.error));
  const { expires } = parsed.data;
  if (expires !== undefined && Date.parse(expires) * MILLISECOND <= wall) return refused("expired");
  const old = tooOld(known, { ...parsed.data, waited: message.waited === true, wall });
  if (old !== undefined) return refused(old.refusal, old.detail);
  return { verb: known, id, body: parsed.data } as Request;
}

function parseBody(verb: CommandVerb, json: unknown) {
  switch (verb) {
    case "acknowledge":
    case "reset":
      return alarmCommandSchema.safeParse(json);
    case "write":
      return writeCommandSchema.safeParse(json);
    case "ask":
      return askCommandSchema.safeParse(json);
    case "resend":
      return resendCommandSchema.safeParse(json);
    case "shelve":
      return shelveCommandSchema.safeParse(json);
    case "unshelve":
      return unshelveCommandSchema.safeParse(json);
    case "out-of-service":
      return outOfServiceCommandSchema.safeParse(json);
    case "return-to-service":
      return returnToServiceCommandSchema.safeParse(json);
    case "proof-test":
      return proofTestCommandSchema.safeParse(json);
    case "open-permit":
      return openPermitCommandSchema.safeParse(json);
    case "close-permit":
      return closePermitCommandSchema.safeParse(json);
    case "respond":
      return respondCommandSchema.safeParse(json);
    case "act":
      return actCommandSchema.safeParse(json);
    case "close":
      return closeCommandSchema.safeParse(json);
    case "self-test":
      return selfTestCommandSchema.safeParse(json);
  }
}

function parseJson(payload: Uint8Array): object | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return typeof json === "object" && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

function idOf(json: object | undefined): string | undefined {
  const id = json !== undefined && "id" in json ? json.id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function words(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    .join("; ");
}
