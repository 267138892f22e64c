import { describe, NetworkError, type TocsinError } from "../../model/error.ts";
import type { Log } from "../../model/log.ts";
import type { Clock, Micros, Timer } from "../../model/time.ts";
import { type ByteLine, openTcp, type TcpTarget, targetName } from "./byte-line.ts";
import type { Session } from "./session.ts";

export interface AddressesOptions {
  readonly link: string;
  readonly first: TcpTarget;
  readonly backup: TcpTarget | undefined;
  /** How often the first is tried while the backup is in use. */
  readonly returnAfter: Micros;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes a session on an open connection. */
  readonly session: (line: ByteLine, name: string) => Session;
}

/** Throws the present session away, so that another is opened. */
export type Renew = (error: TocsinError) => void;

/**
 * The addresses of one TCP link: the first, and a backup that stands in for it. The first is preferred: while the backup is in
 * use it is tried now and then, and taken again as soon as it accepts a connection.
 */
export class Addresses {
  readonly #o: AddressesOptions;
  #target: TcpTarget;
  #session: Session | undefined;
  /** A new connection to the first address, made while the backup was in use. */
  #returned: ByteLine | undefined;
  #timer: Timer | undefined;

  constructor(options: AddressesOptions) {
    this.#o = options;
    this.#target = options.first;
  }

  /**
   * Opens the next session. Called again after it has ended.
   * @throws NetworkError as openTcp, for the address that is preferred, when neither can be reached.
   */
  async open(signal: AbortSignal, renew: Renew): Promise<Session> {
    this.#timer?.cancel();
    const returned = this.#returned;
    this.#returned = undefined;
    if (returned !== undefined) return this.#use(this.#o.first, returned, { signal, renew });
    let failure: unknown;
    for (const target of this.#inOrder()) {
      try {
        const line = await openTcp(target, this.#o.clock, signal);
        return this.#use(target, line, { signal, renew });
      } catch (error) {
        if (signal.aborted) throw error;
        failure ??= error;
      }
    }
    throw failure;
  }

  /** The first comes first, unless its last connection was made and brought nothing. */
  #inOrder(): TcpTarget[] {
    const { first, backup } = this.#o;
    if (backup === undefined) return [first];
    const mute = this.#target === first && this.#session !== undefined && this.#session.heard === 0;
    return mute ? [backup, first] : [first, backup];
  }

  #use(target: TcpTarget, line: ByteLine, more: { signal: AbortSignal; renew: Renew }): Session {
    const { link, log, first, session } = this.#o;
    if (target !== this.#target) {
      const words = target === first ? "the first address is used again" : "the backup address is used";
      log.warn({ link, address: targetName(target) }, `link ${link}: ${words}`);
    }
    this.#target = target;
    this.#session = session(line, targetName(target));
    if (target !== first) this.#tryFirstLater(more);
    return this.#session;
  }

  #tryFirstLater({ signal, renew }: { signal: AbortSignal; renew: Renew }): void {
    const { clock, first, link, returnAfter } = this.#o;
    const end = () => this.#timer?.cancel();
    signal.addEventListener("abort", end, { once: true });
    this.#timer = clock.after(returnAfter, () => {
      signal.removeEventListener("abort", end);
      openTcp(first, clock, signal).then(
        (line) => {
          if (signal.aborted || this.#target === first) {
            line.close();
            return;
          }
          this.#returned = line;
          renew(
            new NetworkError("LINK_DOWN", `link ${link}: ${targetName(first)} accepts connections again`),
          );
        },
        (error: unknown) => {
          this.#o.log.debug({ link, reason: describe(error) }, "the first address cannot be reached yet");
          if (!signal.aborted && this.#target !== first) this.#tryFirstLater({ signal, renew });
        },
      );
    });
  }
}
