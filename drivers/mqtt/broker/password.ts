import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { ConfigurationError } from "../../../model/error.ts";
import { PASSWORD_HASH_PATTERN } from "./options.ts";

/*
 * Passwords of the broker's users: scrypt (RFC 7914). The hash says its own cost, so that the cost can grow later.
 */

/** Cost of new hashes: 16 MiB and about 40 ms. Passwords of devices are long and random; a guess must merely not be free. */
const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLELISM = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Bounds of what a site file may ask for, so that a wrong figure cannot take the machine's memory. */
const COST_MAX = 131_072;
const BLOCK_SIZE_MAX = 16;
const PARALLELISM_MAX = 8;
const HASH_BYTES_MAX = 64;
/** scrypt needs 128 · N · r bytes, and a little for the lanes (RFC 7914, section 2). */
const MEMORY_FACTOR = 128;

interface ParsedHash {
  readonly cost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Hashes a password for the site file: `scrypt:N:r:p:salt:hash`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, {
    cost: COST,
    blockSize: BLOCK_SIZE,
    parallelism: PARALLELISM,
    salt,
    hash: Buffer.alloc(HASH_BYTES),
  });
  return `scrypt:${COST}:${BLOCK_SIZE}:${PARALLELISM}:${salt.toString("base64url")}:${hash.toString("base64url")}`;
}

/**
 * Whether a password belongs to a hash; off the main thread, in constant time.
 * @throws ConfigurationError CONFIG_INVALID when the hash is none, or asks for more than the bounds.
 */
export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const parsed = parseHash(hash);
  const derived = await derive(password, parsed);
  return timingSafeEqual(derived, parsed.hash);
}

/**
 * Refuses a hash that could never be verified.
 * @throws ConfigurationError CONFIG_INVALID
 */
export function checkHash(hash: string): void {
  parseHash(hash);
}

function parseHash(text: string): ParsedHash {
  const match = PASSWORD_HASH_PATTERN.exec(text);
  const parsed = match && {
    cost: Number(match[1]),
    blockSize: Number(match[2]),
    parallelism: Number(match[3]),
    salt: Buffer.from(match[4]!, "base64url"),
    hash: Buffer.from(match[5]!, "base64url"),
  };
  const powerOfTwo = parsed && parsed.cost > 1 && (parsed.cost & (parsed.cost - 1)) === 0;
  if (
    !parsed ||
    !powerOfTwo ||
    parsed.cost > COST_MAX ||
    parsed.blockSize < 1 ||
    parsed.blockSize > BLOCK_SIZE_MAX ||
    parsed.parallelism < 1 ||
    parsed.parallelism > PARALLELISM_MAX ||
    parsed.hash.length < SALT_BYTES ||
    parsed.hash.length > HASH_BYTES_MAX
  ) {
    throw new ConfigurationError("CONFIG_INVALID", "this is no password hash of Tocsin's", {
      hint: "make one with `tocsin hash-password`",
    });
  }
  return parsed;
}

function derive(password: string, to: ParsedHash): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const options = {
    N: to.cost,
    r: to.blockSize,
    p: to.parallelism,
    maxmem: MEMORY_FACTOR * to.blockSize * (to.cost + to.parallelism + 2),
  };
  scrypt(password.normalize("NFC"), to.salt, to.hash.length, options, (error, key) => {
    if (error) reject(error);
    else resolve(key);
  });
  return promise;
}

/** Verifications that run at a time: the thread pool has four threads, and files and names need some of them. */
const CONCURRENCY = 2;
/** Verifications that may wait; a site of some hundred devices that all reconnect at once fits. */
const WAITING_MAX = 512;
/** Passwords found right that are remembered, as keyed digests, so that reconnecting costs nothing. */
const REMEMBERED_MAX = 10_000;

/** Too many verifications are waiting already. */
export class VerifierBusy extends Error {}

/** Verifies passwords under a bound: floods of attempts cost a bounded share of the machine. */
export class PasswordVerifier {
  readonly #key = randomBytes(HASH_BYTES);
  readonly #right = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @throws VerifierBusy when too many wait already; ConfigurationError as `verifyPassword`.
   */
  async verify(password: string, hash: string): Promise<boolean> {
    const digest = createHmac("sha256", this.#key)
      .update(hash)
      .update("\0")
      .update(password)
      .digest("base64");
    if (this.#right.has(digest)) return true;
    await this.#turn();
    try {
      const right = await verifyPassword(password, hash);
      if (right) {
        if (this.#right.size >= REMEMBERED_MAX) this.#right.clear();
        this.#right.add(digest);
      }
      return right;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= CONCURRENCY) {
      if (this.#waiting.length >= WAITING_MAX) throw new VerifierBusy("too many log-ins at once");
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
  }
}
