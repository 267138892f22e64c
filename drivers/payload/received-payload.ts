import { describe } from "../../model/error.ts";
import { type CigemMessage, readCigem } from "./cigem.ts";
import type { MessageDecoder } from "./message.ts";
import { lookup, wordOf } from "./path.ts";

/** A payload that is parsed once, however many devices and messages look at it. */
export class ReceivedPayload {
  readonly #payload: Buffer;
  #text: string | undefined;
  #json: unknown;
  #parsed = false;
  #cigem: CigemMessage | undefined;
  /** Why the name could not be read. */
  problem: string | undefined;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  /** As text, without the white space around it. */
  text(): string {
    this.#text ??= this.#payload.toString("utf8").trim();
    return this.#text;
  }

  /** @throws SyntaxError when it is no JSON. */
  json(): unknown {
    if (!this.#parsed) {
      this.#json = JSON.parse(this.text());
      this.#parsed = true;
    }
    return this.#json;
  }

  /** As a message of 普适型 instruments. @throws CigemError, SyntaxError */
  cigem(): CigemMessage {
    this.#cigem ??= readCigem(this.#payload);
    return this.#cigem;
  }

  /** What the messages of this format are decoded from. @throws CigemError, or SyntaxError when it should be JSON and is not. */
  root(format: MessageDecoder["format"]): unknown {
    if (format === "cigem") return this.cigem();
    return format === "json" ? this.json() : this.text();
  }

  /** Who speaks, where several devices stand under their names. */
  names(): readonly string[] {
    try {
      return Object.keys(this.cigem().devices);
    } catch (error) {
      this.problem = describe(error);
      return [];
    }
  }

  /** Who speaks, where the payload says so. */
  nameAt(path: readonly (string | number)[]): string | undefined {
    try {
      const name = lookup(this.json(), path);
      return typeof name === "boolean" ? undefined : wordOf(name);
    } catch (error) {
      this.problem = describe(error);
      return undefined;
    }
  }
}
