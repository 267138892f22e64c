/** The languages people read Tocsin in. Chinese comes first: duty staff read it. */
export const LANGUAGES = ["zh", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

/** The same words in both languages. */
export interface Text {
  readonly zh: string;
  readonly en: string;
}
