import { ConfigurationError } from "../../model/error.ts";
import { convertGas } from "../../model/gas.ts";
import { conversion, dimensionOf, type Linear, type Unit } from "../../model/unit.ts";
import type { ConditionContext } from "./condition.ts";

const UNCHANGED: Linear = { scale: 1, offset: 0 };

/** Units that a concentration of gas can be stated in; between these kinds only a named gas converts. */
const GAS_DIMENSIONS: ReadonlySet<string> = new Set(["lel", "fraction", "mass_concentration"]);

/**
 * How a limit in the rule's unit becomes one in the channel's: `limit × scale + offset`; a deadband takes the scale alone.
 * Undefined when it cannot, which is then reported.
 */
export function limitConversion(context: ConditionContext): Linear | undefined {
  const { channel, unit } = context;
  if (unit === undefined || unit === channel.unit) return UNCHANGED;
  try {
    if (dimensionOf(unit) === dimensionOf(channel.unit)) return conversion(unit, channel.unit);
    if (GAS_DIMENSIONS.has(dimensionOf(unit)) && GAS_DIMENSIONS.has(dimensionOf(channel.unit))) {
      return gasConversion(context, unit);
    }
    return conversion(unit, channel.unit);
  } catch (thrown) {
    if (!(thrown instanceof ConfigurationError)) throw thrown;
    context.report({
      path: [],
      message: `the limits are in ${unit}, which does not fit ${channel.quantity} in ${channel.unit}: ${thrown.message}`,
      ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
    });
    return undefined;
  }
}

function gasConversion(context: ConditionContext, unit: Unit): Linear {
  const { channel } = context;
  const stated = context.gas?.gas;
  if (stated !== undefined && channel.gas !== undefined && stated !== channel.gas) {
    throw new ConfigurationError(
      "UNIT_MISMATCH",
      `the rule converts ${stated}, the channel measures ${channel.gas}`,
      { hint: "narrow `applies` to channels of that gas" },
    );
  }
  const gas = stated ?? channel.gas;
  if (gas === undefined) {
    throw new ConfigurationError("UNIT_MISMATCH", "neither the rule nor the channel names the gas", {
      hint: "give `conversion: { gas: … }`, or name the gas at the channel",
    });
  }
  // Concentrations convert in proportion, so one unit tells the factor.
  return {
    scale: convertGas(1, { from: unit, to: channel.unit }, { ...context.gas, gas }),
    offset: 0,
  };
}
