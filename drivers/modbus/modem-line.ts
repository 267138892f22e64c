import { Duplex } from "node:stream";
import type { Connection } from "../tcp/connection.ts";
import type { ByteLine } from "./byte-line.ts";

/** The connection of a modem that has said who it is, as a line that frames are found on. */
export class ModemLine extends Duplex implements ByteLine {
  readonly ended: Promise<unknown>;
  readonly #connection: Connection;
  #end: (cause: unknown) => void = () => {};

  constructor(connection: Connection) {
    // Nothing is buffered here: what is heard is taken at once, or belongs to nobody.
    super({ readableHighWaterMark: 0 });
    this.#connection = connection;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.on("error", () => {});
  }

  get stream(): Duplex {
    return this;
  }

  /** Bytes of the modem. What comes while nobody listens is dropped: no question was put yet. */
  heard(bytes: Buffer): void {
    if (!this.destroyed && this.listenerCount("data") > 0) this.emit("data", bytes);
  }

  /** The connection is gone. */
  gone(cause?: unknown): void {
    this.#end(cause);
    this.destroy();
  }

  close(): void {
    this.#connection.destroy();
    this.gone();
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#connection.send(bytes);
    callback();
  }
}
