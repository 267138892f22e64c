import { ConfigurationError } from "../../model/error.ts";
import type { ValueMapping } from "../value.ts";
import { analogType, standardAnalog } from "./analog-types.ts";
import type { ComponentChannel } from "./profile.ts";

/**
 * What the raw number of a kind of analog value means: by the standard's table, unless the profile says otherwise.
 * @throws ConfigurationError PROFILE_INVALID for a kind whose unit nobody says.
 */
export function analogMapping(source: ComponentChannel, analog: number): ValueMapping {
  const standard = standardAnalog(analog);
  const unit = source.unit ?? standard?.unit;
  if (unit === undefined) {
    throw new ConfigurationError(
      "PROFILE_INVALID",
      `the unit of analog ${analog} (${analogType(analog).en}) is not known`,
      {
        hint: "say what one step is: unit: mA, scale: 0.1",
      },
    );
  }
  return {
    unit,
    scale: source.scale ?? standard?.step ?? 1,
    offset: source.offset,
    codes: source.codes,
  };
}
