import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { Nonces } from "./nonces.ts";
import type { HmacOptions, SourceOptions } from "./options.ts";
import { signatureOf } from "./signature.ts";

/** Unix times below are seconds, those above milliseconds: 10^11 s is the year 5138, 10^11 ms 1973. */
const SECONDS_BELOW = 1e11;
/** Longest nonce, characters. */
const NONCE_MAX = 128;

/** What of a request its credentials are made of. */
export interface Presented {
  readonly method: string;
  /** With its parameters, as it was sent. */
  readonly url: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What credentials say of a request. */
export type Verdict =
  | { readonly admitted: false; readonly why: Refusal }
  | {
      readonly admitted: true;
      /** The very request has been taken before. */
      readonly again: boolean;
      /** What the sender uses once only. */
      readonly nonce: string | undefined;
      /** To be called once the request has been taken: from then on it is one that comes again. */
      readonly taken: () => void;
    };
/** Why a request is not admitted. */
export type Refusal = "missing" | "wrong" | "stale" | "replayed" | "full";

const OPEN: Verdict = { admitted: true, again: false, nonce: undefined, taken: () => {} };

/** How a source shows that it is who it says. */
export interface Credentials {
  check(presented: Presented, now: { wall: Micros; monotonic: Micros }): Verdict;
}

/** @throws ConfigurationError SECRET_MISSING */
export function compileCredentials(
  source: Pick<SourceOptions, "token" | "hmac">,
  { secret, nonces }: { secret: (reference: string) => string; nonces: number },
): Credentials {
  const { token, hmac } = source;
  if (hmac !== undefined) return new Hmac(hmac, secret(hmac.secret), nonces);
  if (token === undefined) return { check: () => OPEN };
  const expected = secret(token.secret);
  return {
    check: ({ headers, query }) => {
      const said =
        token.query !== undefined
          ? query.get(token.query)
          : token.header !== undefined
            ? single(headers[token.header])
            : bearer(headers.authorization);
      if (said === null || said === undefined) return { admitted: false, why: "missing" };
      return equal(said, expected) ? OPEN : { admitted: false, why: "wrong" };
    },
  };
}

class Hmac implements Credentials {
  readonly #o: HmacOptions;
  readonly #key: string;
  readonly #nonces: Nonces;

  constructor(options: HmacOptions, key: string, nonces: number) {
    this.#o = options;
    this.#key = key;
    this.#nonces = new Nonces(nonces);
  }

  check(presented: Presented, { wall, monotonic }: { wall: Micros; monotonic: Micros }): Verdict {
    const { headers } = presented;
    const signature = single(headers[this.#o.signature])?.replace(/^sha256=/i, "");
    const timestamp = single(headers[this.#o.timestamp]);
    const nonce = single(headers[this.#o.nonce]);
    if (signature === undefined || timestamp === undefined || nonce === undefined) {
      return { admitted: false, why: "missing" };
    }
    if (nonce.length === 0 || nonce.length > NONCE_MAX || !/^\d{1,16}$/.test(timestamp)) {
      return { admitted: false, why: "wrong" };
    }
    const { method, url: path, body } = presented;
    const expected = signatureOf({ timestamp, nonce, method, path, body }, this.#o, this.#key);
    const said = this.#o.encoding === "hex" ? signature.toLowerCase() : signature;
    if (!equal(said, expected)) return { admitted: false, why: "wrong" };
    const number = Number(timestamp);
    const signed = number * (number < SECONDS_BELOW ? SECOND : MILLISECOND);
    if (Math.abs(wall - signed) > this.#o.window) return { admitted: false, why: "stale" };
    const seen = this.#nonces.look(nonce, { signature: expected, now: monotonic });
    if (seen === "other") return { admitted: false, why: "replayed" };
    if (seen === "new" && !this.#nonces.room) return { admitted: false, why: "full" };
    return {
      admitted: true,
      again: seen === "again",
      nonce,
      taken: () => {
        // A time ahead of ours is believed until it is as far behind.
        if (seen === "new")
          this.#nonces.take(nonce, { signature: expected, until: monotonic + 2 * this.#o.window });
      },
    };
  }
}

/** Equality that takes the same time wherever the difference is. */
export function equal(said: string, expected: string): boolean {
  // Of hashes: those are of one length, and `timingSafeEqual` wants that.
  return timingSafeEqual(
    createHash("sha256").update(said).digest(),
    createHash("sha256").update(expected).digest(),
  );
}

function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer\s+(\S+)\s*$/i.exec(header)?.[1];
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? undefined : header;
}
