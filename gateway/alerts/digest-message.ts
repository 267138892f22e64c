import { z } from "zod";
import { formatInstant, MILLISECOND } from "../../model/time.ts";
import type { Digest } from "../journal/chain.ts";
import { formatSchema, instant } from "./message-schemas.ts";

/** Retained `audit/<date>`: the chain value of the alarm log at the end of a day. */
export const digestMessageSchema = z
  .strictObject({
    format: formatSchema("digest"),
    site: z.string(),
    date: z.iso.date().meta({ description: "The day that had ended, in the site's time zone." }),
    time: instant("When it was made, by the wall clock."),
    position: z.int().min(1).meta({ description: "Position in the chain up to which it speaks." }),
    chain: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .meta({ description: "Chain value there: SHA-256, hexadecimal." }),
    seq: z.int().min(0).meta({ description: "Highest event number of the alarm log then." }),
    trimmed: z
      .int()
      .min(0)
      .meta({ description: "Rows up to this position may have been removed by retention by then." }),
  })
  .meta({
    title: "digest",
    description:
      "The alarm log's chain value at the end of a day. Kept outside, it shows later that the log was not rewritten: `tocsin audit --digest`.",
  });
export type DigestMessage = z.output<typeof digestMessageSchema>;

/** A digest as it is published. */
export function digestMessage(
  { date, at, position, chain, seq, trimmed }: Digest,
  site: string,
): DigestMessage {
  return { format: "tocsin.digest.1", site, date, time: formatInstant(at), position, chain, seq, trimmed };
}

/** The digest in a message as it was published; undefined when it is none. */
export function parseDigestMessage(json: unknown): { site: string; digest: Digest } | undefined {
  const parsed = digestMessageSchema.loose().safeParse(json);
  if (!parsed.success) return undefined;
  const { site, date, time, position, chain, seq, trimmed } = parsed.data;
  return { site, digest: { date, at: Date.parse(time) * MILLISECOND, position, chain, seq, trimmed } };
}
