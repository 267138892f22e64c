/** x */
export const OPTION_WORDS: Readonly<Record<string, string>> = {};
