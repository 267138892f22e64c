/** x */
export const REPLAY_WORDS: Readonly<Record<string, string>> = {};
