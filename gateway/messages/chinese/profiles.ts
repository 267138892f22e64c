/** x */
export const PROFILE_WORDS: Readonly<Record<string, string>> = {};
