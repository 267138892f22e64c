/** x */
export const DRIVER_WORDS: Readonly<Record<string, string>> = {};
