import type { RequestAnswer } from "../../drivers/request.ts";
import type { ErrorCode } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import { CATALOGUE, isMessageKey } from "../messages/catalogue.ts";
import { say } from "../messages/format.ts";
import type { Refused, Request } from "./command-request.ts";
import { FACT_MAX, RAW_MAX, type Refusal, type ResultMessage } from "./command-schemas.ts";
import type { Resent } from "./resend.ts";
import { REQUEST_ID_MAX } from "./topics.ts";

/** What became of a command. */
export interface Answer {
  readonly accepted: boolean;
  readonly refusal?: Refusal;
  readonly detail?: string;
  readonly durable: boolean;
  readonly resent?: Resent;
  /** What a device has answered. */
  readonly answer?: RequestAnswer;
  /** Why a device has not. */
  readonly code?: ErrorCode;
  /** It has been written down already, with what it did. */
  readonly recorded?: boolean;
}

/** What becomes of a command that is not carried out. */
export function refuse(refusal: Refusal, detail?: string): Answer {
  return { accepted: false, refusal, durable: true, ...(detail === undefined ? {} : { detail }) };
}

/** An answer as it is published; `text` puts the site's first language first. */
export function resultOf(
  request: Request | Refused,
  { user, answer, time, text }: { user: string; answer: Answer; time: Micros; text: (text: Text) => Text },
): ResultMessage {
  return {
    format: "tocsin.result.1",
    id: request.id?.slice(0, REQUEST_ID_MAX) ?? null,
    verb: request.verb,
    accepted: answer.accepted,
    reason: answer.refusal ?? null,
    durable: answer.durable,
    repeated: false,
    user,
    time: formatInstant(time),
    ...(answer.resent === undefined ? {} : { resent: answer.resent }),
    ...(answer.code === undefined ? {} : { code: answer.code }),
    ...(answer.answer === undefined ? {} : { answer: spoken(answer.answer, text) }),
    text: text(resultText(request.verb, answer)),
  };
}

/** What a device answered, as long as the schema of results lets it be. */
function spoken(
  { facts, raw }: RequestAnswer,
  text: (text: Text) => Text,
): NonNullable<ResultMessage["answer"]> {
  const short = (words: string) => words.slice(0, FACT_MAX);
  return {
    facts: facts.map(({ value, ...fact }) => ({
      ...fact,
      name: text(fact.name),
      value: typeof value === "string" ? short(value) : value,
      text: text({ zh: short(fact.text.zh), en: short(fact.text.en) }),
    })),
    raw: raw.slice(0, RAW_MAX),
  };
}

function resultText(verb: string, answer: Answer): Text {
  const key = `verb.${verb}`;
  const name = isMessageKey(key) ? CATALOGUE[key] : { zh: verb, en: verb };
  if (answer.refusal !== undefined) {
    return say("result.refused", {
      verb: name,
      reason: say(`refusal.${answer.refusal}`, { detail: answer.detail ?? "" }),
    });
  }
  if (answer.resent !== undefined) {
    const { from, to, messages } = answer.resent;
    return say("result.resent", { from, to, sent: messages });
  }
  // It has only begun: whether it succeeds is told by its own events.
  if (verb === "self-test" && answer.durable) return say("result.begun", { verb: name });
  return say(answer.durable ? "result.accepted" : "result.not-durable", { verb: name });
}
