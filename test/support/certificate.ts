import { createSign, generateKeyPairSync } from "node:crypto";

/** A self-signed certificate for 127.0.0.1 and localhost, and its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/*
 * X.509 (RFC 5280) in DER, no more than a test needs: no tool of the machine is asked, and nothing expires in a file.
 */

const TAG = {
  integer: 2,
  bits: 3,
  octets: 4,
  oid: 6,
  utf8: 12,
  sequence: 0x30,
  set: 0x31,
  utcTime: 23,
  boolean: 1,
} as const;
const context = (number: number, constructed = true) => 0x80 | (constructed ? 0x20 : 0) | number;

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const hex = (text: string) => Buffer.from(text, "hex");
/** ecdsa-with-SHA256 (RFC 5758). */
const ECDSA_SHA256 = der(TAG.sequence, der(TAG.oid, hex("2a8648ce3d040302")));
const COMMON_NAME = der(TAG.oid, hex("550403"));
const BASIC_CONSTRAINTS = der(TAG.oid, hex("551d13"));
const ALTERNATIVE_NAMES = der(TAG.oid, hex("551d11"));
const TRUE = der(TAG.boolean, Buffer.from([0xff]));

function utcTime(date: Date): Buffer {
  return der(TAG.utcTime, Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, "")}Z`));
}

const DAY_MS = 86_400_000;

/** Makes one, valid from yesterday to tomorrow. */
export function selfSigned(): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, COMMON_NAME, der(TAG.utf8, Buffer.from("localhost")))),
  );
  const alternatives = der(
    TAG.sequence,
    der(context(2, false), Buffer.from("localhost")),
    der(context(7, false), Buffer.from([127, 0, 0, 1])),
  );
  const extensions = der(
    TAG.sequence,
    der(TAG.sequence, BASIC_CONSTRAINTS, TRUE, der(TAG.octets, der(TAG.sequence, TRUE))),
    der(TAG.sequence, ALTERNATIVE_NAMES, der(TAG.octets, alternatives)),
  );
  const now = Date.now();
  const body = der(
    TAG.sequence,
    der(context(0), der(TAG.integer, Buffer.from([2]))),
    der(TAG.integer, Buffer.from([1])),
    ECDSA_SHA256,
    name,
    der(TAG.sequence, utcTime(new Date(now - DAY_MS)), utcTime(new Date(now + DAY_MS))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(context(3), extensions),
  );
  const signature = createSign("sha256").update(body).sign(privateKey);
  const certificate = der(TAG.sequence, body, ECDSA_SHA256, der(TAG.bits, Buffer.from([0]), signature));
  const base64 = certificate.toString("base64").replaceAll(/(.{64})/g, "$1\n");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
