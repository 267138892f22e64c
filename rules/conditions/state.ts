import { BAD, GOOD, UNCERTAIN } from "../../model/quality.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import type { Channel } from "../../model/site.ts";
import {
  type CompiledCondition,
  type Condition,
  type ConditionContext,
  type Level,
  NO_VERDICT,
  type Sample,
  type Verdict,
  verdict,
} from "./condition.ts";
import { type Graded, gradedSchema, gradesOf, levelOf, type StatesOptions, statesSchema } from "./level.ts";

/** Raises while the channel says one of these states. */
export const equalsSchema = gradedSchema(
  statesSchema,
  "Raises while the channel is in one of these states; clears in any other.",
);

/** Compiles `equals`. Reports unknown states and then gives undefined. */
export function compileEquals(
  graded: Graded<StatesOptions>,
  context: ConditionContext,
): CompiledCondition | undefined {
  const { channel } = context;
  const names = stateNames(channel);
  const levels: Level[] = [];
  const codes: number[][] = [];
  const seen = new Map<number, string>();
  let sound = true;
  const fail = (severity: string, message: string, hint?: string) => {
    sound = false;
    context.report({ path: [severity], message, ...(hint === undefined ? {} : { hint }) });
  };
  for (const { severity, options } of gradesOf(graded)) {
    const written = Array.isArray(options.state) ? options.state : [options.state];
    const ofLevel: number[] = [];
    for (const state of written) {
      const code = typeof state === "number" ? state : names.get(state);
      if (code === undefined) {
        const known = [...names.keys()].join(", ");
        fail(
          severity,
          `${channel.quantity} has no state named “${state}”`,
          known === "" ? "write the code as a number" : `it has: ${known}`,
        );
      } else if (isDiscrete(channel.quantity) && names.size > 0 && ![...names.values()].includes(code)) {
        fail(severity, `${channel.quantity} has no state with the code ${code}: it could never raise`);
      } else if (seen.has(code)) {
        fail(severity, `the state ${state} is also ${seen.get(code)}`, "give each state one severity");
      } else {
        seen.set(code, severity);
        ofLevel.push(code);
      }
    }
    levels.push(levelOf(severity, options, context));
    codes.push(ofLevel);
  }
  if (!sound) return undefined;
  const condition = new StateCondition(levels, { codes, danger: channel.danger });
  return { levels, create: () => condition };
}

/** Codes by name: the channel's own names, else those of its quantity. */
function stateNames(channel: Channel): Map<string, number> {
  if (channel.states !== undefined) {
    return new Map(Object.entries(channel.states).map(([code, name]) => [name, Number(code)]));
  }
  return new Map((quantityRow(channel.quantity).states ?? []).map((name, code) => [name, code]));
}

class StateCondition implements Condition {
  readonly levels: readonly Level[];
  readonly #codes: readonly (readonly number[])[];
  readonly #danger: boolean;
  readonly #all: number;

  constructor(levels: readonly Level[], { codes, danger }: { codes: number[][]; danger: boolean }) {
    this.levels = levels;
    this.#codes = codes;
    this.#danger = danger;
    this.#all = (1 << levels.length) - 1;
  }

  judge(sample: Sample): Verdict {
    const { value, quality } = sample;
    if (!Number.isFinite(value)) return NO_VERDICT;
    let raise = 0;
    for (let i = 0; i < this.#codes.length; i++) {
      if (this.#codes[i]!.includes(value)) raise |= 1 << i;
    }
    if (quality === BAD) {
      // A fire bit beside a fault bit is a fire: what the instrument asserts raises whatever else it says (semantics.md 9).
      return this.#danger && value !== 0 && raise !== 0 ? verdict(raise, 0, UNCERTAIN) : NO_VERDICT;
    }
    return verdict(raise, this.#all & ~raise, quality === GOOD ? GOOD : UNCERTAIN);
  }

  limit(): number {
    return Number.NaN;
  }
}
