import { timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../model/listen.ts";
import type { HttpOptions } from "./options.ts";

/** On an open loopback listener nobody is authenticated. */
const OPEN_USER = "local";

/** What is looked at of a call. */
export interface Caller {
  header(name: string): string | undefined;
}

/** Who calls: by a token of their own, or by the shared one, which names nobody. */
export class Identities {
  readonly #users: readonly { readonly name: string; readonly expected: Buffer }[];
  readonly #shared: Buffer | undefined;

  /** @throws ConfigurationError SECRET_MISSING */
  constructor(http: HttpOptions, secret: (reference: string) => string) {
    const bearer = (reference: string) => Buffer.from(`Bearer ${secret(reference)}`);
    this.#users = Object.entries(http.users).map(([name, { token }]) => ({ name, expected: bearer(token) }));
    this.#shared = http.token === undefined ? undefined : bearer(http.token);
  }

  /** Whether nobody needs to say who they are. */
  get open(): boolean {
    return this.#shared === undefined && this.#users.length === 0;
  }

  /** Whether a caller may read. */
  admits(caller: Caller): boolean {
    if (this.open) return true;
    const given = Buffer.from(caller.header("authorization") ?? "");
    return (this.#shared !== undefined && same(given, this.#shared)) || this.#named(given) !== undefined;
  }

  /** As whom a caller gives commands; undefined when that is nobody. */
  userOf(caller: Caller): string | undefined {
    if (!this.open) return this.#named(Buffer.from(caller.header("authorization") ?? ""));
    // A name that a stranger has pointed at this machine is not this machine's.
    const host = /^(\[[^\]]+\]|[^:]+)/.exec(caller.header("host") ?? "")?.[1]?.replace(/^\[|\]$/g, "");
    return host !== undefined && (host === "localhost" || isLoopback(host)) ? OPEN_USER : undefined;
  }

  #named(given: Buffer): string | undefined {
    return this.#users.find(({ expected }) => same(given, expected))?.name;
  }
}

function same(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
