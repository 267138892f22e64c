import type { IncomingMessage } from "node:http";

/** Bodies this long or shorter are read to their end before a refusal, so that the refusal arrives. */
const DRAINED = 64 * 2 ** 10;

/** What a request's body is, or why it is not taken. */
export type Body =
  | { readonly bytes: Buffer }
  | { readonly refused: "too-large" | "encoded" | "type" }
  /** The caller went away, or took too long. */
  | { readonly refused: "gone" };

const JSON_TYPE = /^(application|text)\/([\w.+-]+\+)?json\b/i;
const TEXT_TYPE = /^text\/plain\b/i;

/** Whether a request says that its body is a plain value. Callers that say nothing send JSON. */
export function isPlain(request: IncomingMessage): boolean {
  return TEXT_TYPE.test(request.headers["content-type"] ?? "");
}

/** Reads a body of at most `most` bytes. Never rejects. */
export function readBody(request: IncomingMessage, most: number): Promise<Body> {
  const type = request.headers["content-type"];
  if (type !== undefined && !JSON_TYPE.test(type) && !TEXT_TYPE.test(type)) return refuse(request, "type");
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") return refuse(request, "encoded");
  if (Number(request.headers["content-length"] ?? 0) > most) return refuse(request, "too-large");
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > most) {
        request.removeAllListeners("data");
        resolve(refuse(request, "too-large"));
      } else chunks.push(chunk);
    });
    request.once("end", () => resolve({ bytes: Buffer.concat(chunks, length) }));
    request.once("close", () => resolve({ refused: "gone" }));
    request.once("error", () => resolve({ refused: "gone" }));
  });
}

function refuse(request: IncomingMessage, refused: "too-large" | "encoded" | "type"): Promise<Body> {
  const announced = Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY);
  if (announced <= DRAINED) request.resume();
  else request.pause();
  return Promise.resolve({ refused });
}
