import { z } from "zod";
import type { Unit } from "../../model/unit.ts";
import type { CompiledCondition, ConditionContext } from "./condition.ts";
import { delayFields, type Graded, type LimitOptions } from "./level.ts";
import { compileAbove } from "./threshold.ts";

/** Boundaries of the evaluation zones, mm/s rms. */
interface Boundaries {
  /** A/B: above it a machine is no longer as good as new. */
  readonly ab: number;
  /** B/C: above it a machine is not fit for continuous operation. */
  readonly bc: number;
  /** C/D: above it damage is to be expected. */
  readonly cd: number;
}

/** Classes of machines and their boundaries (ISO 10816-1:1995 annex B, table B.1). */
const CLASSES = {
  /** Small machines, motors up to 15 kW. */
  I: { ab: 0.71, bc: 1.8, cd: 4.5 },
  /** Medium machines, motors of 15 to 75 kW. */
  II: { ab: 1.12, bc: 2.8, cd: 7.1 },
  /** Large machines on rigid foundations. */
  III: { ab: 1.8, bc: 4.5, cd: 11.2 },
  /** Large machines on soft foundations. */
  IV: { ab: 2.8, bc: 7.1, cd: 18 },
} as const satisfies Record<string, Boundaries>;

const ZONES_UNIT: Unit = "mm/s";
/** Boundaries, by the zone that begins at them and the colour that Tocsin gives it: the standard names zones and no colours. */
const GRADES = [
  { boundary: "ab", zone: "b", severity: "blue" },
  { boundary: "bc", zone: "c", severity: "yellow" },
  { boundary: "cd", zone: "d", severity: "red" },
] as const;

const boundary = (description: string, example: number) =>
  z
    .number()
    .positive()
    .optional()
    .meta({ description, examples: [example] });

/** Raises as the vibration of a machine enters a zone. */
export const machineZonesSchema = z
  .strictObject({
    class: z
      .enum(["I", "II", "III", "IV"])
      .optional()
      .meta({
        description:
          "Class of the machine. I: small, motors up to 15 kW; II: medium, 15 to 75 kW; III: large on rigid foundations; IV: large on soft foundations.",
        examples: ["II"],
      }),
    boundaries: z
      .strictObject({
        ab: boundary("Where zone B begins, mm/s.", 1.12),
        bc: boundary("Where zone C begins, mm/s.", 2.8),
        cd: boundary("Where zone D begins, mm/s.", 7.1),
      })
      .optional()
      .meta({
        description:
          "Boundaries of the site, in mm/s rms (or in the rule's unit), in place of the class's: from the maker, from ISO 20816 for the machine's group, or from its own baseline.",
        examples: [{ bc: 4.5, cd: 7.1 }],
      }),
    attention: z.boolean().default(false).meta({
      description: "Also tell, as blue, when zone B is entered: most machines run there for years.",
    }),
    zones: z
      .strictObject({
        b: z.strictObject(delayFields).optional().meta({ description: "Delays of zone B." }),
        c: z.strictObject(delayFields).optional().meta({ description: "Delays of zone C." }),
        d: z.strictObject(delayFields).optional().meta({ description: "Delays of zone D." }),
      })
      .default({})
      .meta({
        description: "Delays of single zones.",
        examples: [{ d: { onDelay: "2s" } }],
      }),
  })
  .refine((o) => o.class !== undefined || o.boundaries !== undefined, {
    message: "give class, boundaries or both",
  })
  .meta({
    description:
      "Raises as the vibration velocity (rms) of a machine enters a zone of ISO 10816-1: C (not fit for continuous operation) is yellow, D (damage is to be expected) is red. The boundaries are the standard's, the colours are Tocsin's.",
    examples: [{ class: "II" }],
  });
export type MachineZonesOptions = z.output<typeof machineZonesSchema>;

/** Compiles `machineZones`. Reports what cannot work and then gives undefined. */
export function compileMachineZones(
  options: MachineZonesOptions,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel } = context;
  if (channel.quantity !== "vibration_velocity") {
    context.report({
      path: [],
      message: `the zones of ISO 10816-1 are those of a vibration velocity (rms); ${channel.quantity} is none`,
      hint: "narrow `applies` to `quantity: vibration_velocity`",
    });
    return undefined;
  }
  const limits: Partial<Boundaries> = {
    ...(options.class === undefined ? {} : CLASSES[options.class]),
    ...definedOnly(options.boundaries ?? {}),
  };
  const graded: { -readonly [S in keyof Graded<LimitOptions>]: LimitOptions } = {};
  for (const { boundary: at, zone, severity } of GRADES) {
    const limit = limits[at];
    if (limit === undefined || (zone === "b" && !options.attention)) continue;
    graded[severity] = { limit, ...options.zones[zone] };
  }
  if (Object.keys(graded).length === 0) {
    context.report({ path: [], message: "it has no boundary that raises", hint: "give bc, cd or a class" });
    return undefined;
  }
  const named = new Map<string | number, string>(GRADES.map(({ severity, boundary: at }) => [severity, at]));
  const compiled = compileAbove(graded, {
    ...context,
    unit: context.unit ?? ZONES_UNIT,
    report: ({ path, ...problem }) =>
      context.report({ ...problem, path: path.flatMap((key) => ["boundaries", named.get(key) ?? key]) }),
  });
  if (compiled === undefined) return undefined;
  return {
    ...compiled,
    measure: () => ({ of: "machineVibration", window: 0, unit: channel.unit, side: "above" }),
  };
}

function definedOnly(boundaries: NonNullable<MachineZonesOptions["boundaries"]>): Partial<Boundaries> {
  return Object.fromEntries(Object.entries(boundaries).filter(([, limit]) => limit !== undefined));
}
