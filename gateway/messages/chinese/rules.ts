/** x */
export const RULE_WORDS: Readonly<Record<string, string>> = {};
