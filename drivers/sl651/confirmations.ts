import type { Micros } from "../../model/time.ts";
import type { Ticket } from "../driver.ts";
import { HeldAnswers } from "../tcp/held-answers.ts";
import type { Session } from "../tcp/session.ts";
import { writeHead } from "./body-writer.ts";
import type { Frame } from "./frame.ts";
import { writeFrame } from "./frame-writer.ts";

/** What is answered to a report once it is on disk. */
export interface Confirmation {
  readonly ticket: Ticket;
  readonly session: Session;
  /** The report's frame, for addresses, password, function and packets; its body is not looked at. */
  readonly to: Omit<Frame, "body">;
  /** The report's serial number, which the answer repeats (6.6.2.4). */
  readonly serial: number;
  /** When the station sent it, by its own clock. */
  readonly sent: Micros;
  readonly end: number;
}

export interface ConfirmationOptions {
  /** Zone of the stations, µs ahead of UTC. */
  readonly offset: Micros;
  /** The time to write into a confirmation. */
  readonly time: (confirmation: Confirmation) => Micros;
  readonly onSent: () => void;
}

/** The confirmations that wait for the disk. */
export class Confirmations {
  readonly #o: ConfirmationOptions;
  readonly #held = new HeldAnswers<Confirmation>((confirmation) => this.#send(confirmation));

  constructor(options: ConfirmationOptions) {
    this.#o = options;
  }

  get waiting(): number {
    return this.#held.waiting;
  }

  /** Sends it at once when its report is durable, else when it is. */
  give(confirmation: Confirmation, durable: Ticket): void {
    const { ticket, session } = confirmation;
    this.#held.give(confirmation, { ticket, to: session, durable });
  }

  /** Everything up to `durable` is on disk. */
  release(durable: Ticket): void {
    this.#held.release(durable);
  }

  #send(confirmation: Confirmation): void {
    if (!confirmation.session.connection.open) return;
    const { to, serial, end } = confirmation;
    const body = writeHead(serial, this.#o.time(confirmation), {
      encoding: to.encoding,
      offset: this.#o.offset,
    });
    // Of a report in packets the number of the last one is confirmed, which is their total (notes of tables 19 and 23).
    const packet =
      to.packet === undefined ? undefined : { total: to.packet.total, sequence: to.packet.total };
    confirmation.session.connection.send(writeFrame({ ...to, up: false, packet, body, end }));
    this.#o.onSent();
  }
}
