import { createHash } from "node:crypto";
import { equal } from "./credentials.ts";
import { type EnvelopeOptions, envelopeSchema, type Platform, type SourceOptions } from "./options.ts";

/*
 * Envelopes of platforms, written down from memory of their public documents and not tried against the platforms. A site
 * whose platform differs says so with `envelope`.
 */

const PLATFORM_ENVELOPES: Readonly<Record<Platform, EnvelopeOptions>> = {
  none: envelopeSchema.parse({}),
  // China Telecom AEP (CTWing): one message a request; readings under `payload`, alarms under `eventContent`; `timestamp` is the
  // platform's, in milliseconds. upPacketSN and upDataSN are -1 on many products and name nothing.
  aep: envelopeSchema.parse({
    device: "deviceId",
    id: ["deviceId", "messageType", "serviceId", "timestamp"],
    body: ["payload", "eventContent"],
    time: { path: "timestamp", format: "unix-ms" },
    ignore: [{ path: "messageType", equals: ["deviceOnlineOfflineReport", "commandResponse"] }],
  }),
  // China Mobile OneNET: `msg` is an object, an array of them, or their JSON as a text; type 2 is going on and off line, 7 the
  // answer to a command.
  onenet: envelopeSchema.parse({
    messages: "msg",
    device: "dev_id",
    id: ["dev_id", "ds_id", "at"],
    time: { path: "at", format: "unix-ms" },
    ignore: [{ path: "type", equals: [2, 7] }],
  }),
};

/** The envelope of a source: its own, else its platform's. */
export function envelopeOf(source: Pick<SourceOptions, "envelope" | "platform">): EnvelopeOptions {
  return source.envelope ?? PLATFORM_ENVELOPES[source.platform];
}

/** OneNET's signature: Base64 of the MD5 over token, nonce and message. It dates nothing, so it keeps no replay off. */
export function onenetSignature({ nonce, msg }: { nonce: string; msg: string }, token: string): string {
  return createHash("md5").update(`${token}${nonce}${msg}`).digest("base64");
}

/** Whether a request has OneNET's signature. */
export function isOnenetSignature(
  said: { signature: unknown; nonce: unknown; msg: unknown },
  token: string,
): boolean {
  const { signature, nonce, msg } = said;
  if (typeof signature !== "string" || typeof nonce !== "string" || typeof msg !== "string") return false;
  const expected = onenetSignature({ nonce, msg }, token);
  // In an address a + may have become a space.
  return equal(signature.replaceAll(" ", "+"), expected);
}
