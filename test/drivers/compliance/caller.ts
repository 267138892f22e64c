import { once } from "node:events";
import { connect } from "node:net";
import { parseEndpoint } from "../../../simulators/endpoint.ts";
import type { Reporter } from "./peer.ts";

/** Something that dials, sends frames and counts what is acknowledged: a protocol's simulated device. */
export interface Line {
  /** A frame with report `n`. */
  frame(n: number): Buffer;
  send(bytes: Buffer): void;
  readonly acknowledged: number;
  close(): unknown;
}

/** A device that dials a server and reports there. */
export class Caller implements Reporter {
  readonly #dial: (listening: string) => Promise<Line>;
  readonly #said = new Map<number, Buffer>();
  #line: Line | undefined;
  #listening = "";
  /** Of the calls before. */
  #before = 0;

  constructor(dial: (listening: string) => Promise<Line>) {
    this.#dial = dial;
  }

  get acknowledged(): number {
    return this.#before + (this.#line?.acknowledged ?? 0);
  }

  async appear(listening: string | undefined): Promise<void> {
    this.#listening = listening!;
    this.#line = await this.#dial(this.#listening);
  }

  async vanish(): Promise<void> {
    this.#before = this.acknowledged;
    const line = this.#line;
    this.#line = undefined;
    await line?.close();
  }

  say(n: number): void {
    const frame = this.#line!.frame(n);
    this.#said.set(n, frame);
    this.#line!.send(frame);
  }

  again(n: number): Promise<void> {
    this.#line!.send(this.#said.get(n)!);
    return Promise.resolve();
  }

  async babble(bytes: Buffer): Promise<void> {
    const socket = connect(parseEndpoint(this.#listening));
    socket.on("error", () => socket.destroy());
    await once(socket, "connect");
    socket.resume();
    socket.end(bytes);
    await once(socket, "close");
  }
}
