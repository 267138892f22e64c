import { randomUUID } from "node:crypto";
import { DEVICE_SEGMENT, type SourceOptions, sourcePath } from "../drivers/http/options.ts";
import { envelopeOf, onenetSignature } from "../drivers/http/platforms.ts";
import { signatureOf } from "../drivers/http/signature.ts";
import { parsePath } from "../drivers/payload/path.ts";
import { type Micros, SECOND } from "../model/time.ts";
import { type Json, putAt } from "./json-path.ts";
import { timeField } from "./payload.ts";

/** A source of pushes with its id and its secrets read. */
export interface PushingSource {
  readonly id: string;
  readonly options: SourceOptions;
  /** Reads a secret named `env:NAME` or `file:PATH`. */
  readonly secret: (reference: string) => string;
}

/** One message of a device, as its platform has it. */
export interface PlatformMessage {
  readonly device: string;
  /** Names it: the same however often it is sent. */
  readonly id: string;
  /** JSON of what the profile describes. */
  readonly payload: string;
  /** When the platform had it. */
  readonly time: Micros;
}

/** A request to be sent. */
export interface PushRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The other way of drivers/http/envelope.ts: a message in the envelope of its source. */
export function wrap({ options }: PushingSource, message: PlatformMessage): Json {
  const envelope = envelopeOf(options);
  const body = JSON.parse(message.payload) as Json;
  const [bodyPath = ""] = envelope.body;
  const written = envelope.encoding === "base64" ? Buffer.from(message.payload).toString("base64") : body;
  let root: Json = putAt({}, parsePath(bodyPath), written);
  // All fields that name a message say the same, but for those that have a meaning of their own.
  for (const path of envelope.id) root = putAt(root, parsePath(path), message.id);
  if (envelope.device !== undefined) root = putAt(root, parsePath(envelope.device), message.device);
  if (envelope.time !== undefined) {
    root = putAt(root, parsePath(envelope.time.path), timeField(envelope.time, message.time));
  }
  return putAt({}, parsePath(envelope.messages), root);
}

/**
 * The request of a message: with its token or a fresh signature, as its source has it. `forged`: made by
 * who does not know the secret. `spoilt`: what becomes of the body before it is signed.
 */
export function requestOf(
  source: PushingSource,
  message: PlatformMessage,
  { wall, forged, spoilt }: { wall: Micros; forged: boolean; spoilt: (body: string) => string },
): PushRequest {
  const { id, options, secret } = source;
  const { token, hmac, check } = options;
  const known = (reference: string) => (forged ? "guessed" : secret(reference));
  let path = sourcePath(id, options).replace(DEVICE_SEGMENT, encodeURIComponent(message.device));
  let wrapped = wrap(source, message);
  const headers: Record<string, string> = { "content-type": "application/json" };
  const nonce = randomUUID();
  if (check !== undefined) {
    const msg = JSON.stringify((wrapped as { msg?: Json }).msg);
    wrapped = { msg, nonce, signature: onenetSignature({ nonce, msg }, known(check)) };
  }
  const body = spoilt(JSON.stringify(wrapped));
  if (token !== undefined) {
    const said = known(token.secret);
    if (token.query !== undefined) path += `?${token.query}=${encodeURIComponent(said)}`;
    else if (token.header !== undefined) headers[token.header] = said;
    else headers.authorization = `Bearer ${said}`;
  }
  if (hmac !== undefined) {
    const timestamp = String(Math.floor(wall / SECOND));
    const signature = signatureOf({ timestamp, nonce, method: "POST", path, body }, hmac, known(hmac.secret));
    Object.assign(headers, { [hmac.timestamp]: timestamp, [hmac.nonce]: nonce, [hmac.signature]: signature });
  }
  return { path, headers, body };
}
