import type { z } from "zod";
import { accumulationSchema, compileAccumulation } from "./accumulation.ts";
import type { CompiledCondition, ConditionContext } from "./condition.ts";
import { compileExposure, exposureSchema } from "./exposure.ts";
import { compileJump, jumpSchema } from "./jump.ts";
import { compileMachineZones, machineZonesSchema } from "./machine-zones.ts";
import { compileOutOfRange, outOfRangeSchema } from "./out-of-range.ts";
import { compileRate, rateSchema } from "./rate.ts";
import { compileStaLta, staLtaSchema } from "./sta-lta.ts";
import { compileStages, stagesSchema } from "./stages.ts";
import { compileEquals, equalsSchema } from "./state.ts";
import { compileStatistic, statisticSchema } from "./statistic.ts";
import { compileStuck, stuckSchema } from "./stuck.ts";
import { compileTangentAngle, tangentAngleSchema } from "./tangent-angle.ts";
import {
  aboveSchema,
  belowSchema,
  compileAbove,
  compileBelow,
  compileOutside,
  outsideSchema,
} from "./threshold.ts";
import { compileTimeToFailure, timeToFailureSchema } from "./time-to-failure.ts";

interface Kind<Schema extends z.ZodType> {
  readonly schema: Schema;
  compile(options: z.output<Schema>, context: ConditionContext): CompiledCondition | undefined;
}

function kind<Schema extends z.ZodType>(schema: Schema, compile: Kind<Schema>["compile"]): Kind<Schema> {
  return { schema, compile };
}

/** The kinds of condition that look at one channel alone, by their key in a rule. A new kind is added here. */
export const ONE_CHANNEL_KINDS = {
  above: kind(aboveSchema, compileAbove),
  below: kind(belowSchema, compileBelow),
  outside: kind(outsideSchema, compileOutside),
  equals: kind(equalsSchema, compileEquals),
  rate: kind(rateSchema, compileRate),
  window: kind(statisticSchema, compileStatistic),
  exposure: kind(exposureSchema, compileExposure),
  accumulation: kind(accumulationSchema, compileAccumulation),
  stages: kind(stagesSchema, compileStages),
  stuck: kind(stuckSchema, compileStuck),
  jump: kind(jumpSchema, compileJump),
  outOfRange: kind(outOfRangeSchema, compileOutOfRange),
  staLta: kind(staLtaSchema, compileStaLta),
  machineZones: kind(machineZonesSchema, compileMachineZones),
  tangentAngle: kind(tangentAngleSchema, compileTangentAngle),
  timeToFailure: kind(timeToFailureSchema, compileTimeToFailure),
} as const;

export type OneChannelKey = keyof typeof ONE_CHANNEL_KINDS;
export const ONE_CHANNEL_KEYS = Object.keys(ONE_CHANNEL_KINDS) as OneChannelKey[];

/** Options of these kinds, as a rule or a term of a rule has them: at most one is there. */
export type OneChannelOptions = {
  readonly [Key in OneChannelKey]?: z.output<(typeof ONE_CHANNEL_KINDS)[Key]["schema"]> | undefined;
};

/** The schemas of these kinds, each optional, for the shape of a map that may hold one of them. */
export const oneChannelFields = Object.fromEntries(
  ONE_CHANNEL_KEYS.map((key) => [key, ONE_CHANNEL_KINDS[key].schema.optional()]),
) as { readonly [Key in OneChannelKey]: z.ZodOptional<(typeof ONE_CHANNEL_KINDS)[Key]["schema"]> };

/** Compiles whichever of the kinds is given. Reports what cannot work and then, or when none is given, gives undefined. */
export function compileOneChannel(
  options: OneChannelOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const key = ONE_CHANNEL_KEYS.find((candidate) => options[candidate] !== undefined);
  return key === undefined ? undefined : compileKind(ONE_CHANNEL_KINDS, key, { options, context });
}

function compileKind<Key extends OneChannelKey>(
  kinds: { readonly [K in Key]: Kind<z.ZodType> },
  key: Key,
  { options, context }: { options: OneChannelOptions; context: ConditionContext },
): CompiledCondition | undefined {
  return kinds[key].compile(options[key], context);
}
