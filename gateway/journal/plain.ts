import { damaged } from "./bytes.ts";

/*
 * JSON for plain objects whose numbers may be NaN or infinite (an event without a value, a limit that does not apply): such a
 * number is written as an object with the one key below, which nothing of ours uses.
 */
const KEY = "$number";

/** JSON text of plain data; NaN and infinities survive. */
export function stringifyPlain(plain: unknown): string {
  return JSON.stringify(plain, (_key, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? { [KEY]: String(value) } : value,
  );
}

/** What `stringifyPlain` wrote. @throws HostError JOURNAL_DAMAGED when it is no JSON. */
export function parsePlain(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown) =>
      typeof value === "object" && value !== null && KEY in value ? Number(value[KEY]) : value,
    );
  } catch (cause) {
    throw damaged("its text is no JSON", cause);
  }
}
