import { ConfigurationError, DeviceError, InternalError } from "../../model/error.ts";
import { MILLISECOND, type Micros } from "../../model/time.ts";
import { clockFacts } from "../facts.ts";
import type { RequestAnswer, RequestOrder } from "../request.ts";
import { writeElementQuery, writePeriodQuery } from "./body-writer.ts";
import { FUNCTION } from "./control.ts";
import { formatGuide } from "./elements.ts";
import { readAnswer } from "./facts.ts";
import type { Answer } from "./question.ts";
import type { Questions } from "./questions.ts";
import type { Station } from "./station.ts";
import type { Upkeep } from "./upkeep.ts";

/** Requests whose question has no parameters, by function. */
const PLAIN: Readonly<Record<string, number>> = {
  now: FUNCTION.queryNow,
  manual: FUNCTION.queryManual,
  "pump-motors": FUNCTION.pumpMotor,
  version: FUNCTION.version,
  status: FUNCTION.status,
  events: FUNCTION.events,
  clock: FUNCTION.clock,
};

interface Parameters {
  readonly elements: readonly number[];
  readonly element: number;
  readonly from: string;
  readonly to: string;
  readonly step: Micros;
}

/** What is needed to ask a station. */
export interface Asking {
  readonly station: Station;
  readonly questions: Questions;
  readonly upkeep: Upkeep;
  /** Zone of the stations, µs ahead of UTC. */
  readonly offset: Micros;
  readonly wall: () => Micros;
}

/** Carries out one of the requests of request-kinds.ts. @throws as `Driver.request` */
export async function answer(asking: Asking, order: RequestOrder): Promise<RequestAnswer> {
  const { station, upkeep, questions, offset, wall } = asking;
  const { request, signal } = order;
  const parameters = order.parameters as unknown as Parameters;
  if (request === "set-clock") {
    const told = await upkeep.setClock(station, signal);
    return { facts: clockFacts(told.sent, wall()), raw: hex(told) };
  }
  const plain = PLAIN[request];
  if (plain !== undefined) {
    const told = await upkeep.ask(station, plain, signal);
    return { facts: readAnswer(told, { offset, wall: wall() }).facts, raw: hex(told) };
  }
  if (request === "elements") {
    const { elements } = parameters;
    const told = await questions.ask(station, FUNCTION.queryElements, {
      body: (writing) => writeElementQuery({ sent: wall(), guides: elements }, writing),
      signal,
    });
    const { facts, guides } = readAnswer(told, { offset, wall: wall() });
    mustHave(elements, guides, station);
    return { facts, raw: hex(told) };
  }
  if (request === "period") return await period(asking, parameters, signal);
  throw new InternalError("INTERNAL", `request ${request} is described and not known`);
}

async function period(
  { station, questions, offset, wall }: Asking,
  { element, step, ...span }: Parameters,
  signal: AbortSignal,
): Promise<RequestAnswer> {
  const from = Date.parse(span.from) * MILLISECOND;
  const to = Date.parse(span.to) * MILLISECOND;
  if (!(from < to)) throw new ConfigurationError("COMMAND_USAGE", "from must be before to");
  const told = await questions.ask(station, FUNCTION.queryPeriod, {
    body: (writing) => writePeriodQuery({ sent: wall(), from, to, step, guide: element }, writing),
    signal,
  });
  const { facts, guides, times } = readAnswer(told, { offset, wall: wall() });
  mustHave([element], guides, station);
  // The answer to an earlier question of the same kind, which had been given up.
  const strange = times.find((time) => time < from - step || time > to + step);
  if (strange !== undefined) {
    throw new DeviceError(
      "DEVICE_ANSWER",
      `${station.device.device.id} answered for another period than it was asked for`,
    );
  }
  return { facts, raw: hex(told) };
}

/** @throws DeviceError DEVICE_ANSWER when nothing that was asked for is in the answer */
function mustHave(asked: readonly number[], told: ReadonlySet<number>, station: Station): void {
  if (asked.some((guide) => told.has(guide))) return;
  throw new DeviceError(
    "DEVICE_ANSWER",
    `${station.device.device.id} was asked for ${asked.map(formatGuide).join(", ")} and answered something else`,
  );
}

function hex({ bytes }: Answer): string {
  return Buffer.from(bytes).toString("hex");
}
