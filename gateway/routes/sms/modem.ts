import type { ByteLine } from "../../../drivers/modbus/byte-line.ts";
import type { Counters } from "../../../model/counter.ts";
import { describe } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import { type Clock, MILLISECOND, MINUTE, type Micros, SECOND, type Timer } from "../../../model/time.ts";
import { RouteUnavailable } from "../route.ts";
import { AtSession, ModemFailure } from "./at-session.ts";
import { type ErrorClass, meaningOf } from "./modem-errors.ts";
import { masked } from "./numbers.ts";
import { type Pdu, parseStatusReport } from "./pdu.ts";

/** Modems answer commands about themselves at once; those about the network within seconds. */
const ANSWER_WITHIN: Micros = 5 * SECOND;
/** A modem that has just started is asked so often, so long apart, before it counts as dead. */
const KNOCKS = 5;
const KNOCK_WITHIN: Micros = SECOND;
/** After the first answer, what was still under way from before may come in. */
const SETTLE: Micros = 200 * MILLISECOND;
/** The network's confirmation of a message. */
const CONFIRM_WITHIN: Micros = 60 * SECOND;
/** Pauses before the port is opened again. */
const REOPEN_FIRST: Micros = SECOND;
const REOPEN_LONGEST: Micros = 30 * SECOND;
/** Looks at the network in a row that found none, or failures in a row, after which the modem is told to restart. */
const RESTART_AFTER = 4;
/** A modem that does not find a network is not made to restart more often than this. */
const RESTART_EVERY: Micros = 10 * MINUTE;
/** Below this, or unknown (99), messages rarely get through: about -109 dBm (27.007, 8.5). */
const WEAK_SIGNAL = 2;
const UNKNOWN_SIGNAL = 99;
/** States of +CREG and +CEREG in which messages can be sent (27.007, 7.2): at home, roaming; 6 and 7: short messages only. */
const REGISTERED: ReadonlySet<string> = new Set(["1", "5", "6", "7"]);

/** Nobody knows yet whether the modem works. */
const STARTING = "the modem is starting";

export interface ModemOptions {
  readonly open: (signal: AbortSignal) => Promise<ByteLine>;
  /** Of the SIM, if it asks for one. */
  readonly pin: string | undefined;
  /** How often an idle modem is looked at, µs. */
  readonly watch: Micros;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Name of the route, for counters. */
  readonly route: string;
  /** Told what is wrong, or undefined when messages can be sent. */
  readonly onCondition: (problem: string | undefined) => void;
}

/** The modem cannot send this message, or not to this number. */
export class MessageRejected extends Error {}

/**
 * A modem on a serial port: opened and set up again and again as long as it takes, watched while idle, restarted when it hangs or
 * finds no network. One message at a time.
 */
export class Modem {
  readonly #o: ModemOptions;
  readonly #abort = new AbortController();
  readonly #waits = new Set<{ timer: Timer; resolve: () => void }>();
  #session: AtSession | undefined;
  /** Why nothing can be sent. */
  #problem: string | undefined = STARTING;
  #ready = Promise.withResolvers<void>();
  #last: Promise<unknown> = Promise.resolve();
  #pinTried = false;
  #silentLooks = 0;
  #failures = 0;
  #restarted: Micros = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: ModemOptions) {
    this.#o = options;
    void this.#run();
  }

  /**
   * Does something with the modem while nobody else does; `send` sends one PDU and resolves when the network has it.
   * @throws RouteUnavailable when it cannot be sent now, MessageRejected when this one will not be taken.
   */
  exclusive<T>(work: (send: (pdu: Pdu, to: string) => Promise<void>) => Promise<T>): Promise<T> {
    const done = this.#last.then(() => work((pdu, to) => this.#send(pdu, to)));
    this.#last = done.catch(() => undefined);
    return done;
  }

  close(): void {
    this.#stopped = true;
    this.#abort.abort();
    for (const { timer, resolve } of this.#waits) {
      timer.cancel();
      resolve();
    }
    this.#waits.clear();
    this.#session?.close();
    this.#ready.resolve();
  }

  async #run(): Promise<void> {
    for (let pause = REOPEN_FIRST; !this.#stopped; ) {
      try {
        const line = await this.#o.open(this.#abort.signal);
        const session = new AtSession({ line, clock: this.#o.clock, onNews: (news) => this.#news(news) });
        this.#session = session;
        await this.#setUp(session);
        pause = REOPEN_FIRST;
        await this.#attend(session);
        await this.#watch(session);
      } catch (thrown) {
        if (this.#stopped) return;
        this.#trouble(describe(thrown));
      }
      this.#session?.close();
      this.#session = undefined;
      if (this.#stopped) return;
      await this.#wait(pause);
      pause = Math.min(pause * 2, REOPEN_LONGEST);
    }
  }

  /** @throws ModemFailure, RouteUnavailable with what a person must mend. */
  async #setUp(session: AtSession): Promise<void> {
    await this.#knock(session);
    const ask = (command: string) => session.command(command, { within: ANSWER_WITHIN });
    await ask("ATE0");
    await ask("AT+CMEE=1");
    await this.#unlock(session);
    const [centre = ""] = await ask("AT+CSCA?");
    if (/^\+CSCA: *""/.test(centre)) this.#o.log.warn({}, "the SIM holds no number of a service centre");
    await ask("AT+CMGF=0");
    // Reports of the network come at once; what others send us stays in the memory of the SIM, unread.
    await tolerated(ask("AT+CNMI=2,0,0,1,0"));
  }

  /** Whatever it was in the middle of: after this it listens. */
  async #knock(session: AtSession): Promise<void> {
    session.escape();
    for (let knock = 1; ; knock++) {
      try {
        await session.command("AT", { within: KNOCK_WITHIN });
        break;
      } catch (thrown) {
        const gone = !(thrown instanceof ModemFailure) || thrown.kind === "gone";
        if (gone) throw thrown;
        if (knock < KNOCKS) continue;
        throw new RouteUnavailable("the modem does not answer", {
          cause: thrown,
          kind: "silent",
          hint: "is it on, is this its AT port and its speed? A modem that hangs must be switched off and on",
        });
      }
    }
    await this.#wait(SETTLE);
  }

  async #unlock(session: AtSession): Promise<void> {
    const ask = async () => (await session.command("AT+CPIN?", { within: ANSWER_WITHIN }))[0] ?? "";
    const state = await ask();
    if (state.includes("READY")) return;
    const { pin } = this.#o;
    // Three wrong ones lock the SIM for good.
    if (!state.includes("SIM PIN") || pin === undefined || this.#pinTried)
      throw new RouteUnavailable(`the SIM is not ready: ${state.slice(0, 40)}`, { kind: "sim" });
    this.#pinTried = true;
    await session.command(`AT+CPIN=${pin}`, { within: ANSWER_WITHIN });
    const then = await ask();
    if (!then.includes("READY"))
      throw new RouteUnavailable("the SIM is not ready after its PIN", { kind: "sim" });
  }

  /** Whether messages can be sent as the network is. @throws ModemFailure, RouteUnavailable */
  async #look(session: AtSession): Promise<void> {
    const ask = (command: string) => session.command(command, { within: ANSWER_WITHIN });
    const [signalLine = ""] = (await tolerated(ask("AT+CSQ"))) ?? [];
    const signal = Number(/^\+CSQ: *(\d+)/.exec(signalLine)?.[1] ?? UNKNOWN_SIGNAL);
    const states: string[] = [];
    // LTE modems tell by the second, older ones by the first.
    for (const command of ["AT+CREG?", "AT+CEREG?"]) {
      for (const line of (await tolerated(ask(command))) ?? []) {
        const state = /^\+CE?REG: *\d+, *(\d+)/.exec(line)?.[1];
        if (state !== undefined) states.push(state);
      }
    }
    if (states.length === 0 || states.some((state) => REGISTERED.has(state))) {
      this.#silentLooks = 0;
      if (signal < WEAK_SIGNAL) this.#o.log.warn({ signal }, "the modem hears the network very faintly");
      return;
    }
    this.#silentLooks++;
    throw new RouteUnavailable(
      `no network: registration ${states.join(" and ")}, signal ${signal === UNKNOWN_SIGNAL ? "unknown" : signal}`,
      { kind: "network", hint: "antenna, SIM, and whether the operator still runs this kind of network" },
    );
  }

  /** Returns when the port has closed or the modem must be set up anew. */
  async #watch(session: AtSession): Promise<void> {
    while (!this.#stopped && this.#session === session) {
      const ended = await Promise.race([
        this.#wait(this.#o.watch),
        session.ended.then(() => "ended" as const),
      ]);
      if (ended === "ended") throw new ModemFailure("the modem's port has closed", "gone");
      if (this.#session !== session) return;
      await this.exclusive(() => this.#attend(session));
    }
  }

  async #attend(session: AtSession): Promise<void> {
    if (this.#session !== session) return;
    try {
      await this.#look(session);
      this.#fit();
    } catch (thrown) {
      if (thrown instanceof ModemFailure) throw thrown;
      this.#trouble(describe(thrown));
      if (this.#silentLooks >= RESTART_AFTER) await this.#restart(session);
    }
  }

  /** Tells the modem to start anew. @throws ModemFailure always: its session is over. */
  async #restart(session: AtSession): Promise<void> {
    const { clock, counters, log, route } = this.#o;
    if (clock.now() - this.#restarted < RESTART_EVERY) return;
    this.#restarted = clock.now();
    this.#silentLooks = 0;
    this.#failures = 0;
    log.warn({}, "the modem is restarted");
    counters
      .counter({ name: "sms_modem_restarts", help: "Times a modem was told to restart.", labels: { route } })
      .add();
    await tolerated(session.command("AT+CFUN=1,1", { within: ANSWER_WITHIN }));
    throw new ModemFailure("the modem was restarted", "gone");
  }

  async #send({ hex, length }: Pdu, to: string): Promise<void> {
    if (this.#problem === STARTING) await this.#ready.promise;
    const session = this.#session;
    if (session === undefined || this.#problem !== undefined)
      throw new RouteUnavailable(this.#problem ?? "the modem is not open", { kind: "modem" });
    try {
      const lines = await session.command(`AT+CMGS=${length}`, { within: CONFIRM_WITHIN, payload: hex });
      if (!lines.some((line) => line.startsWith("+CMGS:")))
        throw new ModemFailure("the modem says OK, and nothing of the message", "silent");
      this.#failures = 0;
      this.#became("taken");
    } catch (thrown) {
      if (!(thrown instanceof ModemFailure)) throw thrown;
      this.#became("failed");
      await this.#failed(thrown, { session, to });
    }
  }

  /** @throws always. */
  async #failed(failure: ModemFailure, { session, to }: { session: AtSession; to: string }): Promise<never> {
    const { kind, number } = failure.answer;
    const about: ErrorClass = failure.kind === "refused" ? meaningOf(kind, number).class : "modem";
    const words = `to ${masked(to)}: ${failure.message}`;
    this.#o.log.warn({ about, words }, "a text message was not taken");
    if (about === "message") throw new MessageRejected(words);
    this.#failures++;
    if (failure.kind === "refused" && this.#failures >= RESTART_AFTER) {
      try {
        await this.#restart(session);
      } catch {
        this.#again(session);
      }
    } else if (about === "modem") this.#again(session);
    throw new RouteUnavailable(words, {
      cause: failure,
      kind: `${failure.kind} ${number}`,
      answered: failure.kind === "refused",
    });
  }

  /** An answer that comes late would pass for the next one's: everything from the start. */
  #again(session: AtSession): void {
    if (this.#session !== session) return;
    this.#trouble("the modem is set up anew");
    session.close();
  }

  #news(line: string): void {
    const report = /^\+CDS: ([0-9A-F]+)$/i.exec(line);
    if (report === null) {
      // RING, +CMTI and the like: nobody answers the telephone here.
      this.#o.counters
        .counter({
          name: "sms_modem_news",
          help: "Lines that a modem said by itself and that mean nothing to us.",
          labels: { route: this.#o.route },
        })
        .add();
      return;
    }
    const parsed = parseStatusReport(report[1]!);
    if (parsed === undefined) return;
    const { number, outcome, status } = parsed;
    this.#became(outcome);
    const fields = { to: masked(number), status, outcome };
    if (outcome === "delivered") this.#o.log.info(fields, "a text message has reached its telephone");
    else this.#o.log.warn(fields, "a text message has not reached its telephone");
  }

  #became(outcome: string): void {
    this.#o.counters
      .counter({
        name: "sms_messages",
        help: "Short messages by what became of them: taken by the network or failed; delivered, trying, failed by its reports.",
        labels: { route: this.#o.route, outcome },
      })
      .add();
  }

  #fit(): void {
    if (this.#problem !== undefined) this.#o.log.info({}, "the modem is ready");
    this.#problem = undefined;
    this.#ready.resolve();
    this.#o.onCondition(undefined);
  }

  #trouble(problem: string): void {
    if (this.#problem !== problem) this.#o.log.warn({ problem }, "the modem cannot send");
    this.#problem = problem;
    this.#ready.resolve();
    this.#o.onCondition(problem);
  }

  #wait(span: Micros): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) {
        resolve();
        return;
      }
      const timer = this.#o.clock.after(span, () => {
        this.#waits.delete(wait);
        resolve();
      });
      const wait = { timer, resolve };
      this.#waits.add(wait);
    });
  }
}

/** An answer, or nothing where the modem does not know the command. @throws ModemFailure where it does not answer. */
async function tolerated(asked: Promise<string[]>): Promise<string[] | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof ModemFailure && thrown.kind === "refused") return undefined;
    throw thrown;
  }
}
