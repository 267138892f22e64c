import { REASON, type Reason } from "../../model/quality.ts";

/** Values of the property `Quality` (Sparkplug 3.0, 6.4.9.1, tck-id-payloads-propertyset-quality-value-value). */
export const BAD_QUALITY = 0;
export const GOOD_QUALITY = 192;
export const STALE_QUALITY = 500;

/** The two bits of an OPC classic quality, which makers use beside those three, and where they stand. */
const CLASSIC_BITS = 0b1100_0000;
/** An uncertain one; as it stands, OPC classic's "uncertain, non-specific". */
export const CLASSIC_UNCERTAIN = 0b0100_0000;
const CLASSIC_MAX = 255;
/** An OPC UA status code: its two upper bits. */
const UA_SHIFT = 30;
const UA_MIN = 0x1_0000;

/** What a quality means for a value. What nobody explains can raise and clears nothing. */
export function reasonOf(quality: number): Reason {
  if (quality === GOOD_QUALITY) return REASON.good;
  if (quality === BAD_QUALITY) return REASON.bad;
  if (quality === STALE_QUALITY) return REASON.no_communication;
  if (quality > 0 && quality <= CLASSIC_MAX) {
    const bits = quality & CLASSIC_BITS;
    return bits === GOOD_QUALITY ? REASON.good : bits === CLASSIC_UNCERTAIN ? REASON.uncertain : REASON.bad;
  }
  if (quality >= UA_MIN) {
    const severity = quality >>> UA_SHIFT;
    return severity === 0 ? REASON.good : severity === 1 ? REASON.uncertain : REASON.bad;
  }
  return REASON.uncertain;
}
