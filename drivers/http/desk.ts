import type { IncomingMessage, ServerResponse } from "node:http";
import type { Counter } from "../../model/counter.ts";
import { describe } from "../../model/error.ts";
import type { Timer } from "../../model/time.ts";
import { type Intake, REFUSED, type Ticket } from "../driver.ts";
import { dialectOf } from "../tcp/dialect.ts";
import { HeldAnswers } from "../tcp/held-answers.ts";
import { isPermitted } from "../tcp/networks.ts";
import { OnceInAWhile } from "../tcp/once-in-a-while.ts";
import { EnvelopeError } from "./envelope.ts";
import { isOnenetSignature } from "./platforms.ts";
import type { HttpContext, Reception, Taken } from "./reception.ts";
import { isPlain, readBody } from "./request.ts";
import { type Source, Sources } from "./source.ts";

/** After so many seconds a caller that was asked to wait comes again. */
const RETRY_AFTER_S = 5;
/** Longest text that the check of an address gets back. */
const ECHO_MAX = 256;

const EMPTY = Buffer.alloc(0);

/** Why a request was turned away, as its answer and its counter have it. */
type Why =
  | "path"
  | "method"
  | "network"
  | "credentials"
  | "stale"
  | "replayed"
  | "rate"
  | "too-large"
  | "type"
  | "no-message"
  | "unknown-device"
  | "journal"
  | "held"
  | "stopping";

const STATUS: Readonly<Record<Why, number>> = {
  path: 404,
  method: 405,
  network: 403,
  credentials: 401,
  stale: 401,
  replayed: 409,
  rate: 429,
  "too-large": 413,
  type: 415,
  "no-message": 400,
  "unknown-device": 404,
  journal: 503,
  held: 503,
  stopping: 503,
};

/** Where requests are answered: who may, what it says, and what the answer waits for. */
export class Desk {
  readonly #context: HttpContext;
  readonly #reception: Reception;
  readonly #answers = new HeldAnswers<() => void>((answer) => answer());
  readonly #told = new OnceInAWhile();
  /** Of the answers that wait for the disk. */
  readonly #patience = new Set<Timer>();
  readonly #requests: Counter;
  #sources: Sources | undefined;
  #intake: Intake | undefined;

  constructor(context: HttpContext, reception: Reception) {
    this.#context = context;
    this.#reception = reception;
    this.#requests = context.counters.counter({
      name: "http_intake_requests",
      help: "Requests received.",
      labels: { link: context.link.id },
    });
  }

  /** Answers that wait for the disk. */
  get waiting(): number {
    return this.#answers.waiting;
  }

  /** @throws ConfigurationError SECRET_MISSING */
  start(intake: Intake): void {
    const { options, secret, clock } = this.#context;
    this.#sources = new Sources(options, { secret, now: clock.now() });
    this.#intake = intake;
  }

  stop(): void {
    this.#intake = undefined;
  }

  /** Waits for the disk no longer. */
  end(): void {
    for (const timer of this.#patience) timer.cancel();
    this.#patience.clear();
  }

  /** Everything up to this ticket is on disk. */
  release(durable: Ticket): void {
    this.#answers.release(durable);
  }

  /** Answers one request. Never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#requests.add();
    try {
      await this.#serve(request, response);
    } catch (error) {
      const { log, link } = this.#context;
      log.error({ link: link.id, error: describe(error) }, "HTTP intake failed on a request");
      send(response, 500, { error: "internal" });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const cut = url.indexOf("?");
    const found = this.#sources?.find(cut < 0 ? url : url.slice(0, cut));
    const peer = request.socket.remoteAddress ?? "";
    const refuse = (why: Why) => this.#refuse(response, why, { peer, source: found?.source.id });
    if (found === undefined) return refuse("path");
    const { source } = found;
    const query = new URLSearchParams(cut < 0 ? "" : url.slice(cut + 1));
    if (!isPermitted(source.permitted, peer)) return refuse("network");
    if (request.method === "GET" && source.options.platform === "onenet") {
      return this.#echo(response, { source, query, peer });
    }
    if (request.method !== "POST" && request.method !== "PUT") return refuse("method");
    const { method, headers } = request;
    const { clock } = this.#context;
    const admission = (body: Buffer) =>
      source.credentials.check(
        { method: method ?? "", url, query, headers, body },
        { wall: clock.wall(), monotonic: clock.now() },
      );
    // A token is looked at before a stranger's body takes room; a signature covers the body.
    if (source.options.hmac === undefined && !admission(EMPTY).admitted) return refuse("credentials");
    if (source.held >= source.options.held) return refuse("held");
    const body = await readBody(request, this.#context.options.limits.body);
    if ("refused" in body) {
      if (body.refused === "gone") return this.#count("gone");
      return refuse(body.refused === "too-large" ? "too-large" : "type");
    }
    const verdict = admission(body.bytes);
    if (!verdict.admitted) {
      const { why } = verdict;
      return refuse(why === "missing" || why === "wrong" ? "credentials" : why === "full" ? "held" : why);
    }
    if (source.check !== undefined && !isSigned(body.bytes, source.check)) return refuse("credentials");
    // Only who is admitted uses up what a source may send.
    if (!source.rate.take(clock.now())) return refuse("rate");
    if (verdict.again) {
      this.#count("again");
      return this.#answer(response, { source, taken: nothing(this.#reception.last) });
    }
    if (this.#intake === undefined) return refuse("stopping");
    const { device } = found;
    if (device !== undefined && !this.#reception.has(source.id, device)) {
      const stranger = { device, id: "", payload: body.bytes, time: Number.NaN, ignored: false };
      this.#reception.take([stranger], { source: source.id, peer, nonce: undefined });
      return refuse("unknown-device");
    }
    const plain = device !== undefined && isPlain(request);
    let taken: Taken;
    try {
      const messages = source.open(body.bytes, { device, plain });
      taken = this.#reception.take(messages, { source: source.id, peer, nonce: verdict.nonce });
    } catch (error) {
      if (!(error instanceof EnvelopeError) && !(error instanceof RangeError)) throw error;
      this.#reception.undecodable(`${source.id} ${peer}`, describe(error), body.bytes);
      return refuse("no-message");
    }
    if (taken.ticket === REFUSED) return refuse("journal");
    verdict.taken();
    this.#answer(response, { source, taken });
  }

  /** 2xx once everything the request said is on disk. */
  #answer(response: ServerResponse, { source, taken }: { source: Source; taken: Taken }): void {
    const { ticket, ...said } = taken;
    const durable = this.#intake?.durable ?? 0;
    const { clock, options } = this.#context;
    const peer = response.req.socket.remoteAddress ?? "";
    // A disk that hangs: whoever waits is told to come again, and what did get to the disk is then a repeat.
    const patience: Timer | undefined =
      ticket <= durable
        ? undefined
        : clock.after(options.limits.wait, () => {
            if (patience !== undefined) this.#patience.delete(patience);
            this.#refuse(response, "journal", { peer, source: source.id });
          });
    if (patience !== undefined) this.#patience.add(patience);
    const answer = () => {
      if (patience !== undefined) this.#patience.delete(patience);
      patience?.cancel();
      send(response, 200, said);
    };
    this.#answers.give(answer, { ticket, to: source, durable });
  }

  /** What came is no request: another protocol, headers beyond the bound, or nothing within the time for it. */
  noRequest(peer: string, error: Error & { code?: string; rawPacket?: Buffer }): void {
    // Who goes away has said all it wanted.
    if (error.code === "ECONNRESET" || error.code === "EPIPE") return;
    this.#count("no-request");
    const { clock, log, link } = this.#context;
    if (!this.#told.due(`no-request ${peer}`, clock.now())) return;
    const speaks = error.rawPacket === undefined ? undefined : dialectOf(error.rawPacket);
    log.warn({ link: link.id, peer, why: error.code, speaks }, "HTTP intake heard what is no request");
  }

  /** OneNET asks once whether the address is ours: the text comes back when its signature is right. */
  #echo(
    response: ServerResponse,
    { source, query, peer }: { source: Source; query: URLSearchParams; peer: string },
  ): void {
    const msg = query.get("msg") ?? "";
    const said = { msg, nonce: query.get("nonce"), signature: query.get("signature") };
    const right = source.check === undefined || isOnenetSignature(said, source.check);
    if (!right || msg === "" || msg.length > ECHO_MAX) {
      this.#refuse(response, "credentials", { peer, source: source.id });
      return;
    }
    response.writeHead(200, {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
    });
    response.end(msg);
  }

  #refuse(
    response: ServerResponse,
    why: Why,
    { peer, source }: { peer: string; source: string | undefined },
  ): void {
    const { clock, log, link } = this.#context;
    this.#count(why);
    if (this.#told.due(`${why} ${source} ${peer}`, clock.now())) {
      log.warn({ link: link.id, source, peer, why }, "HTTP intake turned a request away");
    }
    if (response.headersSent || response.destroyed) return;
    const status = STATUS[why];
    if (status === 429 || status === 503) response.setHeader("retry-after", String(RETRY_AFTER_S));
    if (status === 401) response.setHeader("www-authenticate", "Bearer");
    if (status === 405) response.setHeader("allow", "POST, PUT");
    // What is left of a body that was not read must not be taken for the next request.
    if (!response.req.complete) response.setHeader("connection", "close");
    send(response, status, { error: why });
  }

  #count(why: Why | "again" | "gone" | "no-request"): void {
    this.#context.counters
      .counter({
        name: "http_intake_turned_away",
        help: "Requests that were turned away, by why; `again`: signed ones that had been taken before; `gone`: whose sender went, or was too slow; `no-request`: what was no HTTP, or not within its time.",
        labels: { link: this.#context.link.id, why },
      })
      .add();
  }
}

function nothing(ticket: Ticket): Taken {
  return { ticket, accepted: 0, repeats: 1, unknown: 0, undecodable: 0 };
}

/** Whether a push of OneNET is signed: only the text form of `msg` can be. */
function isSigned(body: Buffer, token: string): boolean {
  try {
    const said = JSON.parse(body.toString("utf8")) as Record<string, unknown> | null;
    if (typeof said !== "object" || said === null) return false;
    const { msg, nonce } = said;
    return isOnenetSignature({ msg, nonce, signature: said.signature ?? said.msg_signature }, token);
  } catch {
    return false;
  }
}

function send(response: ServerResponse, status: number, said: object): void {
  if (response.headersSent || response.destroyed) return;
  const text = JSON.stringify(said);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
  });
  response.end(text);
}
