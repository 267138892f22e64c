import { describe } from "../../model/error.ts";
import { type CigemMessage, readCigem } from "./cigem.ts";
import { type EntryPaths, entriesOf, type NamedEntries } from "./entries.ts";
import type { MessageDecoder } from "./message.ts";
import { lookup, wordOf } from "./path.ts";
import { isKeyTwice, saidBefore } from "./said-twice.ts";

/** A payload that is parsed once, however many devices and messages look at it. */
export class ReceivedPayload {
  readonly #payload: Buffer;
  #text: string | undefined;
  #json: unknown;
  #parsed = false;
  #cigem: CigemMessage | undefined;
  #entries: { readonly key: string; readonly found: NamedEntries } | undefined;
  #before: readonly ReceivedPayload[] | undefined;
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

  /**
   * The same with the first of equal keys in place of the last, and so on, where a key stands twice or more; none: no key does. What all
   * of them say of a device is to be taken.
   * @throws SyntaxError when it is no JSON, RangeError when it is too deep to tell, PayloadError when there are too many.
   */
  asSaidBefore(): readonly ReceivedPayload[] {
    this.#before ??= isKeyTwice(this.text(), this.json())
      ? saidBefore(this.text()).map((json) => ReceivedPayload.#of(this.#payload, json))
      : [];
    return this.#before;
  }

  static #of(payload: Buffer, json: unknown): ReceivedPayload {
    const received = new ReceivedPayload(payload);
    received.#json = json;
    received.#parsed = true;
    received.#before = [];
    return received;
  }

  /** As a message of 普适型 instruments. @throws CigemError, SyntaxError */
  cigem(): CigemMessage {
    this.#cigem ??= readCigem(this.#payload);
    return this.#cigem;
  }

  /** As the entries of several devices. @throws SyntaxError, or PayloadError when they are no array or too many. */
  entries(paths: EntryPaths): NamedEntries {
    if (this.#entries?.key !== paths.key) {
      this.#entries = { key: paths.key, found: entriesOf(this.json(), paths) };
    }
    return this.#entries.found;
  }

  /** What a message is decoded from. @throws CigemError, PayloadError, or SyntaxError when it should be JSON and is not. */
  root({ format, entries }: Pick<MessageDecoder, "format" | "entries">): unknown {
    if (entries !== undefined) return this.entries(entries);
    if (format === "cigem") return this.cigem();
    return format === "json" ? this.json() : this.text();
  }

  /** Who speaks, where several devices do: each in its entry, or (without `entries`) under its name. */
  names(entries: EntryPaths | undefined): readonly string[] {
    const names = new Set<string>();
    // What one of the things that it says has no entries takes nothing from the others.
    for (const said of this.#allSaid()) {
      try {
        const found =
          entries === undefined ? Object.keys(said.cigem().devices) : said.entries(entries).byName.keys();
        for (const name of found) names.add(name);
      } catch (error) {
        this.problem = describe(error);
      }
    }
    return [...names];
  }

  /** Entries that name no device. */
  unnamed(entries: EntryPaths): number {
    try {
      return this.entries(entries).unnamed;
    } catch {
      // `names` has told why.
      return 0;
    }
  }

  #allSaid(): readonly ReceivedPayload[] {
    try {
      return [this, ...this.asSaidBefore()];
    } catch {
      return [this];
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
