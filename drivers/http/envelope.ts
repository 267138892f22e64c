import { NO_TIME } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";
import { compileTime, UNREADABLE_TIME } from "../payload/device-time.ts";
import { lookup, parsePath, wordOf } from "../payload/path.ts";
import type { EnvelopeOptions } from "./options.ts";

/** A request that is not what its source declares; never leaves the driver. */
export class EnvelopeError extends Error {}

/** One message of a request. */
export interface Enclosed {
  /** What the device is called; undefined: the message does not say. */
  readonly device: string | undefined;
  /** What names the message, or "" when nothing does. */
  readonly id: string;
  /** What the profile describes, as it would have come alone. */
  readonly payload: Buffer;
  /** When the platform had it; NO_TIME when it does not say. */
  readonly time: Micros;
  /** Of the platform's own: says nothing of a device. */
  readonly ignored: boolean;
}

/** Takes the messages out of a request. `device`: named by the path. @throws EnvelopeError */
export type Opener = (body: Buffer, request: { device: string | undefined; plain: boolean }) => Enclosed[];

/** Separates the fields of an id: none of them contains it as JSON writes it. */
const ID_SEPARATOR = "\n";

/** Compiles an envelope. `most`: messages in one request. */
export function compileEnvelope(option: EnvelopeOptions, most: number): Opener {
  const messagesPath = parsePath(option.messages);
  const devicePath = option.device === undefined ? undefined : parsePath(option.device);
  const idPaths = option.id.map(parsePath);
  const bodyPaths = option.body.map(parsePath);
  const time = option.time === undefined ? undefined : compileTime(option.time);
  const timePath = option.time === undefined ? [] : parsePath(option.time.path);
  const ignore = option.ignore.map(({ path, equals }) => ({
    path: parsePath(path),
    equals: new Set(equals.map(String)),
  }));
  const whole = messagesPath.length === 0 && bodyPaths[0]!.length === 0 && option.encoding === "json";

  const enclosed = (message: unknown, named: string | undefined, raw: Buffer | undefined): Enclosed => {
    const ids = idPaths.map((path) => lookup(message, path));
    const said = devicePath === undefined ? undefined : lookup(message, devicePath);
    const written = time === undefined ? undefined : lookup(message, timePath);
    const ignored = ignore.some(({ path, equals }) => {
      const word = wordOf(lookup(message, path));
      return word !== undefined && equals.has(word);
    });
    return {
      device: named ?? (isScalar(said) ? String(said) : undefined),
      // An id of which nothing is there names nothing: all such messages would be one.
      id: ids.some(isScalar) ? ids.map((part) => JSON.stringify(part) ?? "").join(ID_SEPARATOR) : "",
      payload: ignored ? EMPTY : (raw ?? payloadOf(message)),
      time:
        time === undefined || written === undefined || written === null
          ? NO_TIME
          : isScalar(written)
            ? time(written)
            : UNREADABLE_TIME,
      ignored,
    };
  };

  const payloadOf = (message: unknown): Buffer => {
    for (const path of bodyPaths) {
      const found = lookup(message, path);
      if (found === undefined || found === null) continue;
      if (typeof found === "string")
        return Buffer.from(found, option.encoding === "json" ? "utf8" : "base64");
      return Buffer.from(JSON.stringify(found));
    }
    return EMPTY;
  };

  return (body, { device, plain }) => {
    if (plain) {
      return [{ device, id: "", payload: body, time: NO_TIME, ignored: false }];
    }
    const messages = unfolded(lookup(parse(body.toString("utf8")), messagesPath));
    if (!Array.isArray(messages)) return [enclosed(messages, device, whole ? body : undefined)];
    if (messages.length > most) {
      throw new EnvelopeError(`${messages.length} messages in one request; at most ${most}`);
    }
    return messages.map((message: unknown) => enclosed(unfolded(message), device, undefined));
  };
}

const EMPTY = Buffer.alloc(0);

/** A text is the JSON of what it stands for. */
function unfolded(node: unknown): unknown {
  const found = typeof node === "string" ? parse(node) : node;
  if (typeof found !== "object" || found === null) {
    throw new EnvelopeError("there is no message where the envelope has it");
  }
  return found;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new EnvelopeError("the request is no JSON", { cause });
  }
}

function isScalar(node: unknown): node is string | number {
  return typeof node === "string" || typeof node === "number";
}
