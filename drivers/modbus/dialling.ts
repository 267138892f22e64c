import type { Clock, Micros, Timer } from "../../model/time.ts";
import { MILLISECOND } from "../../model/time.ts";
import type { Connection, Dialogue } from "../tcp/connection.ts";
import { ModemLine } from "./modem-line.ts";
import type { Registrations } from "./registrations.ts";

/** A packet is judged when nothing has come for so long: fragments of it may be on their way. */
const SETTLE: Micros = 250 * MILLISECOND;
/** A packet, and the heartbeats around it. */
const MOST_HELD_BYTES = 4_096;
/** A modem whose heartbeats follow each other faster is not quiet: it is judged all the same, this long after its first byte. */
const LONGEST_SETTLE: Micros = 1_000 * MILLISECOND;

export interface DiallingOptions {
  readonly registrations: Registrations;
  readonly clock: Clock;
  /** It is a modem of the site. */
  readonly onModem: (modem: string, line: ModemLine) => void;
  /** It is not. */
  readonly onStranger: (connection: Connection, packet: Buffer) => void;
}

/** One connection from its first byte: a registration packet, then frames. */
export class Dialling implements Dialogue {
  readonly pending = 0;
  readonly held = 0;
  readonly #o: DiallingOptions;
  readonly #connection: Connection;
  #received: Buffer = Buffer.alloc(0);
  #line: ModemLine | undefined;
  #timer: Timer | undefined;
  #since: Micros | undefined;

  constructor(connection: Connection, options: DiallingOptions) {
    this.#connection = connection;
    this.#o = options;
  }

  push(chunk: Buffer): void {
    if (this.#line !== undefined) {
      this.#connection.heard();
      this.#line.heard(chunk);
      return;
    }
    this.#timer?.cancel();
    this.#received = Buffer.concat([this.#received, chunk]);
    const { clock } = this.#o;
    this.#since ??= clock.now();
    if (clock.now() - this.#since > LONGEST_SETTLE && this.#judge(false)) return;
    if (this.#received.length > MOST_HELD_BYTES) this.#isStranger();
    else this.#timer = clock.after(SETTLE, () => this.#judge(true));
  }

  abandon(): void {}

  closed(): void {
    this.#timer?.cancel();
    this.#line?.gone();
  }

  /** Returns whether it is known who it is. `whole`: nothing more seems to be on its way. */
  #judge(whole: boolean): boolean {
    if (!this.#connection.open) return false;
    const said = this.#o.registrations.judge(this.#received);
    if (said === "unknown" && whole) this.#isStranger();
    // The rest of it may come, as long as there is time for it.
    if (said === "incomplete" || said === "unknown") return false;
    this.#connection.heard();
    if (!this.#connection.introduce()) return true;
    this.#line = new ModemLine(this.#connection);
    this.#received = Buffer.alloc(0);
    this.#o.onModem(said.modem, this.#line);
    return true;
  }

  #isStranger(): void {
    this.#o.onStranger(this.#connection, this.#received);
    this.#connection.cut("refused");
  }
}
