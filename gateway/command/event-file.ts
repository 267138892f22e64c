import { closeSync, openSync, writeSync } from "node:fs";
import { describe, HostError } from "../../model/error.ts";
import type { AlarmEvent } from "../../rules/event.ts";

/** Characters that gather before they are written. */
const EVENT_BUFFER = 1 << 16;

/** Events as lines of JSON, written as they come: a replay does not wait. */
export class EventFile {
  readonly #file: number;
  #text = "";

  /** @throws HostError JOURNAL_UNAVAILABLE when the file cannot be written */
  constructor(path: string) {
    try {
      this.#file = openSync(path, "w");
    } catch (cause) {
      throw new HostError("JOURNAL_UNAVAILABLE", `cannot write ${path}: ${describe(cause)}`, { cause });
    }
  }

  write(event: AlarmEvent): void {
    this.#text += `${JSON.stringify(event)}\n`;
    if (this.#text.length < EVENT_BUFFER) return;
    writeSync(this.#file, this.#text);
    this.#text = "";
  }

  close(): void {
    writeSync(this.#file, this.#text);
    closeSync(this.#file);
  }
}
