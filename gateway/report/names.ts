import type { Text } from "../../model/text.ts";
import { BUILT_IN_RULES, isBuiltInRule } from "../../rules/built-in.ts";
import type { Rule } from "../../rules/rule.ts";

/** Name of a rule for people; its id where the configuration no longer has it. */
export type RuleName = (rule: string) => Text;

export function ruleNames(rules: readonly Pick<Rule, "id" | "name">[]): RuleName {
  const names = new Map(rules.map(({ id, name }) => [id, name]));
  return (rule) =>
    names.get(rule) ?? (isBuiltInRule(rule) ? BUILT_IN_RULES[rule].name : { zh: rule, en: rule });
}
