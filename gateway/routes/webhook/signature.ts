import { createHmac } from "node:crypto";
import { type Micros, SECOND } from "../../../model/time.ts";

/** Header that carries the signature: `t=<unix seconds>,v1=<hex>`. */
export const SIGNATURE_HEADER = "tocsin-signature";

/**
 * The value of the header: HMAC-SHA256, keyed with the secret, over the seconds, a full stop and the body as it is sent. The
 * time is under the signature, so that who keeps a request cannot send it again later.
 */
export function signatureOf(secret: string, { body, wall }: { body: string; wall: Micros }): string {
  const seconds = Math.floor(wall / SECOND);
  const mac = createHmac("sha256", secret).update(`${seconds}.`).update(body, "utf8").digest("hex");
  return `t=${seconds},v1=${mac}`;
}
