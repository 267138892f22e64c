import type { BusMessage, MessageBus, Sender, Ticket } from "../../drivers/driver.ts";
import type { Fact } from "../../drivers/request.ts";
import type { Counters } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Text } from "../../model/text.ts";
import { type Clock, formatInstant, type Micros, SECOND } from "../../model/time.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import type { Command, CommandOutcome } from "../../rules/input.ts";
import { CATALOGUE, isMessageKey } from "../messages/catalogue.ts";
import { type Requested, type RequestWish, saidByFacts } from "../requests.ts";
import type { WriteWish, Written } from "../writes.ts";
import { within } from "./bounded.ts";
import { type Answer, refuse, resultOf } from "./command-answer.ts";
import { commandOf } from "./command-input.ts";
import { CommandLedger, type UnstampedRecord } from "./command-ledger.ts";
import { CommandRepeats } from "./command-repeats.ts";
import { parseRequest, type Refused, type Request, type RulesRequest } from "./command-request.ts";
import type { AskBody, ResultMessage, WriteBody } from "./command-schemas.ts";
import { RateBound } from "./rate-bound.ts";
import type { Resent } from "./resend.ts";
import { COMMAND_FILTER, REQUEST_ID_MAX, resultTopic, type TopicRoot, verbOf } from "./topics.ts";

/** Commands that wait for the disk, or for a resend, at the same time. */
const PENDING_BOUND = 256;
/** Resends at the same time; each reads the alarm log page by page. */
const RESENDS_BOUND = 2;
/** How long a result waits for the disk; then it says that the command is in effect but not on disk. */
const DURABLE_WITHIN = 2 * SECOND;

/** Has a command carried out; what `record` makes of the outcome goes into the alarm log with it. */
export type CarryOut = (
  command: Command,
  record: (outcome: CommandOutcome) => UnstampedRecord | undefined,
) => { outcome: CommandOutcome; ticket: Ticket };

export interface CommandsOptions {
  readonly site: string;
  readonly alarms: () => Iterable<AlarmView>;
  /** How long a self-test may take, µs. */
  readonly selfTestWithin: Micros;
  readonly command: CarryOut;
  /** Writes to an instrument; without it nothing can be written. */
  readonly write?: (wish: WriteWish) => Promise<Written>;
  /** Asks an instrument; without it none can be asked. */
  readonly request?: (wish: RequestWish) => Promise<Requested>;
  /** Writes down a command that the rules never saw. */
  readonly record: (record: UnstampedRecord) => void;
  readonly whenDurable: (ticket: Ticket) => Promise<void>;
  readonly clock: Clock;
  /** The order of languages of the site. */
  readonly text: (text: Text) => Text;
  readonly log: Log;
  readonly counters: Counters;
}

/** A way that commands come by. */
interface Way {
  readonly name: string;
  /** Publishes missed events on this way again; undefined where events do not go. */
  readonly resend?: (from: number, to: number) => Promise<Resent>;
}

/** Where commands come from, and where their results and resent events go. */
export interface CommandRoute extends Way {
  readonly bus: MessageBus;
  readonly root: TopicRoot;
  /** Who a sender is taken for: what the broker has authenticated, never what the payload says. */
  readonly user: (sender: Sender) => string;
  /** Publishes missed events on this route again. */
  readonly resend: (from: number, to: number) => Promise<Resent>;
}

/** A command as it comes over HTTP. */
export interface AskedCommand {
  /** Authenticated by who took the call. */
  readonly user: string;
  readonly verb: string;
  /** The JSON text, as over a bus. */
  readonly payload: Uint8Array;
}

/** Takes commands from people over the buses, has them carried out, and answers each with a result. */
export class Commands {
  readonly #o: CommandsOptions;
  readonly #rate = new RateBound();
  readonly #ledger: CommandLedger;
  readonly #repeats: CommandRepeats;
  readonly #offs: (() => void)[] = [];
  #pending = 0;
  #resends = 0;
  #stopped = false;

  constructor(options: CommandsOptions) {
    this.#o = options;
    this.#ledger = new CommandLedger(options.clock);
    this.#repeats = new CommandRepeats(options.clock);
  }

  /** Begins to take commands on a route. */
  listen(route: CommandRoute): void {
    this.#offs.push(
      route.bus.subscribe(route.root.topic(COMMAND_FILTER), (message) => this.#received(message, route)),
    );
  }

  /** Takes no more commands; results under way may still go out. */
  stop(): void {
    this.#stopped = true;
    for (const off of this.#offs.splice(0)) off();
  }

  /** Takes a command that came over HTTP from an authenticated user. */
  async ask({ user, verb, payload }: AskedCommand): Promise<ResultMessage> {
    const route: Way = { name: "http" };
    const sender = { client: user, user };
    const message = { topic: `command/${verb}`, payload, retained: false, sender };
    const request = this.#stopped
      ? ({ id: undefined, verb: verb.slice(0, 64), refusal: "busy" } as const)
      : this.#admit(message, { route, verb });
    const key = `${route.name}\n${user}\n${message.topic}\n${Buffer.from(payload).toString("latin1")}`;
    return await this.#respond(request, { route, user, key });
  }

  #received(message: BusMessage, route: CommandRoute): void {
    const name = route.root.name(message.topic);
    const verb = name === undefined ? undefined : verbOf(name);
    // An empty message is what clears a retained one: nobody asked for anything.
    if (this.#stopped || verb === undefined || message.payload.length === 0) return;
    const user = route.user(message.sender);
    const request = this.#admit(message, { route, verb });
    const key = `${route.name}\n${user}\n${message.topic}\n${Buffer.from(message.payload).toString("latin1")}`;
    this.#respond(request, { route, user, key })
      .then((result) =>
        route.bus.publish(route.root.topic(resultTopic(request.id)), JSON.stringify(result), {
          qos: 1,
          retain: false,
        }),
      )
      .catch((thrown: unknown) => {
        this.#o.log.warn(
          { route: route.name, reason: describe(thrown) },
          "a command's result could not be published",
        );
      });
  }

  async #respond(
    request: Request | Refused,
    from: { route: Way; user: string; key: string },
  ): Promise<ResultMessage> {
    if ("refusal" in request) return await this.#answer(request, from);
    const { result, repeated } = await this.#repeats.once(from.key, () => this.#answer(request, from));
    return repeated ? this.#repeated(result) : result;
  }

  #repeated(first: ResultMessage): ResultMessage {
    const { clock, text, counters } = this.#o;
    counters
      .counter({ name: "commands_repeated", help: "Commands delivered again and not carried out again." })
      .add();
    return {
      ...first,
      repeated: true,
      time: formatInstant(clock.now()),
      text: text(CATALOGUE["result.repeated"]),
    };
  }

  #admit(message: BusMessage, { route, verb }: { route: Way; verb: string }): Request | Refused {
    const { clock } = this.#o;
    const request = parseRequest(message, verb, clock.wall());
    if (!this.#rate.take(`${route.name}\n${message.sender.client}`, clock.now())) {
      return { id: request.id, verb: request.verb, refusal: "too-many" };
    }
    return request;
  }

  async #answer(
    request: Request | Refused,
    { route, user }: { route: Way; user: string },
  ): Promise<ResultMessage> {
    let answer: Answer;
    try {
      answer =
        "refusal" in request
          ? refuse(request.refusal, request.detail)
          : await this.#carryOut(request, { route, user });
    } catch (thrown) {
      this.#o.log.error(
        { route: route.name, verb: request.verb, reason: describe(thrown) },
        "a command failed",
      );
      answer = refuse("failed");
    }
    this.#account(request, { route: route.name, user, answer });
    if (answer.recorded !== true) this.#write(request, { route, user, answer });
    const { clock, text } = this.#o;
    return resultOf(request, { user, answer, time: clock.now(), text });
  }

  async #carryOut(request: Request, { route, user }: { route: Way; user: string }): Promise<Answer> {
    if (this.#pending >= PENDING_BOUND) return refuse("busy");
    this.#pending++;
    try {
      if (request.verb === "resend") return await this.#resend(request.body, route);
      if (request.verb === "write") return await this.#writeTo(request.body, user);
      if (request.verb === "ask") return await this.#askDevice(request, { route, user });
      return await this.#rules(request, { route, user });
    } finally {
      this.#pending--;
    }
  }

  async #resend({ from, to }: { from: number; to: number }, route: Way): Promise<Answer> {
    if (route.resend === undefined) return refuse("not-supported");
    if (this.#resends >= RESENDS_BOUND) return refuse("busy");
    this.#resends++;
    try {
      return { accepted: true, durable: true, resent: await route.resend(from, to) };
    } finally {
      this.#resends--;
    }
  }

  async #writeTo({ device, output, value, reason }: WriteBody, user: string): Promise<Answer> {
    const written = await this.#o.write?.({ device, output, value, user, reason });
    if (written === undefined) return refuse("not-supported");
    if (written.outcome !== "written") return refuse(written.outcome, written.detail);
    const detail = written.verified ? written.to : `${written.to}; it cannot be read back`;
    return { accepted: true, durable: true, detail };
  }

  async #askDevice(
    { id, body }: { id: string; body: AskBody },
    { route, user }: { route: Way; user: string },
  ): Promise<Answer> {
    const { device, request, parameters, reason } = body;
    const requested = await this.#o.request?.({ device, request, parameters, reason, user });
    if (requested === undefined) return refuse("not-supported");
    switch (requested.outcome) {
      case "answered":
        requested.answer.later
          ?.then((facts) => this.#cameLater(facts, { id, body, route, user }))
          .catch((thrown: unknown) => {
            const fields = { device, request, reason: describe(thrown) };
            this.#o.log.error(fields, "what came of a request later is lost");
          });
        return { accepted: true, durable: true, answer: requested.answer };
      case "device-failed":
        return { ...refuse("device-failed", requested.detail), code: requested.code };
      case "busy":
        return refuse("busy");
      default:
        return refuse(requested.outcome, requested.detail);
    }
  }

  /** People have answered behind a device that had been asked, or have not in time. */
  #cameLater(
    facts: readonly Fact[],
    { id, body, route, user }: { id: string; body: AskBody; route: Way; user: string },
  ): void {
    if (facts.length === 0) return;
    const { device, request } = body;
    const came = saidByFacts(facts);
    this.#o.log.info({ device, request, user, ...came }, "what a device was asked for has come of it");
    const said = { device, request, ...came };
    this.#o.record({ route: route.name, user, verb: "ask", id, accepted: true, said });
  }

  async #rules(request: RulesRequest, from: { route: Way; user: string }): Promise<Answer> {
    const { site, alarms, selfTestWithin, command, clock, whenDurable } = this.#o;
    const meant = commandOf(request, { user: from.user, site, alarms, selfTestWithin });
    if (typeof meant === "string") return refuse(meant);
    const { outcome, ticket } = command(meant, ({ accepted, refusal }) =>
      this.#ledger.record({
        ...recordOf(request, { ...from, accepted, reason: refusal }),
        ...aboutOf(meant),
      }),
    );
    const durable = await within(clock, DURABLE_WITHIN, whenDurable(ticket));
    if (outcome.accepted) return { accepted: true, durable, recorded: true };
    return { ...refuse(outcome.refusal ?? "failed"), durable, recorded: true };
  }

  #account(request: Request | Refused, done: { route: string; user: string; answer: Answer }): void {
    const { route, user, answer } = done;
    const fields = {
      route,
      user,
      verb: request.verb,
      id: request.id?.slice(0, REQUEST_ID_MAX),
      reason: answer.refusal,
      detail: answer.detail,
    };
    const { counters, log } = this.#o;
    const verb = isMessageKey(`verb.${request.verb}`) ? request.verb : "unknown";
    if (answer.accepted) {
      counters.counter({ name: "commands", help: "Commands carried out, by verb.", labels: { verb } }).add();
      log.info(fields, "a command was carried out");
    } else {
      counters
        .counter({
          name: "commands_refused",
          help: "Commands refused, by verb and reason.",
          labels: { verb, reason: answer.refusal ?? "failed" },
        })
        .add();
      log.warn(fields, "a command was refused");
    }
  }

  /** Notes what the rules never saw: refused at the door, or answered from the log. */
  #write(request: Request | Refused, done: { route: Way; user: string; answer: Answer }): void {
    const { answer } = done;
    const detail = answer.detail === undefined ? {} : { detail: answer.detail };
    const record = this.#ledger.record({
      ...recordOf(request, { ...done, accepted: answer.accepted, reason: answer.refusal }),
      ...detail,
    });
    if (record !== undefined) this.#o.record(record);
  }
}

/** What a command is about, as far as it names that. */
function aboutOf(command: Command): Pick<UnstampedRecord, "rule" | "subject" | "occurrence"> {
  return {
    ...("rule" in command ? { rule: command.rule } : {}),
    ...("subject" in command ? { subject: command.subject } : {}),
    ...("occurrence" in command && command.occurrence !== undefined
      ? { occurrence: command.occurrence }
      : {}),
  };
}

/** A command as the alarm log keeps it. */
function recordOf(
  request: Request | Refused,
  done: { route: Way; user: string; accepted: boolean; reason: string | undefined },
): Omit<UnstampedRecord, "unrecorded"> {
  const { route, user, accepted, reason } = done;
  const { note, said } = saidBy(request);
  return {
    route: route.name,
    user,
    verb: request.verb,
    accepted,
    ...(request.id === undefined ? {} : { id: request.id.slice(0, REQUEST_ID_MAX) }),
    ...(reason === undefined ? {} : { reason }),
    ...(note === undefined ? {} : { note }),
    ...(said === undefined ? {} : { said }),
  };
}

/** What a command said beside which alarm it is about; bounded by its schema. */
function saidBy(request: Request | Refused): { note?: string; said?: Record<string, unknown> } {
  if (!("body" in request)) return {};
  const { id: _, expires: __, issued: ___, note, ...said } = request.body;
  return {
    ...(note === undefined ? {} : { note }),
    ...(Object.keys(said).length === 0 ? {} : { said }),
  };
}
