import { z } from "zod";
import { bytesSchema, durationSchema } from "../../model/schema.ts";
import { DAY, MILLISECOND, MINUTE, SECOND } from "../../model/time.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Refuses sizes that cannot work, in the words of `tocsin check`. */
function sizeSchema(range: { min: number; minText: string }) {
  return bytesSchema.refine((bytes) => bytes >= range.min, { message: `must be at least ${range.minText}` });
}

/** The journal's options in the site file: `journal: …`. Times in µs and sizes in bytes once parsed. */
export const journalOptionsSchema = z
  .strictObject({
    commit: z
      .strictObject({
        acknowledged: durationSchema({ min: "1ms", max: "1s" })
          .default(20 * MILLISECOND)
          .meta({
            description:
              "Readings whose sender waits for the acknowledgement are on disk after this long at the latest. Longer spares flash.",
            examples: ["20ms"],
          }),
        polled: durationSchema({ min: "1ms", max: "1m" })
          .default(2 * SECOND)
          .meta({
            description:
              "Polled readings, for which nobody waits, are on disk after this long at the latest; a power cut loses no more than this. Alarm events never wait.",
            examples: ["2s"],
          }),
      })
      .prefault({})
      .meta({
        description: "How long readings gather before a commit. Every commit writes at least 8 KB of flash.",
      }),
    bound: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(500_000)
      .meta({
        description:
          "Readings that may wait for the disk. Beyond this, readings are evaluated but neither kept nor acknowledged, and counted.",
        examples: [500_000],
      }),
    segment: z
      .strictObject({
        size: sizeSchema({ min: 64 * 1024, minText: "64KiB" })
          .default(8 * MIB)
          .meta({
            description: "A segment file is closed when it holds this much, and rewritten for history.",
            examples: ["8MiB"],
          }),
        age: durationSchema({ min: "1m", max: "30d" })
          .default(DAY)
          .meta({ description: "… or when it is this old.", examples: ["1d"] }),
      })
      .prefault({})
      .meta({ description: "The files that readings are kept in." }),
    retention: z
      .strictObject({
        size: sizeSchema({ min: MIB, minText: "1MiB" })
          .default(8 * GIB)
          .meta({
            description:
              "The oldest readings go when the segments take more than this. Alarm events have their own retention.",
            examples: ["8GiB"],
          }),
        age: durationSchema({ min: "1h", max: "36500d" })
          .default(400 * DAY)
          .meta({ description: "Readings older than this go.", examples: ["400d"] }),
      })
      .prefault({})
      .meta({
        description: "How long readings are kept. What a sink had not delivered by then is counted as lost.",
      }),
    alarmLog: z
      .strictObject({
        size: sizeSchema({ min: MIB, minText: "1MiB" })
          .default(512 * MIB)
          .meta({
            description: "The oldest alarm events go when the alarm log takes more than this.",
            examples: ["512MiB"],
          }),
        age: durationSchema({ min: "1d", max: "36500d" })
          .default(5 * 365 * DAY)
          .meta({ description: "Alarm events older than this go.", examples: ["1825d"] }),
      })
      .prefault({})
      .meta({ description: "How long alarm events are kept; readings never push them out." }),
    checkpoint: durationSchema({ min: "1s", max: "1h" })
      .default(MINUTE)
      .meta({
        description:
          "How often the state of rules and alarms is saved; after a crash what is behind it is evaluated again, some millions of readings a second. Saving stops the main thread for about 3 ms per 1,000 channels.",
        examples: ["1m"],
      }),
  })
  .meta({ description: "The durable record of readings, commands and alarm events in the data folder." });

/** Parsed options of the journal. */
export type JournalOptions = z.output<typeof journalOptionsSchema>;
