import { expect, test } from "vitest";
import { compileValue, type Decoded } from "../../drivers/value.ts";
import { REASON } from "../../model/quality.ts";
import { profiles } from "../simulators/play.ts";

/* Events of the GS101: 0 power off, 1 power on, 2 sensor fault, 3 recovered, 4 expiring, 5 expired. */

test.each([
  { event: 0, mains: 1, fault: Number.NaN },
  { event: 1, mains: 0, fault: Number.NaN },
  { event: 2, mains: Number.NaN, fault: 1 },
  { event: 3, mains: Number.NaN, fault: 0 },
  { event: 5, mains: Number.NaN, fault: 1 },
])(
  "event $event: power back is no sensor repaired, and a repaired sensor has no power for it",
  (expected) => {
    const { channels } = profiles.get("milesight-gs101")!.lorawan!.messages[0]!;
    const says = (local: "mains" | "fault") => {
      const out: Decoded = { value: 0, reason: REASON.good };
      compileValue(channels[local]!, { unit: "state" })(expected.event, out);
      return out.value;
    };
    expect({ mains: says("mains"), fault: says("fault") }).toEqual({
      mains: expected.mains,
      fault: expected.fault,
    });
  },
);
