import type { Channel } from "../model/site.ts";
import type { Circumstances } from "./circumstance/circumstances.ts";
import { compileGuard, type Guard } from "./circumstance/guard.ts";
import { circumstantial, type Variant } from "./conditions/circumstantial.ts";
import type { CompiledCondition, ConditionContext } from "./conditions/condition.ts";
import { type InsteadOptions, replaced } from "./conditions/instead.ts";
import { compileOneChannel, ONE_CHANNEL_KEYS, type OneChannelOptions } from "./conditions/one-channel.ts";

interface Options extends OneChannelOptions {
  readonly instead?: readonly InsteadOptions[] | undefined;
}

interface InForceContext {
  /** When the rule applies at all. */
  readonly guard: Guard | undefined;
  readonly circumstances: Circumstances;
  /** Of the rule's own condition. */
  readonly context: ConditionContext;
  /** All channels that the condition looks at. */
  readonly channels: readonly Channel[];
}

/**
 * A rule's condition at the times at which it applies, with the limits that are then in force. Reports what cannot work and then
 * gives undefined. A rule that always applies keeps its condition as it is.
 */
export function compileInForce(
  own: CompiledCondition,
  options: Options,
  { guard, circumstances, context, channels }: InForceContext,
): CompiledCondition | undefined {
  const entries = options.instead ?? [];
  if (guard === undefined && entries.length === 0) return own;
  const key = ONE_CHANNEL_KEYS.find((candidate) => options[candidate] !== undefined);
  const variants: Variant[] = [];
  let sound = true;
  const fail = (path: readonly (string | number)[], message: string) => {
    sound = false;
    context.report({ path: ["instead", ...path], message, from: "rule" });
  };
  for (const [i, entry] of entries.entries()) {
    if (key === undefined) {
      fail([i], "a condition on several channels has no limits that could be replaced");
      continue;
    }
    const other = replaced(entry, options, key);
    if ("wrong" in other) {
      fail([i, ...other.path], other.wrong);
      continue;
    }
    const below = (path: readonly (string | number)[]) => ["instead", i, ...path];
    const condition = compileOneChannel(other.options, {
      ...context,
      report: ({ path, ...problem }) =>
        // Of moved limits only the factor stands in the file.
        context.report({
          ...problem,
          path: below(other.path[0] === key ? [key, ...path] : other.path),
          from: "rule",
        }),
    });
    const entryGuard = compileGuard(entry, circumstances, ({ path, ...problem }) =>
      context.report({ ...problem, path: below(path), from: "rule" }),
    );
    if (condition === undefined || entryGuard === undefined) sound = false;
    else variants.push({ guard: entryGuard, condition });
  }
  if (!sound) return undefined;
  variants.push({ guard: undefined, condition: own });
  const keepsState = channels.every(({ report }) => report === "on-change");
  return circumstantial({ guard, variants, keepsState }, (severity) =>
    fail([], `${severity} has other delays here than in the rule's own limits: a level has one delay`),
  );
}
