import { ConfigurationError } from "../../../model/error.ts";

/** People whom one route writes to. More would take minutes. */
const MOST_NUMBERS = 20;
const SHOWN_FRONT = 3;
const SHOWN_BACK = 4;

/**
 * Telephone numbers from secrets; each may hold several, with commas, spaces or line breaks between them.
 * @throws ConfigurationError SECRET_MISSING when there are none, too many, or one is no number. The numbers are in no message.
 */
export function numbersOf(route: string, secrets: readonly string[]): string[] {
  const numbers = secrets
    .flatMap((secret) => secret.split(/[,;\s]+/))
    .map((number) => number.replaceAll(/[-()]/g, ""))
    .filter((number) => number !== "");
  const fail = (words: string, hint: string): never => {
    throw new ConfigurationError("SECRET_MISSING", `route ${route}: ${words}`, { hint });
  };
  const wrong = numbers.findIndex((number) => !/^\+?\d{3,20}$/.test(number));
  if (wrong >= 0)
    fail(`number ${wrong + 1} of \`to\` is no telephone number`, "digits, with + and country code in front");
  if (numbers.length === 0)
    fail("`to` holds no telephone number", "digits, with + and country code in front");
  const own = [...new Set(numbers)];
  if (own.length > MOST_NUMBERS)
    fail(`\`to\` holds ${own.length} numbers`, `at most ${MOST_NUMBERS}: make several routes`);
  return own;
}

/** A number as it may stand in a log: `+86****8000`. */
export function masked(number: string): string {
  if (number.length <= SHOWN_FRONT + SHOWN_BACK) return "****";
  return `${number.slice(0, SHOWN_FRONT)}****${number.slice(-SHOWN_BACK)}`;
}
