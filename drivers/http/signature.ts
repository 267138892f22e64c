import { createHmac } from "node:crypto";

/** What a signature can be made of. */
export interface SignedRequest {
  readonly timestamp: string;
  readonly nonce: string;
  readonly method: string;
  /** With its parameters, as it is sent. */
  readonly path: string;
  readonly body: Buffer | string;
}

/** How a request is signed. */
export interface Signing {
  readonly signed: readonly (keyof SignedRequest)[];
  readonly encoding: "hex" | "base64";
}

/** The signature of a request: HMAC-SHA256 (RFC 2104) of its parts, joined by line feeds. */
export function signatureOf(request: SignedRequest, { signed, encoding }: Signing, key: string): string {
  const hmac = createHmac("sha256", key);
  for (const [index, part] of signed.entries()) {
    if (index > 0) hmac.update("\n");
    hmac.update(request[part]);
  }
  return hmac.digest(encoding);
}
