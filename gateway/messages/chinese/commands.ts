/** x */
export const COMMAND_WORDS: Readonly<Record<string, string>> = {};
