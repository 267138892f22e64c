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
  const levels: Level[] = [];
  const codes: number[][] = [];
  const seen = new Map<number, string>();
  let sound = true;
  for (const { severity, options } of gradesOf(graded)) {
    const fail = (message: string, hint?: string) => {
      sound = false;
      context.report({ path: [severity], message, ...(hint === undefined ? {} : { hint }) });
    };
    const ofLevel = codesOf(options.state, context, fail) ?? [];
    for (const code of ofLevel) {
      if (seen.has(code)) {
        fail(`the code ${code} is also ${seen.get(code)}`, "give each state one severity");
      } else seen.set(code, severity);
    }
    levels.push(levelOf(severity, options, context));
    codes.push(ofLevel);
  }
  if (!sound) return undefined;
  const condition = new StateCondition(levels, { codes, danger: channel.danger });
  return { levels, create: () => condition };
}

/** Codes of one or several states, given by name or code; undefined when there are no such, which is then told. */
export function codesOf(
  states: string | number | readonly (string | number)[],
  { channel }: ConditionContext,
  fail: (message: string, hint?: string) => void,
): number[] | undefined {
  const names = stateNames(channel);
  const codes: number[] = [];
  let sound = true;
  for (const state of typeof states === "object" ? states : [states]) {
    const code = typeof state === "number" ? state : names.get(state);
    if (code === undefined) {
      sound = false;
      const known = [...names.keys()].join(", ");
      fail(
        `${channel.quantity} has no state named “${state}”`,
        known === "" ? "write the code as a number" : `it has: ${known}`,
      );
    } else if (isDiscrete(channel.quantity) && names.size > 0 && ![...names.values()].includes(code)) {
      sound = false;
      fail(`${channel.quantity} has no state with the code ${code}: it could never raise`);
    } else codes.push(code);
  }
  return sound ? codes : undefined;
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
