import type { Sign } from "./numbers.ts";

/** How one value stands in a report. */
export interface Place {
  readonly bytes: number;
  readonly decimals: number;
  readonly sign: Sign;
}

/** Codes of the control byte whose values are known: what is repeated until the data ends. */
export const LAYOUTS: Readonly<Record<number, readonly Place[]>> = {
  // Rain, mm.
  1: [{ bytes: 3, decimals: 1, sign: "none" }],
  // Level, m.
  2: [{ bytes: 4, decimals: 3, sign: "f" }],
  // Flow, m³/s, and volume, m³.
  3: [
    { bytes: 5, decimals: 3, sign: "bit" },
    { bytes: 5, decimals: 0, sign: "none" },
  ],
  // Velocity, m/s.
  4: [{ bytes: 3, decimals: 3, sign: "bit" }],
};

/** Highest code of the control byte. */
export const CODE_MAX = 15;
