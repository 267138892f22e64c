import { z } from "zod";

/** How a profile's channels stand in Modbus registers. */
export const modbusSectionSchema = z.strictObject({});
export type ModbusSection = z.output<typeof modbusSectionSchema>;
