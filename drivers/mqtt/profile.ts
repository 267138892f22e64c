import { z } from "zod";

/** How a profile's channels stand in MQTT payloads. */
export const payloadSectionSchema = z.strictObject({});
export type PayloadSection = z.output<typeof payloadSectionSchema>;
